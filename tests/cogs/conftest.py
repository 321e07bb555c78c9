from collections.abc import AsyncIterator

import pytest

from bot.core.client import Bot
from bot.db.database import Database
from bot.services.guilds import GuildService
from bot.settings import OrchestratorSettings
from tests.cogs.listening import WHOLE_GUILD, Recorder, services, settled
from tests.discord_payloads import feed, make_bot
from tests.fakes import FakeClock
from tests.services.conftest import bus, clock, engine, ingest

__all__ = ["bus", "clock", "engine", "ingest"]


@pytest.fixture
def guilds(database: Database, clock: FakeClock) -> GuildService:
    return GuildService(database, clock, OrchestratorSettings())


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
async def bot(guilds: GuildService, heard: Recorder) -> AsyncIterator[Bot]:
    """A bot with all its cogs, in a guild."""
    bot, _ = await make_bot(services(guilds, heard))
    await bot.setup_hook()
    bot.dispatch("connect")
    feed(bot, "GUILD_CREATE", WHOLE_GUILD)
    await settled()
    yield bot
    for name in list(bot.extensions):
        await bot.unload_extension(name)
