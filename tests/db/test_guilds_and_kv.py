import asyncio
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.models import AutoReply
from tests.db.support import CHANNEL, GUILD, MEMBER, NOW, gap, later


async def test_a_new_guild_answers_and_is_in_utc(database: Database) -> None:
    async with database.transaction() as tx:
        guild = await tx.guilds.see(GUILD, "First", NOW)

    assert (guild.id, guild.name, guild.first_seen_at, guild.left_at) == (GUILD, "First", NOW, None)
    assert (guild.auto_reply, guild.timezone, guild.ignored_role_ids) == (AutoReply.ON, "UTC", None)
    assert guild.languages is None


async def test_seeing_a_guild_again_keeps_its_settings_and_notes_that_the_bot_is_back(
    database: Database,
) -> None:
    settings: dict[str, Any] = {
        "auto_reply": AutoReply.OFF,
        "staff_channel_id": CHANNEL,
        "timezone": "Asia/Beirut",
        "quiet_hours": "22:00-07:00",
        "min_confidence": 0.25,
        "ignored_role_ids": [2**60 + 1, 3],
        "languages": ["de", "fr"],
    }
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD, "First", NOW)
        await tx.guilds.change(GUILD, {**settings, "left_at": later(5)})
    async with database.transaction() as tx:
        assert await tx.guilds.left_before(later(6)) == [GUILD]
        guild = await tx.guilds.see(GUILD, "Second", later(9))
        assert await tx.guilds.list_all() == [guild]

    assert (guild.name, guild.first_seen_at, guild.left_at) == ("Second", later(9), None)
    assert {name: getattr(guild, name) for name in settings} == settings


async def test_a_change_is_seen_by_the_same_transaction(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD, "First", NOW)
        await tx.guilds.change(GUILD, {"auto_reply": AutoReply.OFF})
        guild = await tx.guilds.get(GUILD)
        assert await tx.guilds.get(GUILD + 1) is None

    assert guild is not None
    assert guild.auto_reply == AutoReply.OFF


async def test_deleting_a_guild_takes_its_channels_members_and_gaps_along(
    database: Database, engine: AsyncEngine
) -> None:
    async with database.transaction() as tx:
        for guild_id in (GUILD, GUILD + 1):
            await tx.guilds.see(guild_id, "Guild", NOW)
            row = {"guild_id": guild_id, "user_id": MEMBER, "name": "Ada", "first_seen_at": NOW}
            await tx.members.see([row])
            number = CHANNEL + guild_id - GUILD
            await tx.channels.see(
                [{"id": number, "guild_id": guild_id, "parent_id": None, "name": "general"}]
            )
            await tx.gaps.open(gap(1, 2, number, guild_id))
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM guilds WHERE id = :id"), {"id": GUILD})

    async with engine.connect() as connection:
        for table in ("channels", "members", "gaps"):
            left = (await connection.execute(text(f"SELECT guild_id FROM {table}"))).scalars().all()  # noqa: S608
            assert left == [GUILD + 1]


async def test_a_value_is_stored_read_and_replaced(database: Database) -> None:
    async with database.transaction() as tx:
        assert await tx.kv.get("ingest", "state") is None
        await tx.kv.put("ingest", "state", {"a": [1, None, "ü"], "big": 2**60 + 1})
        assert await tx.kv.get("ingest", "state") == {"a": [1, None, "ü"], "big": 2**60 + 1}
        await tx.kv.put("ingest", "state", {"b": {}})
        assert await tx.kv.get("ingest", "state") == {"b": {}}
    async with database.reading() as tx:
        assert await tx.kv.get("ingest", "state") == {"b": {}}
        assert await tx.kv.get("ingest", "other") is None
        assert await tx.kv.get("other", "state") is None


async def test_add_stores_only_where_nothing_is(database: Database) -> None:
    async def add(value: int) -> bool:
        async with database.transaction() as tx:
            return await tx.kv.add("scope", "key", {"value": value})

    won = await asyncio.gather(*(add(value) for value in range(4)))
    assert won.count(True) == 1
    assert not await add(9)
    async with database.transaction() as tx:
        assert await tx.kv.get("scope", "key") == {"value": won.index(True)}
        assert await tx.kv.add("scope", "other key", {})
