import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from tests.db.support import NOW, see_guild

GUILD, OTHER, OWNER = 1, 2, 7


async def add(database: Database, key: str, guild_id: int = GUILD) -> None:
    async with database.transaction() as tx:
        await tx.guilds.see(guild_id, "Guild", NOW)
        await tx.setting_changes.add(guild_id, {key: (None, "new")}, OWNER, NOW)


async def test_a_history_is_of_one_server_newest_first_and_paged(database: Database) -> None:
    for key in ("a.one", "a.two", "a.one"):
        await add(database, key)
    await add(database, "a.one", OTHER)
    async with database.reading() as tx:
        found = await tx.setting_changes.history(GUILD, None, None, 10)
        assert [each.key for each in found] == ["a.one", "a.two", "a.one"]
        older = await tx.setting_changes.history(GUILD, None, found[0].id, 10)
        assert [each.id for each in older] == [each.id for each in found[1:]]
        only = await tx.setting_changes.history(GUILD, "a.two", None, 10)
    assert [(each.key, each.old, each.new, each.by_id, each.at) for each in only] == [
        ("a.two", None, "new", OWNER, NOW)
    ]


async def test_what_is_new_is_told_oldest_first(database: Database) -> None:
    await add(database, "a.one")
    async with database.reading() as tx:
        last = await tx.setting_changes.newest()
    await add(database, "a.two", OTHER)
    async with database.reading() as tx:
        told = await tx.setting_changes.after(last, 10)
    assert [(each.guild_id, each.key) for each in told] == [(OTHER, "a.two")]


async def test_a_change_waits_for_the_one_before_it_so_that_a_reader_misses_none(
    engine: AsyncEngine, database: Database
) -> None:
    """On SQLite writers take turns anyway."""
    await see_guild(database, 5)
    waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD, "Guild", NOW)
        await tx.setting_changes.add(GUILD, {"a.first": (None, 1)}, OWNER, NOW)
        second = asyncio.create_task(add(database, "a.second", OTHER))
        if database.dialect == "postgresql":
            async with asyncio.timeout(10), engine.connect() as looking:
                while not (await looking.execute(waiting)).scalar_one():
                    await looking.rollback()
        else:
            for _ in range(50):
                await asyncio.sleep(0)
        assert not second.done()
    await second
    async with database.reading() as tx:
        assert [each.key for each in await tx.setting_changes.after(0, 10)] == ["a.first", "a.second"]
