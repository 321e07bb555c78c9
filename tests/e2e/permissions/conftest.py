"""One bot and one cast for each module."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.e2e.conftest import BotFactory
from tests.e2e.harness import a_discord
from tests.e2e.permissions.callers import LaterClock, People, a_cast
from tests.e2e.permissions.levels import make_plugins

AT_ONCE = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}


@pytest.fixture(scope="module")
def patches() -> Iterator[pytest.MonkeyPatch]:
    """Changes for as long as the module's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cast(
    running_bot: BotFactory, patches: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[People]:
    """Everybody who calls, and a bot."""
    clock = LaterClock()
    for cog in ("cogs.statistics.cog", "cogs.tickets.statistics"):  # as where pictures can't be drawn
        patches.setattr(f"{cog}.why_no_picture", lambda: "none here")
    async with a_discord(clock=clock) as discord:
        await discord.guild("First")
        plugins = make_plugins(folder := tmp_path_factory.mktemp("plugins"))
        async with running_bot(discord, plugins={"folder": folder}, orchestrator=AT_ONCE) as bot:
            await bot.until("the commands to be registered", lambda: bool(discord.app.commands))
            people = await a_cast(discord, bot, clock)
            for each in plugins:
                await people.home.owner.slash("plugins enable", channel=people.home.chat, plugin=each)
            yield people
            await people.settled()
