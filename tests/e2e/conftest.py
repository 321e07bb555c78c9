from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.nlp.refining import Refiner
from sandbox import Sandbox
from tests.e2e.child import Child
from tests.e2e.harness import Home, Running, TestClock, a_bot, a_discord, a_home

BotFactory = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture(scope="session")
def running_bot(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> BotFactory:
    """`async with running_bot(discord, section={...}) as bot`; `folder` takes up an earlier bot's data."""

    def start(
        discord: Sandbox,
        *,
        folder: Path | None = None,
        clock: TestClock | None = None,
        refiner: Refiner | None = None,
        **overrides: Any,
    ) -> AbstractAsyncContextManager[Running]:
        folder = folder or tmp_path_factory.mktemp("bot")
        return a_bot(discord, folder, sqlite_template, overrides, clock, refiner)

    return start


@pytest.fixture
async def discord() -> AsyncIterator[Sandbox]:
    """A Discord of the test's own."""
    async with a_discord() as sandbox:
        yield sandbox


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the pauses discord.py makes before it connects again."""

    async def at_once(*_: Any, **__: Any) -> None:
        """Identify without the five seconds between two identifications."""

    monkeypatch.setattr("discord.Client.before_identify_hook", at_once)
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.05)


@pytest.fixture
async def home(discord: Sandbox) -> Home:
    """A guild that is there before the bot starts."""
    return await a_home(discord)


@pytest.fixture
def child_bot(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Child]]:
    """`async with child_bot(discord, NAME="value") as child`: a bot as a process of its own."""

    @asynccontextmanager
    async def start(discord: Sandbox, folder: Path | None = None, **env: str) -> AsyncIterator[Child]:
        child = Child(discord, folder or tmp_path, env)
        try:
            await child.start()
            yield child
        finally:
            await child.clean_up()

    return start


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city() -> AsyncIterator[Sandbox]:
    """A Discord shared by a module's tests, each with guilds of its own."""
    async with a_discord() as sandbox:
        await sandbox.guild("First")
        yield sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watchman(
    city: Sandbox, running_bot: BotFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Running]:
    """A bot shared by a module's tests, with the settings its SETTINGS name."""
    async with running_bot(city, **getattr(request.module, "SETTINGS", {})) as bot:
        await bot.until("the commands to be registered", lambda: bool(city.app.commands))
        yield bot


@pytest_asyncio.fixture(loop_scope="module")
async def town(city: Sandbox, watchman: Running, request: pytest.FixtureRequest) -> Home:
    """A new guild on the shared Discord, watched by the shared bot."""
    return await a_home(city, request.node.name[:90])
