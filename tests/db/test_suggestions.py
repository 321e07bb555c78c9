"""Staff's decisions about one reply, at the same time and on each kind of database."""

import asyncio
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.models import AutoReply
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import Road
from tests.services.support import CHANNEL, GUILD, STAFF_CHANNEL, message_id
from tests.services.test_suggestions import STAFF, Desk, kept, service


async def test_one_of_many_decisions_counts_and_the_others_are_told(database: Database) -> None:
    discord = FakeDiscord()
    road = Road(database, FakeClock(), discord)
    await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
    await road.guilds.set_auto_reply(GUILD, AutoReply.SUGGEST)
    await road.answer(0)
    asking = service(road, Desk())
    decided = await asyncio.gather(
        *(asking.post(GUILD, message_id(0), STAFF + each) for each in range(4)),
        *(asking.dismiss(GUILD, message_id(0), STAFF + each) for each in range(4, 8)),
        return_exceptions=True,
    )
    refused = [str(each) for each in decided if isinstance(each, BaseException)]
    assert [each.split(";")[0] for each in refused] == ["This is decided already"] * 7
    await road.at_rest()
    await asking.look()
    posted = [each for each in discord.posts if each.channel_id == CHANNEL]
    found = await kept(database)
    assert (found.state, len(posted)) in (("posted", 1), ("dismissed", 0))


async def test_what_has_lost_its_message_is_found_and_old_rows_go(database: Database) -> None:
    road = Road(database, FakeClock(), FakeDiscord())
    await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
    await road.guilds.set_auto_reply(GUILD, AutoReply.SUGGEST)
    await road.answer(0)
    async with database.transaction() as tx:
        assert await tx.suggestions.orphaned(10) == []
        await tx.signals.erase_place(CHANNEL, road.clock.now())
    async with database.transaction() as tx:
        [found] = await tx.suggestions.orphaned(10)
        assert await tx.suggestions.purge(found.created_at) == 0
        road.clock.advance(1)
        assert await tx.suggestions.purge(road.clock.now()) == 1


async def test_what_is_asked_every_two_seconds_reads_only_what_is_open(
    database: Database, engine: AsyncEngine
) -> None:
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL plans by what is in the table: nothing is
    asked: list[tuple[str, Any]] = []

    def note(*told: Any) -> None:
        asked.append((told[2], told[3]))

    async with database.reading() as tx:
        event.listen(engine.sync_engine, "before_cursor_execute", note)
        await tx.suggestions.living(0, 10)
        await tx.suggestions.unshown(10)
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    async with engine.connect() as connection:
        plans = [
            str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)).all())
            for query, values in asked
            if query.startswith("SELECT")
        ]
    assert len(plans) == 2
    assert "INDEX ix_suggestions_open" in plans[0]
    assert "INDEX ix_suggestions_unshown" in plans[1]
