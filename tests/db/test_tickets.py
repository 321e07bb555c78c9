"""Tickets at rest: one for one wish, moves that only one of two makes, timers, and what was said."""

import asyncio

import pytest

from bot.db.database import Database
from bot.db.tickets import TicketFilter
from bot.models import Ticket, TicketCategory
from tests.db.support import GUILD, MEMBER, MESSAGE, NOW, later, see_guild, ticket, ticket_message


@pytest.fixture
async def database(database: Database) -> Database:
    """With a server that has set up tickets."""
    await see_guild(database)
    async with database.transaction() as tx:
        await tx.ticket_settings.change(GUILD, {})
    return database


async def opened(database: Database, number: int = 1, **values: object) -> Ticket:
    async with database.transaction() as tx:
        made = await tx.tickets.add(ticket(number, **values))
    assert made is not None
    return made


async def test_numbers_are_counted_for_each_server(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD + 1, "Other", NOW)
        await tx.ticket_settings.change(GUILD + 1, {})
        assert [await tx.tickets.next_number(GUILD) for _ in range(2)] == [1, 2]
        assert await tx.tickets.next_number(GUILD + 1) == 1


async def test_a_key_opens_one_ticket(database: Database) -> None:
    first = await opened(database)
    async with database.transaction() as tx:
        assert await tx.tickets.add(ticket(2, key=first.key)) is None
        found = await tx.tickets.by_key(first.key)
    assert found == first


async def test_of_many_changes_as_bot_that_mute_it_one_is_made(database: Database) -> None:
    made = await opened(database)

    async def mute() -> Ticket | None:
        async with database.transaction() as tx:
            return await tx.tickets.change_as_bot(made.id, {"bot_muted": True})

    results = await asyncio.gather(*(mute() for _ in range(8)))
    assert len([each for each in results if each is not None]) == 1


async def test_the_bot_changes_no_closed_ticket(database: Database) -> None:
    made = await opened(database, state="closed")
    async with database.transaction() as tx:
        assert await tx.tickets.change_as_bot(made.id, {"bot_muted": True}) is None


async def test_one_of_two_claims_wins(database: Database) -> None:
    made = await opened(database)

    async def claim(user_id: int) -> Ticket | None:
        async with database.transaction() as tx:
            return await tx.tickets.claim(made.id, None, user_id)

    results = await asyncio.gather(claim(7), claim(8))
    [winner] = [each for each in results if each is not None]
    async with database.reading() as tx:
        now = await tx.tickets.get(made.id)
    assert now is not None
    assert now.claimed_by == winner.claimed_by
    assert now.version == made.version + 1


async def test_only_its_holder_hands_a_ticket_on_and_only_while_it_lives(database: Database) -> None:
    made = await opened(database, claimed_by=7)
    async with database.transaction() as tx:
        assert await tx.tickets.claim(made.id, 8, 9) is None
        assert await tx.tickets.claim(made.id, 7, 9) is not None
        await tx.tickets.change(made.id, {"state": "closed"})
        assert await tx.tickets.claim(made.id, 9, 7) is None


async def test_a_move_is_made_from_the_states_it_may_come_from(database: Database) -> None:
    made = await opened(database)
    async with database.transaction() as tx:
        assert await tx.tickets.change(made.id, {"state": "open"}, states=("closed",)) is None
        moved = await tx.tickets.change(made.id, {"state": "closed"}, states=("open",))
    assert moved is not None
    assert (moved.state, moved.version) == ("closed", 2)


async def test_what_discord_does_not_show_yet_is_found_until_it_is(database: Database) -> None:
    made = await opened(database)
    async with database.transaction() as tx:
        assert [each.id for each in await tx.tickets.unshown(0, 5)] == [made.id]
        await tx.tickets.change(made.id, {"priority": "high"})
        await tx.tickets.shown(made.id, 1)
        assert [each.id for each in await tx.tickets.unshown(0, 5)] == [made.id]
        await tx.tickets.shown(made.id, 2)
        await tx.tickets.shown(made.id, 1)  # somebody slower
        assert await tx.tickets.unshown(0, 5) == []


async def test_what_is_due_comes_page_by_page_and_not_of_servers_that_were_left(database: Database) -> None:
    made = [await opened(database, number, remind_at=NOW) for number in (1, 2, 3)]
    async with database.transaction() as tx:
        assert [each.number for each in await tx.tickets.due(NOW, 0, 2)] == [1, 2]
        assert [each.number for each in await tx.tickets.due(NOW, made[1].id, 2)] == [3]
        assert [each.number for each in await tx.tickets.unshown(made[0].id, 5)] == [2, 3]
        await tx.guilds.change(GUILD, {"left_at": NOW})
        assert await tx.tickets.due(NOW, 0, 5) == await tx.tickets.unshown(0, 5) == []


