"""Fixtures: a sandbox with its page, and a raw client of the page."""

from collections.abc import AsyncIterator

import pytest

from sandbox import Sandbox
from sandbox.page.server import Page
from tests.page.visitor import TOKEN, Visitor

HIDDEN = [
    {"target": "everyone", "deny": ["view_channel"]},
    {"target": "staff", "allow": ["view_channel"]},
]


@pytest.fixture
async def room() -> AsyncIterator[Sandbox]:
    """A sandbox with the server "Home": help, staff-only, a forum; owner, sam of the staff, alice, bob."""
    async with Sandbox(seed=1) as discord:
        await discord.guild("Home", bot_permissions=["administrator"])
        await discord.role("staff")
        await discord.channel("help")
        await discord.call("channel", name="staff-only", overwrites=HIDDEN)
        await discord.call("channel", name="posts", type="forum", tags=["bug", "idea"])
        for name in ("alice", "bob"):
            await discord.member(name)
        await discord.member("sam", roles=["staff"])
        yield discord


@pytest.fixture
async def page(room: Sandbox) -> AsyncIterator[Page]:
    served = Page(room.core, TOKEN)
    await served.start("127.0.0.1")
    yield served
    await served.stop()


@pytest.fixture
async def visitor(page: Page) -> AsyncIterator[Visitor]:
    """A client of the page's server; its sockets are closed after the test."""
    async with Visitor(page.address) as client:
        yield client
