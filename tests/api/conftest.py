"""A running admin API per test, and a client that speaks to it over a real socket."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from loguru import logger

from bot.api.app import create_app
from bot.api.dependencies import ApiDependencies
from bot.api.server import ApiServer
from bot.services.metrics import Metrics

TOKEN = "s3cret-ädmin-töken"  # noqa: S105 - of no use elsewhere
EVERYWHERE = "0.0.0.0"


@dataclass
class State:
    """What the health source says."""

    gateway_connected: bool = True
    database_writable: bool = True
    training_loaded: bool = True
    queue_depth: int = 3
    open_gaps: int = 0


@dataclass
class World:
    """Both sources, under a test's control."""

    metrics: Metrics = field(default_factory=Metrics)
    state: State = field(default_factory=State)
    stories: dict[str, Any] = field(default_factory=dict)
    on_readiness: Callable[[], Awaitable[None]] | None = None
    on_story: Callable[[], Awaitable[None]] | None = None

    async def readiness(self) -> State:
        if self.on_readiness is not None:
            await self.on_readiness()
        return self.state

    async def story(self, signal_id: str) -> dict[str, Any] | None:
        if self.on_story is not None:
            await self.on_story()
        return self.stories.get(signal_id)

    def server(self, token: str | None = None, host: str = "127.0.0.1", port: int = 0) -> ApiServer:
        deps = ApiDependencies(metrics=self.metrics, health=self, stories=self, admin_token=token)
        return ApiServer(create_app(deps), host, port)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def open_api(world: World) -> AsyncIterator[str]:
    """The address of an API without token."""
    server = world.server()
    await server.start()
    yield server.url
    await server.stop()


@pytest.fixture
async def guarded_api(world: World) -> AsyncIterator[str]:
    """The address of an API with TOKEN."""
    server = world.server(TOKEN)
    await server.start()
    yield server.url
    await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


@pytest.fixture
def log() -> Iterator[list[str]]:
    """What was logged, tracebacks included; nothing reaches the console."""
    lines: list[str] = []
    logger.remove()
    sink = logger.add(lines.append, diagnose=False)
    yield lines
    logger.remove(sink)
    logger.add(sys.stderr)
