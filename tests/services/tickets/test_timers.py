"""Reminders that can't be said, or come while their member writes."""

import pytest

from bot.models import Ticket
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError
from tests.services.tickets.conftest import ALICE, Office

DAY = 24 * 3_600


@pytest.mark.parametrize(
    "error", [NotPermittedError("Send Messages in Threads"), RefusedError("no")], ids=["forbidden", "refused"]
)
async def test_a_reminder_that_may_not_be_said_does_not_keep_a_ticket_open(
    office: Office, error: ToolError, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    async def refused(_ticket: Ticket, text: str, *_rest: object) -> None:
        tries.append(text)
        raise error

    ticket = await office.waiting_for_member()
    monkeypatch.setattr(office.desk, "say", refused)
    office.clock.advance(DAY)
    for _ in range(3):
        await office.service.timers.tick()
    assert len(tries) == 1
    assert "not_reminded" in [each.kind for each in await office.events(ticket)]
    office.clock.advance(2 * DAY)
    await office.service.timers.tick()
    after = await office.now(ticket)
    assert (after.state, after.close_reason) == ("closed", "no answer")


async def test_a_reminder_finds_out_that_the_thread_is_gone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_args: object) -> None:
        raise TargetGoneError("gone")

    ticket = await office.waiting_for_member()
    monkeypatch.setattr(office.desk, "say", gone)
    office.clock.advance(DAY)
    await office.service.timers.tick()
    after = await office.now(ticket)
    assert (after.state, after.thread_id, await office.texts(ticket)) == ("closed", None, [])


async def test_who_writes_while_being_reminded_starts_no_timer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answered(ticket: Ticket, *_rest: object) -> None:
        await office.say(ticket, ALICE, "Two.")

    ticket = await office.waiting_for_member()
    monkeypatch.setattr(office.desk, "say", answered)
    office.clock.advance(DAY)
    await office.service.timers.tick()
    after = await office.now(ticket)
    assert (after.state, after.remind_at, after.close_at) == ("waiting_staff", None, None)
    assert "reminded" not in [each.kind for each in await office.events(ticket)]
