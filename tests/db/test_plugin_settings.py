"""What servers set of plugins is written down, and other processes learn of it, on each database."""

import asyncio

import pytest
from pydantic import BaseModel, Field

from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.services.configuration.actor import acting_for
from bot.services.configuration.watch import SettingsWatch
from bot.services.plugins.servers import PluginServers
from tests.db.support import GUILD, MEMBER, see_guild
from tests.fakes import FakeClock

CHANNEL = 10**18 + 7


class Config(BaseModel):
    word: str = Field("thanks", max_length=8)
    times: int = Field(1, le=5)
    channels: list[int] = []
    where: int | None = CHANNEL


class Process:
    """The settings of plugins as one process keeps them."""

    def __init__(self, database: Database) -> None:
        self.servers = PluginServers(database, FakeClock())
        self.watch = SettingsWatch(database, FakeClock())
        self.others_on: list[bool] = []
        self.watch.add({"plugins.": self.reload})

    async def reload(self, guild_id: int) -> None:
        self.others_on.append(await self.servers.reload(guild_id))

    async def set(self, key: str, value: str) -> None:
        with acting_for(MEMBER):
            await self.servers.configure("karma", GUILD, Config, key, value)


async def test_who_changed_what_is_written_down(database: Database) -> None:
    process = Process(database)
    with acting_for(MEMBER):
        await process.servers.switch("karma", GUILD, on=True)
        await process.servers.switch("karma", GUILD, on=True)
    await process.set("word", "cheers")
    await process.set("word", "cheers")
    await process.set("channels", f"<#{CHANNEL}>")
    await process.set("where", "none")
    with pytest.raises(UserFacingError):
        await process.set("times", "9")
    await process.servers.reset("karma", GUILD, Config, "word")
    async with database.reading() as tx:
        found = await tx.setting_changes.history(GUILD, None, None, 100)
    assert [(each.key, each.old, each.new, each.by_id) for each in reversed(found)] == [
        ("plugins.karma", False, True, MEMBER),
        ("plugins.karma.word", None, "cheers", MEMBER),
        ("plugins.karma.channels", None, [str(CHANNEL)], MEMBER),
        ("plugins.karma.where", None, "none", MEMBER),
        ("plugins.karma.word", "cheers", None, None),
    ]


async def test_another_process_learns_of_it_at_its_next_look(database: Database) -> None:
    await see_guild(database)
    first, second = Process(database), Process(database)
    for each in (first, second):
        await each.watch.begin()
        await each.servers.load()
    await first.servers.switch("karma", GUILD, on=True)
    await second.watch.look()
    assert second.servers.is_on("karma", GUILD)
    await first.set("word", "cheers")
    await second.watch.look()
    assert second.servers.valid("karma", GUILD, Config).word == "cheers"
    await first.servers.switch("karma", GUILD, on=False)
    await second.watch.look()
    assert not second.servers.is_on("karma", GUILD)
    assert second.others_on == [True, False, True], "commands are looked at only where others are on"


async def test_two_processes_that_set_different_things_lose_neither(database: Database) -> None:
    await see_guild(database)
    first, second = Process(database), Process(database)
    await first.servers.switch("karma", GUILD, on=True)
    await asyncio.gather(first.set("word", "cheers"), second.set("times", "3"), first.set("where", "none"))
    fresh = Process(database)
    await fresh.servers.load()
    assert fresh.servers.values("karma", GUILD) == {"word": "cheers", "times": 3, "where": None}
    assert fresh.servers.is_on("karma", GUILD), "setting one doesn't switch it off"