async def test_a_timer_is_taken_once(database: Database) -> None:
    made = await opened(database, state="waiting_member", remind_at=NOW, close_at=later(60))
    await opened(database, 2, state="closed", close_at=NOW)
    await opened(database, 3, state="waiting_member", remind_at=later(1))
    async with database.transaction() as tx:
        assert [each.id for each in await tx.tickets.due(NOW, 0, 5)] == [made.id]
        assert await tx.tickets.take_timer(made, {"remind_at": None})
        assert not await tx.tickets.take_timer(made, {"remind_at": None})


async def test_a_members_tickets_are_counted_and_the_newest_known(database: Database) -> None:
    await opened(database, 1, opened_at=NOW)
    await opened(database, 2, opened_at=later(5), state="closed")
    await opened(database, 3, opener_id=MEMBER + 1, opened_at=later(9))
    async with database.reading() as tx:
        assert await tx.tickets.of_member(GUILD, MEMBER) == (1, later(5))
        assert await tx.tickets.of_member(GUILD, MEMBER + 2) == (0, None)


async def test_tickets_are_listed_by_state_holder_category_and_opener(database: Database) -> None:
    async with database.transaction() as tx:
        [billing] = await tx.ticket_settings.set_categories(
            GUILD, [TicketCategory(guild_id=GUILD, name="Billing")]
        )
    await opened(database, 1, claimed_by=7)
    await opened(database, 2, category_id=billing.id)
    await opened(database, 3, state="closed", opener_id=MEMBER + 1)

    async def listed(offset: int = 0, limit: int = 5, **wanted: object) -> tuple[list[int], int]:
        async with database.reading() as tx:
            found, total = await tx.tickets.page(GUILD, TicketFilter(**wanted), offset, limit)  # type: ignore[arg-type]
        return [each.number for each in found], total

    assert await listed() == ([2, 1], 2)
    assert await listed(offset=1, limit=1) == ([1], 2)
    assert await listed(state="closed") == ([3], 1)
    assert await listed(claimed_by=7) == ([1], 1)
    assert await listed(category_id=billing.id) == ([2], 1)
    assert await listed(opener_id=MEMBER + 1) == ([], 0)


async def test_categories_keep_their_rows_and_a_removed_one_leaves_its_tickets(database: Database) -> None:
    def named(*names: str) -> list[TicketCategory]:
        return [TicketCategory(guild_id=GUILD, name=name, description=f"about {name}") for name in names]

    async with database.transaction() as tx:
        first = {
            each.name: each.id for each in await tx.ticket_settings.set_categories(GUILD, named("A", "B"))
        }
    made = await opened(database, category_id=first["A"])
    async with database.transaction() as tx:
        after = await tx.ticket_settings.set_categories(GUILD, named("C", "B"))
        assert [(each.name, each.position) for each in after] == [("C", 0), ("B", 1)]
        assert after[1].id == first["B"]
    async with database.reading() as tx:
        left = await tx.tickets.get(made.id)
    assert left is not None
    assert left.category_id is None


async def test_what_was_said_is_kept_once_edited_and_erased(database: Database) -> None:
    made = await opened(database)
    async with database.transaction() as tx:
        assert await tx.ticket_messages.add(ticket_message(made.id, 1))
        assert not await tx.ticket_messages.add(ticket_message(made.id, 1, content="again"))
        await tx.ticket_messages.add(ticket_message(made.id, 2))
        assert await tx.ticket_messages.edit(MESSAGE + 1, "better", later(3))
        await tx.ticket_messages.erase(made.id, [MESSAGE + 2, MESSAGE + 3], later(4))
        assert not await tx.ticket_messages.edit(MESSAGE + 2, "back", later(5))
        assert not await tx.ticket_messages.add(ticket_message(made.id, 3))  # comes after its deletion
        assert await tx.ticket_messages.newest(made.id) == MESSAGE + 3
        assert [each.content for each in await tx.ticket_messages.list_of(made.id)] == ["better"]
        await tx.ticket_messages.erase_all(made.id, later(6))
        assert await tx.ticket_messages.list_of(made.id) == []


async def test_the_newest_of_a_long_talk_come_in_their_order(database: Database) -> None:
    made = await opened(database)
    async with database.transaction() as tx:
        for number in range(4):
            await tx.ticket_messages.add(ticket_message(made.id, number))
        assert [each.content for each in await tx.ticket_messages.list_of(made.id, 2)] == ["text 2", "text 3"]
