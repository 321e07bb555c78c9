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
        task = asyncio.create_task(client.start(room.token))
        ready = asyncio.create_task(client.wait_until_ready()) if client.is_ready() else None
        try:
            await room.wait_connected()
            async with asyncio.timeout(5):
                while not client.is_ready():
                    await asyncio.wait({task, asyncio.ensure_future(client.wait_until_ready())}, return_when="FIRST_COMPLETED")
                    if task.done():
                        task.result()
            yield client
        finally:
            if ready is not None:
                ready.cancel()
            await client.close()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def login(room: Sandbox) -> AsyncIterator[Login]:
    """Log a discord.py client in; it is closed at the end of the test."""
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
