"""How long each kind of data stays."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.models import TicketEvent
from bot.services.retention import RetentionService
from bot.settings import RetentionSettings
from tests.db.support import (
    GUILD,
    NOW,
    action,
    feedback,
    question,
    see_guild,
    signal_row,
    store,
    stored,
    ticket,
    ticket_draft,
    ticket_message,
)
from tests.fakes import FakeClock


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
async def kept(database: Database) -> Database:
    await see_guild(database)
    return database


def retention(database: Database, **settings: Any) -> RetentionService:
    return RetentionService(database, FakeClock(), RetentionSettings(**settings))


async def test_a_conversation_goes_with_its_time_and_its_number_stays(kept: Database) -> None:
    async with kept.transaction() as tx:
        for number, state, closed_at in ((1, "closed", ago(91)), (2, "closed", ago(89)), (3, "open", None)):
            opened = ticket(
                number, state=state, closed_at=closed_at, opened_at=ago(200), summary="it was solved"
            )
            made = await tx.tickets.add(opened)
            assert made is not None
            await tx.ticket_messages.add(ticket_message(made.id, number, created_at=ago(200)))
            await tx.tickets.note(
                TicketEvent(ticket_id=made.id, kind="note", actor_id=5, detail={"text": "x"}, at=NOW)
            )
            await tx.questions.begin(
                question(number, ticket_id=made.id, asked_at=ago(200), finished_at=ago(200))
            )
    await retention(kept).purge()
    await retention(kept).purge()
    async with kept.reading() as tx:
        found = [await tx.tickets.by_number(GUILD, number) for number in (1, 2, 3)]
        told = [(each.opener_id != 0, each.question != "", each.summary) for each in found if each]
        said = [len(await tx.ticket_messages.list_of(each.id)) for each in found if each]
        events = [len(await tx.tickets.events(each.id)) for each in found if each]
        asked = [len(await tx.questions.of_ticket(each.id)) for each in found if each]
    assert told == [(False, False, None), (True, True, "it was solved"), (True, True, "it was solved")]
    assert said == events == asked == [0, 1, 1]


async def test_what_was_thought_of_a_message_goes_before_it_where_that_is_wanted(kept: Database) -> None:
    judged: dict[str, Any] = {"intent": "help_request", "rationale": "asks how", "confidence": 0.9}
    await store(
        kept, *(signal_row(number, created_at=ago(days), **judged) for number, days in ((0, 9), (1, 7)))
    )
    async with kept.transaction() as tx:
        for number, days in ((0, 9), (1, 7)):
            await tx.feedback.put(feedback(number, created_at=ago(days)))
            asked = question(
                number, signal_id=f"discord:{signal_row(number)['message_id']}", asked_at=ago(days)
            )
            asked.finished_at = NOW
            await tx.questions.begin(asked)
    await retention(kept, intents_days=8).purge()
    old, new = await stored(kept, 0), await stored(kept, 1)
    assert (old.intent, old.rationale, old.confidence, old.content) == ("other", "", 0.0, "text 0")
    assert (new.intent, new.rationale) == ("help_request", "asks how")
    async with kept.reading() as tx:
        assert len(await tx.feedback.list_of(GUILD)) == 1


async def test_what_the_bot_said_is_told_no_longer_than_what_it_answers(kept: Database) -> None:
    async with kept.transaction() as tx:
        for number, days in ((0, 31), (1, 28), (2, 31)):
            status = "pending" if number == 2 else "sent"
            await tx.actions.begin(action(number, created_at=ago(days), status=status))
    await retention(kept).purge()
    async with kept.reading() as tx:
        said = [(await tx.actions.list_for(action(number).signal_id))[0].content for number in (0, 1, 2)]
    assert said == ["", "What did you try?", "What did you try?"]


@pytest.mark.parametrize(("days", "left"), [(0.9, 1), (1.1, 0)], ids=["a day", "more"])
async def test_drafts_go_after_a_day(kept: Database, days: float, left: int) -> None:
    async with kept.transaction() as tx:
        await tx.ticket_drafts.keep(ticket_draft(created_at=ago(days)), ago(9), 5)
    await retention(kept).purge()
    async with kept.reading() as tx:
        assert (await tx.ticket_drafts.get("form:0") is not None) == bool(left)
