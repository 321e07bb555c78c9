"""Deliveries at rest: each is begun once, and what is left over is found again."""

import pytest

from bot.db.database import Database
from bot.models import DeliveryKind, DeliveryStatus, Ticket
from tests.db.support import GUILD, NOW, delivery, later, see_guild, ticket


@pytest.fixture
async def database(database: Database) -> Database:
    """With a server that has set up tickets."""
    await see_guild(database)
    async with database.transaction() as tx:
        await tx.ticket_settings.change(GUILD, {})
    return database


async def closed(database: Database, number: int = 1, **values: object) -> Ticket:
    async with database.transaction() as tx:
        made = await tx.tickets.add(ticket(number, **{"state": "closed", "closed_at": NOW} | values))
    assert made is not None
    return made


async def test_a_delivery_is_begun_once_for_each_closing(database: Database) -> None:
    made = await closed(database)
    async with database.transaction() as tx:
        assert await tx.ticket_deliveries.begin(delivery(made.id))
        assert not await tx.ticket_deliveries.begin(delivery(made.id))
        assert await tx.ticket_deliveries.begin(delivery(made.id, closing=1))
        assert await tx.ticket_deliveries.begin(delivery(made.id, kind="member"))


async def test_what_is_final_stays_as_it_is(database: Database) -> None:
    made = await closed(database)
    async with database.transaction() as tx:
        await tx.ticket_deliveries.begin(delivery(made.id))
        this = (made.id, 0, DeliveryKind.LOG)
        await tx.ticket_deliveries.finish(*this, DeliveryStatus.SENT, later(1), message_id=7)
        await tx.ticket_deliveries.finish(*this, DeliveryStatus.FAILED, later(2), detail="late")
        row = await tx.ticket_deliveries.get(*this)
        assert await tx.ticket_deliveries.posted(made.id) == {7}
    assert row is not None
    assert (row.status, row.message_id, row.detail, row.finished_at) == ("sent", 7, "", later(1))


async def test_tickets_are_unserved_until_all_of_this_closing_is_done(database: Database) -> None:
    made = await closed(database, reopened=1)
    await closed(database, 2, state="open", closed_at=None)
    await closed(database, 3, thread_id=None)
    await closed(database, 4, closed_at=later(-60))

    async def unserved() -> list[int]:
        async with database.reading() as tx:
            return [each.number for each in await tx.ticket_deliveries.unserved(later(-30), 0, 10)]

    async with database.transaction() as tx:
        await tx.ticket_deliveries.begin(delivery(made.id, kind="all"))  # of the closing before
        await tx.ticket_deliveries.begin(delivery(made.id, closing=1))
    assert await unserved() == [1]
    async with database.transaction() as tx:
        await tx.ticket_deliveries.begin(delivery(made.id, closing=1, kind="all"))
    assert await unserved() == []


async def test_a_server_that_was_left_holds_up_no_other(database: Database) -> None:
    other = GUILD + 1
    async with database.transaction() as tx:
        await tx.guilds.ensure(other, NOW)
        await tx.ticket_settings.change(other, {})
        await tx.guilds.change(GUILD, {"left_at": NOW})
    await closed(database)
    there = [await closed(database, number, guild_id=other) for number in (2, 3)]
    async with database.reading() as tx:
        [first] = await tx.ticket_deliveries.unserved(later(-30), 0, 1)
        [second] = await tx.ticket_deliveries.unserved(later(-30), first.id, 1)
    assert [first, second] == there
