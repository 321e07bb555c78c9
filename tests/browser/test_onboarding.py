"""A newcomer's first minutes: the bot joins, its welcome is pressed, the pages are walked through."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from sandbox import Sandbox
from sandbox.page.server import Page
from tests.browser.chat import Chat
from tests.browser.conftest import Pages
from tests.e2e.harness import Running, a_bot, a_discord

pytestmark = pytest.mark.asyncio(loop_scope="session")
HIDDEN: Any = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}


@pytest_asyncio.fixture(loop_scope="session")
async def city() -> AsyncIterator[Sandbox]:
    """A server as many are: a few channels, a staff room, a role for support."""
    async with a_discord() as discord:
        guild = await discord.guild("Tea Lovers", owner="nadia", bots=[])
        for name in ("general", "help", "off-topic"):
            made = await discord.channel(name, guild=guild)
            if name == "general":
                settings = discord.core.world.guilds[guild.id].settings
                settings["system_channel_id"] = str(made.id)
        await discord.channel("staff-room", guild=guild, overwrites={"everyone": {"deny": ["VIEW_CHANNEL"]}})
        support = await discord.role("Support", guild=guild)
        await discord.member("jonas", guild=guild, roles=[support])
        await discord.member("nadia", guild=guild)
        yield discord


@pytest_asyncio.fixture(loop_scope="session")
async def bot(city: Sandbox, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Running]:
    async with a_bot(city, tmp_path, sqlite_template, {"welcome": True}) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def owner(city: Sandbox, bot: Running, pages: Pages) -> AsyncIterator[Chat]:
    """The page, as the server's owner, just after the bot has joined."""
    served = Page(city.core, "token")
    await served.start("127.0.0.1")
    await city.invite(None, guild=next(iter(city.core.world.guilds)))
    chat = await pages.open(served.address)
    await chat.become("nadia")
    yield chat
    await served.stop()


def page_of(chat: Chat, title: str) -> Locator:
    return chat.page.locator("[data-id]").filter(has_text=title).last


async def test_a_newcomer_sets_the_bot_up_with_six_clicks(owner: Chat, bot: Running) -> None:
    await owner.go("general")
    welcome = owner.message("Press Set up")
    await expect(welcome).to_be_visible()
    await owner.shot("onboarding-1-welcome")
    clicks = 1
    await welcome.get_by_role("button", name="Set up").click()
    for number, title in enumerate(("1 of 4", "2 of 4", "3 of 4", "4 of 4"), 2):
        page = page_of(owner, title)
        await expect(page).to_be_visible()
        await owner.shot(f"onboarding-{number}")
        await page.get_by_role("button", name="Next").click()
        clicks += 1
    ready = page_of(owner, "What happens next")
    await expect(ready).to_be_visible()
    await owner.shot("onboarding-6-ready")
    await ready.get_by_role("button", name="Done").click()
    clicks += 1
    await expect(owner.message("All set.")).to_be_visible()
    await owner.shot("onboarding-7-done")
    assert clicks == 6
    [row] = bot.rows("select is_on, at from summary_settings")
    assert row == (1, "08:00")
