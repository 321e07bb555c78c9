"""The main road without a mouse: to a channel, a question, its answer and why, a command, another member."""

import re

import pytest
from playwright.async_api import expect

from bot.demo.stage import Stage
from tests.browser.chat import Chat
from tests.browser.conftest import Pages

pytestmark = pytest.mark.asyncio(loop_scope="session")
MOST_STEPS = 60  # presses of Tab to get anywhere


async def tab_to(chat: Chat, name: str) -> None:
    """Press Tab until what has that accessible name has the focus."""
    wanted = chat.page.locator(":focus").and_(chat.page.get_by_role("button", name=re.compile(name)))
    for _ in range(MOST_STEPS):
        if await wanted.count():
            return
        await chat.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {name!r}")


async def switch_to(chat: Chat, name: str) -> None:
    """Go somewhere, or be somebody, by the quick switcher."""
    await chat.page.keyboard.press("Control+k")
    await expect(chat.page.get_by_role("dialog", name="Go to")).to_be_visible()
    await chat.page.keyboard.type(name)
    await expect(chat.page.get_by_role("option", selected=True)).to_contain_text(name)
    await chat.page.keyboard.press("Enter")


async def test_the_main_road_needs_no_mouse(stage: Stage, pages: Pages) -> None:
    chat = await pages.open(stage.page_url)
    await expect(chat.box).to_be_focused()  # from now on the page listens to keys
    await switch_to(chat, "help")
    await expect(chat.box).to_be_focused()
    await chat.page.keyboard.type("How do I polish my lamp? Any ideas?")
    await chat.page.keyboard.press("Enter")
    await expect(chat.reply_to("How do I polish my lamp?")).to_contain_text("Lookout")

    await tab_to(chat, "^help request: answered")
    await chat.page.keyboard.press("Enter")
    await expect(chat.noted.get_by_role("heading", name="help request: answered")).to_be_visible()
    await chat.shot("keyboard-note")

    await switch_to(chat, "Nadia")
    await expect(chat.page.get_by_role("button", name=re.compile("Viewing as Nadia"))).to_be_visible()
    await expect(chat.box).to_be_focused()
    await chat.page.keyboard.type("/config sh")
    await expect(chat.page.get_by_role("option", selected=True)).to_contain_text("/config show")
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("button", name="Run /config show")).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await expect(chat.message("Quiet hours")).to_contain_text("Only you can see this")

    await expect(chat.box).to_be_focused()
    await chat.page.keyboard.type("a word too many")
    await chat.page.keyboard.press("Enter")
    await expect(chat.message("a word too many")).to_be_visible()
    await chat.page.keyboard.press("ArrowUp")  # edits what was said last
    editor = chat.page.get_by_role("textbox", name=re.compile("edit", re.IGNORECASE)).or_(
        chat.page.get_by_role("combobox", name=re.compile("edit", re.IGNORECASE))
    )
    await expect(editor).to_be_focused()
    await chat.page.keyboard.press("ControlOrMeta+a")
    await chat.page.keyboard.type("a word just right")
    await chat.page.keyboard.press("Enter")
    await expect(chat.message("a word just right")).to_contain_text("(edited)")
    await expect(chat.box).to_be_focused()
