"""Figures of tickets, counted by both databases; drafts of tickets."""

from datetime import timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.db.ticket_statistics import Count, Times
from bot.models import TicketCategory, TicketEvent
from tests.db.support import GUILD, MEMBER, NOW, later, see_guild, ticket, ticket_draft, ticket_message


@pytest.fixture
async def database(database: Database) -> Database:
    """With a server that has tickets in every state, and another server."""
    await see_guild(database)
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD + 1, "Other", NOW)
        [billing] = await tx.ticket_settings.set_categories(
            GUILD, [TicketCategory(guild_id=GUILD, name="Billing")]
        )
        rows: list[dict[str, Any]] = [
            {"opened_at": NOW - timedelta(days=9), "state": "closed", "rating": 1, "rated_at": NOW},
            {"category_id": billing.id, "claimed_by": 7, "state": "resolved", "resolved_at": later(60),
             "first_response_at": later(5), "first_response_by": "training", "rating": 5, "rated_at": NOW},
            {"claimed_by": 7, "state": "closed", "resolved_at": later(70), "closed_at": later(90),
             "first_response_at": later(9), "first_response_by": "staff", "rating": 4, "rated_at": NOW},
            {"claimed_by": 8, "state": "closed", "closed_at": later(80)},
            {"state": "waiting_staff", "resolved_at": later(3)},
            {"state": "closed", "closed_at": later(1), "thread_id": None},
            {"guild_id": GUILD + 1, "claimed_by": 7},
        ]  # fmt: skip
        for number, row in enumerate(rows, 1):
            made = await tx.tickets.add(ticket(number, **row))
            assert made is not None
            if number == 3:
                for message in range(3):
                    await tx.ticket_messages.add(
                        ticket_message(made.id, message, role="staff", author_id=7, created_at=later(message))
                    )
                await tx.ticket_messages.add(ticket_message(made.id, 9))
            if number == 6:
                await tx.tickets.note(TicketEvent(ticket_id=made.id, kind="not_opened", at=NOW))
    return database


async def test_tickets_are_counted_in_all_by_category_holder_and_first_answer(database: Database) -> None:
    async with database.reading() as tx:
        counts = tx.ticket_statistics
        assert await counts.total(GUILD, NOW) == Count(4, 3, 4.5)
        by_category = await counts.by_category(GUILD, NOW)
        assert sorted(by_category.values()) == [Count(1, 1, 5.0), Count(3, 2, 4.0)]
        assert await counts.by_holder(GUILD, NOW) == {7: Count(2, 2, 4.5), 8: Count(1, 1, None)}
        assert await counts.answered_by(GUILD, NOW) == {"training": 1, "staff": 1, None: 2}
        assert await counts.living(GUILD) == {"resolved": 1, "waiting_staff": 1}
        assert await counts.ratings(GUILD, NOW) == {1: 1, 4: 1, 5: 1}
        assert await counts.written_by(GUILD, later(1), "staff") == {7: 2}


async def test_times_are_those_of_tickets_as_they_stand(database: Database) -> None:
    async with database.reading() as tx:
        found = await tx.ticket_statistics.times(GUILD, NOW, 9)
        assert await tx.ticket_statistics.times(GUILD, NOW, 1) == found[:1]
    assert [each.solved_at for each in found] == [None, later(80), later(70), later(60)]  # open again: none
    assert found[2] == Times(NOW, later(9), later(70), None, 7)


async def test_a_server_without_tickets_has_no_figures(database: Database) -> None:
    async with database.reading() as tx:
        assert await tx.ticket_statistics.total(GUILD + 2, NOW) == Count(0, 0, None)


async def test_a_member_has_one_draft_and_old_ones_go(database: Database) -> None:
    async with database.transaction() as tx:
        drafts = tx.ticket_drafts
        for number, who, seconds in ((1, 0, 0), (1, 0, 0), (2, 0, 1), (3, 1, 2)):
            draft = ticket_draft(number, opener_id=MEMBER + who, created_at=later(seconds))
            await drafts.keep(draft, later(-60), 2)
        assert await drafts.get("form:1") is None  # a member's older one
        assert await drafts.get("form:2") is not None
        await drafts.keep(ticket_draft(4, opener_id=MEMBER + 2, created_at=later(3)), later(-60), 2)
        assert await drafts.get("form:2") is None  # the oldest of too many
        await drafts.keep(ticket_draft(5, opener_id=MEMBER + 3, created_at=later(90)), later(3), 9)
        assert await drafts.get("form:3") is None  # too old
        assert await drafts.get("form:4") is not None
        await drafts.drop("form:4")
        assert await drafts.get("form:4") is None
