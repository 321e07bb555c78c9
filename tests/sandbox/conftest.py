"""Fixtures: a running sandbox, a raw HTTP client, and discord.py clients that are closed after the test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import discord
import pytest

from sandbox import Sandbox
from tests.sandbox.pointing import pointed_at
from tests.sandbox.raw import Http


@pytest.fixture
async def room() -> AsyncIterator[Sandbox]:
    """A sandbox with the guild "Home" and its channel "help"."""
    async with Sandbox(seed=1) as sandbox:
        await sandbox.guild("Home", bot_permissions=["administrator"])
        await sandbox.channel("help")
        yield sandbox


@pytest.fixture
async def http(room: Sandbox) -> AsyncIterator[Http]:
    """The main bot's raw HTTP client."""
    async with Http(room.api_url, room.token) as client:
        yield client


Login = Callable[[discord.Client], Awaitable[None]]


@asynccontextmanager
async def logged_in(room: Sandbox, client: discord.Client) -> AsyncIterator[discord.Client]:
    """Run a discord.py client against the sandbox until the block ends."""
    with pointed_at(room):
        await client.login(room.token)
        task = asyncio.create_task(client.connect())
        ready = asyncio.create_task(client.wait_until_ready())
        try:
            await asyncio.wait({task, ready}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            yield client
        finally:
            ready.cancel()
            await client.close()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def login(room: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Login]:
    """Log a discord.py client in; closed at the end of the test, it reconnects without a pause."""
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.0)
    async with AsyncExitStack() as stack:

        async def enter(client: discord.Client) -> None:
            await stack.enter_async_context(logged_in(room, client))

        yield enter


@pytest.fixture
def conforms() -> Any:
    """`assert_conforms(record)`; skips where the description is not there."""
    from tests.sandbox.openapi import assert_conforms, description

    description()
    return assert_conforms
