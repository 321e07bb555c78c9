"""The chat page in a browser: what a member does with messages, judged by the sandbox's record."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("ping", [True, False], ids=["ping", "quiet"])
async def test_a_reply_pings_unless_it_is_switched_off(desk: Desk, ping: bool) -> None:
    target = desk.message("something broke")
    await target.hover()
    await target.get_by_role("button", name="Reply").click()
    switch = desk.page.get_by_role("switch", name="ping")
    if not ping:
        await switch.click()
    await expect(switch).to_have_attribute("aria-checked", str(ping).lower())
    await desk.box.fill("on it")
    await desk.box.press("Enter")
    entry = await desk.mine(content="on it")
    sent = (await desk.room.message(entry["message_id"])).json
    assert sent["referenced_message"]["content"] == "something broke"
    assert [user["username"] for user in sent["mentions"]] == (["bob"] if ping else [])
    await expect(switch).to_have_count(0)


async def test_deleting_asks_and_shift_does_not(desk: Desk) -> None:
    for text in ("one", "two"):
        await desk.page.keyboard.type(text)
        await desk.page.keyboard.press("Enter")
        await expect(desk.message(text)).to_be_visible()
    await open_menu(desk, "one")
    await desk.page.get_by_role("menuitem", name="Delete").click()
    asked = desk.page.get_by_role("dialog", name="Delete this message?")
    await expect(asked).to_be_visible()
    assert desk.room.record.of("message_delete") == []
    await asked.get_by_role("button", name="Delete").click()
    await expect(desk.message("one")).to_have_count(0)
    await open_menu(desk, "two")
    await desk.page.get_by_role("menuitem", name="Delete").click(modifiers=["Shift"])
    await expect(desk.message("two")).to_have_count(0)
    assert len(desk.room.record.of("message_delete")) == 2


async def open_menu(desk: Desk, text: str) -> None:
    await desk.message(text).focus()
    await desk.page.keyboard.press("Shift+F10")
    await expect(desk.page.get_by_role("menu", name="Message")).to_be_visible()


async def test_a_menu_offers_only_what_the_viewer_may_do(desk: Desk) -> None:
    await open_menu(desk, "something broke")
    items = desk.page.get_by_role("menuitem")
    await expect(items.filter(has_text="Reply")).to_have_count(1)
    for name in ("Edit", "Delete", "Pin"):
        await expect(items.filter(has_text=re.compile(f"^{name}"))).to_have_count(0)
    await desk.page.keyboard.press("Escape")
    await expect(desk.page.get_by_role("menu")).to_have_count(0)


async def test_a_thread_from_a_message_by_keyboard(desk: Desk) -> None:
    await open_menu(desk, "something broke")
    await desk.page.keyboard.type("st")
    await desk.page.keyboard.press("Enter")
    name = desk.page.get_by_role("dialog", name="Start a thread").get_by_role("textbox", name="Name")
    await expect(name).to_have_value("something broke")
    await name.fill("the case")
    await name.press("Enter")
    entry = await desk.room.wait_for(lambda e: e["kind"] == "thread" and e["name"] == "the case")
    assert entry["owner_id"] == desk.me.id
    await expect(desk.page.get_by_role("combobox", name="Message #the case")).to_be_focused()
    await desk.page.keyboard.type("in the thread")
    await desk.page.keyboard.press("Enter")
    await desk.mine(content="in the thread", channel_id=entry["thread_id"])


async def test_a_message_menu_of_an_application(desk: Desk) -> None:
    await open_menu(desk, "something broke")
    await desk.page.get_by_role("menuitem", name="Explain").click()
    data = await desk.started("Explain")
    (shown,) = data["resolved"]["messages"].values()
    assert shown["content"] == "something broke"
    await expect(desk.message("Explain it is")).to_be_visible()
