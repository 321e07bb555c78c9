"""A headless Chromium, pages of it opened as a member, and the demo for them to look at.

`CI=true` turns a missing Chromium from a skip into a failure; `CHROMIUM` names one that isn't on the path.
"""

import asyncio
import io
import os
import re
import shutil
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from bot.demo.notes import noting
from bot.demo.screen import Screen, console_for
from bot.demo.stage import Stage
from bot.demo.story import STORY
from sandbox import Sandbox
from sandbox.page.server import Page
from tests.browser import loopback
from tests.browser.chat import DEADLINE, Chat
from tests.browser.desk import COMMANDS, Desk, answer
from tests.browser.scene import Scene
from tests.sandbox.raw import Http, Socket

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    loopback.ARGUMENT,
]
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
Theme = Literal["dark", "light"]
_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report


def chromium() -> str:
    """Return the path of a Chromium; a test without one is skipped, in CI it fails."""
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        problem = f"no Chromium: {named or ' or '.join(NAMES)} is not on the path; CHROMIUM can name one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(problem)
    assert found is not None
    return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a worker."""
    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


class Pages:
    """Opens the chat page; each has a context of its own, as browsers of different people have."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._stack = AsyncExitStack()
        self.opened: list[Chat] = []

    async def open(self, address: str, *, phone: bool = False, theme: Theme = "dark", **context: Any) -> Chat:
        """Open an address that was printed, and return once it shows a channel."""
        made = await loopback.new_context(
            self._browser,
            viewport=PHONE if phone else DESKTOP,
            color_scheme=theme,
            reduced_motion="reduce",
            has_touch=phone,
            **context,
        )
        self._stack.push_async_callback(made.close)
        made.set_default_timeout(DEADLINE)
        chat = Chat(await made.new_page(), phone=phone)
        self.opened.append(chat)
        await chat.page.goto(address)
        await chat.is_ready()
        return chat

    async def close(self) -> None:
        await self._stack.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Pages]:
    """Pages that are closed at the end, when none may have complained; of a failed test a picture stays."""
    pages = Pages(browser)
    yield pages
    if request.node.stash.get(_failed, True):
        name = re.sub(r"[^\w-]+", "-", request.node.name)
        for number, chat in enumerate(pages.opened):
            await chat.shot(f"failed-{name}-{number}")
    await pages.close()
    assert [problem for chat in pages.opened for problem in chat.problems] == []


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The demo without its player: sandbox and bot as processes, notes beside the messages.

    The bot answers everybody at once, however soon after the last time.
    """
    folder = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOKOUT_ORCHESTRATOR__CHANNEL_THROTTLE_SECONDS", "0")
        patch.setenv("LOOKOUT_ORCHESTRATOR__USER_COOLDOWN_SECONDS", "0")
        patch.setenv("LOOKOUT_NLP__ENCODER", "off")  # takes seconds to load; no page shows what it does
        stage = Stage(STORY, folder)
        await stage.__aenter__()
    quiet = Screen(console_for(io.StringIO(), quiet=True))
    async with noting(stage, quiet):
        yield stage
    await stage.close()
    assert {name: code for name, (code, _) in stage.exit_codes.items()} == {"the bot": 0, "the sandbox": 0}


@pytest_asyncio.fixture(loop_scope="session")
async def scene(browser: Browser) -> AsyncIterator[Scene]:
    """Ann and Bob in a channel, and a page that Ann looks at; what it complains of is left to the tests."""
    async with Sandbox() as discord:
        await discord.guild("Home", bot_permissions=["administrator"])
        await discord.channel("general")
        ann, bob = await discord.member("ann"), await discord.member("bob")
        served = Page(discord.core, "token")
        await served.start("127.0.0.1")
        context = await loopback.new_context(browser, reduced_motion="reduce")
        page = await context.new_page()
        page.set_default_timeout(DEADLINE)
        made = Scene(discord, page, ann, bob)
        page.on("pageerror", lambda error: made.problems.append(str(error)))
        page.on("console", lambda said: made.problems.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: made.asked.append(request.url))
        await page.goto(served.address)
        await page.get_by_role("log").wait_for()
        yield made
        await context.close()
        await served.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser) -> AsyncIterator[Desk]:
    """Alice at the page of "Home", with a bot that knows some commands."""
    async with Sandbox(seed=1) as room:
        await room.guild("Home", bot_permissions=["administrator"])
        staff = await room.role("staff")
        await room.channel("help")
        await room.channel("talk")
        await room.channel("rules", overwrites={"everyone": {"deny": ["send_messages"]}})
        alice = await room.member("alice", display="Alice", roles=[staff])
        bob = await room.member("bob", display="Bob the Great")
        await bob.say("something broke", "help")
        served = Page(room.core, "token")
        await served.start("127.0.0.1")
        async with Http(room.api_url, room.token) as http, await Socket.open(room.gateway_url) as socket:
            await http("PUT", f"/applications/{room.application_id}/commands", COMMANDS)
            await socket.identify(room.token, 1)
            bot = asyncio.create_task(answer(room, http, socket))
            context = await loopback.new_context(browser)
            page = await context.new_page()
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.add_init_script(f"sessionStorage.setItem('viewer', '{alice.id}')")
            await page.goto(served.address)
            made = Desk(room, page, alice, bob)
            await expect(made.box).to_be_focused()
            await expect(made.message("something broke")).to_be_visible()
            yield made
            await context.close()
            bot.cancel()
            await asyncio.gather(bot, return_exceptions=True)
        await served.stop()
        assert errors == []
