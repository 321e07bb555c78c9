"""Fixtures: a running sandbox, a raw HTTP client, and discord.py clients that are closed after the test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import discord
import pytest

from sandbox import Sandbox
from tests.sandbox.clients import Recorder
from tests.sandbox.clocks import Clock
from tests.sandbox.pointing import pointed_at
from tests.sandbox.raw import Http


@pytest.fixture
async def room() -> AsyncIterator[Sandbox]:
    """A sandbox with the guild "Home" and its channel "help"."""
    async with Sandbox(seed=1) as sandbox:
        sandbox.core.identify_interval = 0.0
        await sandbox.guild("Home", bot_permissions=["administrator"])
        await sandbox.channel("help")
        yield sandbox


@pytest.fixture
async def http(room: Sandbox) -> AsyncIterator[Http]:
    """The main bot's raw HTTP client."""
    async with Http(room.api_url, room.token) as client:
        yield client


@pytest.fixture
async def clock(room: Sandbox) -> Clock:
    """The clock of the room's deadlines and limits, which stands still but for the test."""
    clock = Clock()
    room.core.clock = clock
    return clock


class Hands:
    """The hands of a sandbox's clock: seconds it is ahead, moved by the test."""

    def __init__(self) -> None:
        self.ahead = 0.0


@pytest.fixture
def hands(room: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The room's clock stands still but for what the test adds to `ahead`."""
    made, clock = Hands(), room.core.clock
    seconds, moment = clock.monotonic(), clock.now()
    monkeypatch.setattr(clock, "monotonic", lambda: seconds + made.ahead)
    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(seconds=made.ahead))
    return made


@pytest.fixture
async def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the event loop's time on by some seconds: what is due by then happens next."""
    loop, ahead = asyncio.get_running_loop(), [0.0]
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + sum(ahead))
    return ahead.append


async def guilds_on(room: Sandbox, hands: Hands, shards: int) -> dict[int, int]:
    """Make guilds until every shard has one; return the id of a channel by guild id, "Home" included."""
    home = (await room.state())["guilds"]["Home"]
    made: dict[int, int] = {home["id"]: home["channels"]["help"]}
    while len({(guild_id >> 22) % shards for guild_id in made}) < shards:
        hands.ahead += 1.001
        guild = await room.guild(f"Guild {len(made)}", bot_permissions=["administrator"])
        made[guild.id] = (await room.channel("talk", guild=guild)).id
    return made


Login = Callable[..., Awaitable[None]]  # a client, and the token of another application


@asynccontextmanager
async def logged_in(room: Sandbox, client: discord.Client, token: str) -> AsyncIterator[discord.Client]:
    """Run a discord.py client against the sandbox until the block ends."""
    with pointed_at(room):
        await client.login(token)
        task = asyncio.create_task(client.connect())
        ready = asyncio.create_task(client.wait_until_ready())
        try:
            await asyncio.wait({task, ready}, timeout=15, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield client
        finally:
            ready.cancel()
            await client.close()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def login(room: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Login]:
    """Log a discord.py client in; closed at the end of the test, it reconnects without a pause.

    It may take its time to answer an interaction: how long is what raw tests are about.
    """
    room.core.interaction_deadline = 15.0
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.0)
    async with AsyncExitStack() as stack:

        async def enter(client: discord.Client, token: str | None = None) -> None:
            await stack.enter_async_context(logged_in(room, client, token or room.token))

        yield enter


@pytest.fixture
def conforms() -> Any:
    """`assert_conforms(record)`; skips where the description is not there."""
    from tests.sandbox.openapi import assert_conforms, description

    description()
    return assert_conforms


@pytest.fixture
async def client(room: Sandbox, login: Login) -> Recorder:
    made = Recorder()
    await login(made)
    assert await made.next_event() == "ready"
    return made
