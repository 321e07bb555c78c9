"""One bot and one cast."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.pictures import PicturesSandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import a_discord
from tests.e2e.permissions.callers import LaterClock, People, a_cast, switch_on
from tests.e2e.permissions.calling import SECONDS
from tests.e2e.permissions.journal import Journal
from tests.e2e.permissions.levels import make_plugins

AT_ONCE = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}


@pytest.fixture(scope="module")
def patches() -> Iterator[pytest.MonkeyPatch]:
    """Changes for as long as the module's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cast(
    running_bot: BotFactory,
    patches: pytest.MonkeyPatch,
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[People]:
    """Everybody who calls, and a bot."""
    clock = LaterClock()
    for cog in ("cogs.statistics.cog", "cogs.tickets.statistics"):  # as where pictures can't be drawn
        patches.setattr(f"{cog}.why_no_picture", lambda: "none here")
    folder = tmp_path_factory.mktemp("bot")
    shutil.copy(sqlite_template, folder / "lookout.db")
    journal = Journal(folder / "lookout.db")
    plugins = make_plugins(folder / "plugins")
    async with a_discord(clock=clock) as discord, PicturesSandbox() as pictures:
        discord.core.interaction_deadline = SECONDS  # many call at once
        await discord.guild("First")
        options = {
            "folder": folder / "plugins",
            "files_folder": folder / "files",
            "hosts": {"image_generation": [pictures.address]},
            "options": {"image_generation": {"base_url": pictures.openai_url}},
            "secrets": {"IMAGE_GENERATION_KEY": pictures.key},
        }
        async with running_bot(discord, folder=folder, plugins=options, orchestrator=AT_ONCE) as bot:
            await bot.until("the commands to be registered", lambda: bool(discord.app.commands))
            people = await a_cast(discord, bot, clock, journal)
            await switch_on(people, plugins)
            yield people
            await people.settled()
            people.journal.close()
