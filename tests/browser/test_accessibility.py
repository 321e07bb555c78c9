"""The main views by axe-core's rules, in both themes and as a phone: nothing serious or critical."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from bot.demo.stage import Stage
from tests.browser.chat import Chat
from tests.browser.conftest import Pages, Theme

pytestmark = pytest.mark.asyncio(loop_scope="session")
AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        problem = "axe-core is not installed: run `npm ci` in tests"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(problem)
    return AXE.read_text("utf-8")


async def barriers(chat: Chat, axe: str) -> list[str]:
    """Return what is in the way of somebody, with the elements it is about."""
    await chat.page.evaluate(axe)
    found: dict[str, Any] = await chat.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("phone", [pytest.param(False, id="desktop"), pytest.param(True, id="phone")])
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_the_main_views_have_no_barriers(
    stage: Stage, pages: Pages, axe: str, theme: Theme, phone: bool
) -> None:
    # The page's own policy would keep axe out.
    chat = await pages.open(stage.page_url, theme=theme, phone=phone, bypass_csp=True)
    kind = f"{theme}-{'phone' if phone else 'desktop'}"
    found: dict[str, list[str]] = {}

    async def look(view: str) -> None:
        await chat.shot(f"{view}-{kind}")
        found[view] = await barriers(chat, axe)

    await chat.go("help")
    asked = await chat.say(f"How do I mend a lamp? Any ideas? ({kind})")
    # Only the first time the same is asked, it is answered.
    chip = asked.get_by_role("button", name=re.compile("^help request: (answered|left alone)$"))
    await chip.wait_for()
    await look("room")
    await chip.click()
    await chat.noted.get_by_role("heading", name="help request: ").wait_for()
    await look("note")
    await chat.noted.get_by_role("button", name="Close").click()
    await chat.go("support")
    await chat.page.get_by_role("button", name="Importing from the old version").wait_for()
    await look("forum")
    await chat.page.get_by_role("button", name="New post").click()
    await look("new-post")
    await chat.become("Nadia")
    await chat.go("general")
    await chat.box.press_sequentially("/")
    await chat.page.get_by_role("listbox", name="Commands").wait_for()
    await look("commands")
    await chat.box.fill("")
    await chat.open_people()
    await look("people")
    assert {view: wrong for view, wrong in found.items() if wrong} == {}
