"""The chat page in a browser: what a member does with messages, judged by the sandbox's record."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

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
    await expect(desk.page.get_by_role("combobox", name="Message “the case”")).to_be_focused()
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


async def hold(desk: Desk, text: str) -> None:
    """Hold a finger on a message until its menu opens, then lift it."""
    line = await desk.page.context.new_cdp_session(desk.page)
    await line.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    box = await desk.message(text).locator(".rich").bounding_box()
    assert box is not None
    point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    await line.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    await expect(desk.page.get_by_role("menu", name="Message")).to_be_visible()
    await line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


async def test_a_finger_held_on_a_message_opens_its_menu_which_stays(desk: Desk) -> None:
    await desk.page.evaluate("""for (const name of ["touchend", "click", "mousedown"])
        addEventListener(name, (event) => (window.heard ??= []).push(name), true)""")
    await hold(desk, "something broke")
    await desk.page.wait_for_function("window.heard?.includes('touchend')")
    for _ in range(2):  # a click would come before the next pictures
        await desk.page.evaluate("new Promise(requestAnimationFrame)")
    assert await desk.page.evaluate("heard") == ["touchend"]
    await desk.page.get_by_role("menuitem", name="Explain").click()
    await desk.started("Explain")
    await expect(desk.message("Explain it is")).to_be_visible()


async def open_thread_menu(desk: Desk) -> None:
    await desk.page.get_by_role("button", name="Channel actions").click()
    await expect(desk.page.get_by_role("menu")).to_be_visible()


async def test_a_thread_is_renamed_archived_and_written_in_again_by_who_started_it(desk: Desk) -> None:
    await desk.me.start_thread(None, "the case", channel="help")
    await desk.page.get_by_role("button", name=re.compile("^the case, ")).click()
    await open_thread_menu(desk)
    await expect(desk.page.get_by_role("menuitem", name="Lock")).to_have_count(0)
    await desk.page.get_by_role("menuitem", name="Rename").click()
    name = desk.page.get_by_role("dialog", name="Rename the thread").get_by_role("textbox", name="Name")
    await name.fill("the solved case")
    await name.press("Enter")
    title = desk.page.get_by_role("heading", level=1)
    await expect(title).to_have_text("the solved case")
    await expect(desk.page.get_by_role("button", name="Channel actions")).to_be_focused()
    await open_thread_menu(desk)
    await desk.page.get_by_role("menuitem", name="Archive").click()
    await expect(desk.page.get_by_text("Archived", exact=True)).to_be_visible()
    await desk.box.fill("one more thing")
    await desk.box.press("Enter")
    await expect(desk.page.get_by_text("Archived", exact=True)).to_have_count(0)
    await desk.mine(content="one more thing")


async def test_a_locked_thread_takes_nothing_from_members_until_a_moderator_unlocks_it(desk: Desk) -> None:
    thread = await desk.me.start_thread(None, "the case", channel="help")
    mods = await desk.room.role("mods", permissions=["manage_threads"])
    await desk.room.member("mona", display="Mona", roles=[mods])
    await desk.become("Mona")
    await desk.page.get_by_role("button", name=re.compile("^the case, ")).click()
    await open_thread_menu(desk)
    await desk.page.get_by_role("menuitem", name="Lock").click()
    await expect(desk.page.get_by_text("Locked", exact=True)).to_be_visible()
    await desk.become("Alice")
    await expect(desk.page.get_by_text("This thread is locked: only moderators")).to_be_visible()
    await expect(desk.box).to_have_count(0)
    await desk.become("Mona")
    await open_thread_menu(desk)
    await desk.page.get_by_role("menuitem", name="Unlock").click()
    await desk.become("Alice")
    await desk.box.fill("at last")
    await desk.box.press("Enter")
    await desk.mine(content="at last", channel_id=thread.id)


async def test_pressing_start_twice_starts_one_thread(desk: Desk) -> None:
    go = asyncio.Event()
    asked = []

    async def hold_back(route: Route) -> None:
        asked.append(route.request.post_data_json)
        await go.wait()
        await route.continue_()

    await desk.page.route("**/op/start_thread", hold_back)
    await open_thread_menu(desk)
    await desk.page.get_by_role("menuitem", name="New thread").click()
    name = desk.page.get_by_role("dialog", name="New thread").get_by_role("textbox", name="Name")
    await name.fill("once")
    await name.press("Enter")
    await name.press("Enter")
    go.set()
    await expect(desk.page.get_by_role("heading", level=1)).to_have_text("once")
    assert len(asked) == 1
