"""Priority, reopening and coming back, with a stand-in for Discord."""

import pytest

from bot.domain.errors import UserFacingError
from bot.domain.tickets import Priority
from tests.services.tickets.conftest import ALICE, BOB, GUILD, SAM, Office
from tests.services.tickets.test_life import Recording


class TestPriority:
    async def test_staff_change_it_and_discord_shows_that(self, office: Office) -> None:
        ticket = await office.open()
        changed = await office.service.life.set_priority(ticket, SAM, Priority.URGENT)
        assert changed.priority == Priority.URGENT
        assert office.desk.shown == [(ticket.id, "open")]
        event = (await office.events(ticket))[-1]
        assert (event.kind, event.actor_id, event.detail) == (
            "priority", SAM, {"from": "normal", "to": "urgent"},
        )  # fmt: skip

    async def test_the_same_one_changes_nothing(self, office: Office) -> None:
        ticket = await office.open()
        with pytest.raises(UserFacingError, match="normal already"):
            await office.service.life.set_priority(ticket, SAM, Priority.NORMAL)
        assert office.desk.shown == []

    async def test_a_closed_ticket_keeps_its_own(self, office: Office) -> None:
        ticket = await office.service.life.close(await office.open(), SAM, "")
        with pytest.raises(UserFacingError, match="closed"):
            await office.service.life.set_priority(ticket, SAM, Priority.HIGH)
        assert (await office.now(ticket)).priority == Priority.NORMAL


class TestReopening:
    async def test_its_member_is_answered_again_as_in_a_new_one(self, office: Office) -> None:
        responder = Recording()
        office.service.answer_with(responder)
        ticket = await office.say(await office.open(), SAM, "Try two.", "staff")
        async with office.database.transaction() as tx:
            left = {"handed_over_at": office.clock.now(), "queue_message_id": 8_000}
            await tx.tickets.set_quietly(ticket.id, left)
        await office.service.life.close(await office.now(ticket), SAM, "")
        await office.service.life.reopen(await office.now(ticket), ALICE)
        after = await office.say(ticket, ALICE, "It fails again.")
        assert (after.bot_muted, after.handed_over_at, after.queue_message_id) == (False, None, None)
        assert responder.heard[-1] == "It fails again."

    async def test_staff_who_reopen_it_speak_there_themselves(self, office: Office) -> None:
        ticket = await office.waiting_for_member()
        await office.service.life.close(ticket, SAM, "")
        assert (await office.service.life.reopen(await office.now(ticket), SAM)).bot_muted

    async def test_a_member_has_no_more_open_tickets_by_reopening(self, office: Office) -> None:
        life = office.service.life
        await office.service.settings.change(GUILD, max_open=1)
        first = await life.close(await office.open(1), SAM, "")
        await office.open(2, opener_id=BOB)
        await life.reopen(first, ALICE, limited=True)
        first = await life.close(await office.now(first), SAM, "")
        await office.open(3)
        with pytest.raises(UserFacingError, match="Close one first"):
            await life.reopen(first, ALICE, limited=True)
        assert (await life.reopen(first, SAM, limited=True)).state == "open"  # staff may


class TestComingBack:
    @pytest.mark.parametrize("state", ["open", "waiting_staff"])
    async def test_who_writes_is_there_again(self, office: Office, state: str) -> None:
        ticket = await office.open()
        async with office.database.transaction() as tx:
            await tx.tickets.change(ticket.id, {"state": state})
        await office.service.life.member_left(GUILD, ALICE)
        office.desk.shown.clear()
        after = await office.say(ticket, BOB, "Where are they?")
        assert after.member_left
        after = await office.say(ticket, ALICE, "Back again.")
        assert not after.member_left
        assert office.desk.shown == [(ticket.id, "waiting_staff")]
        await office.say(ticket, ALICE, "And?")
        assert len(office.desk.shown) == 1
