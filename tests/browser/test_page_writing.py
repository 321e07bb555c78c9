"""The chat page in a browser: everything by which a member acts, judged by the sandbox's record."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Locator, Page, async_playwright, expect

from sandbox import Sandbox
from sandbox.handles import Member
from sandbox.page.server import Page as Served
from tests.sandbox.raw import Http, Socket

pytestmark = pytest.mark.asyncio(loop_scope="module")
fixture = pytest_asyncio.fixture
TOPICS = ["Rules", "Roles", "Refunds", "Opening hours"]
STRING, INTEGER, ROLE, ATTACHMENT = 3, 4, 8, 11


def option(kind: int, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "description": f"The {name}", **more}


def upload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


COMMANDS: list[dict[str, Any]] = [
    {
        "name": "config",
        "description": "Settings",
        "options": [
            option(1, "staff", options=[option(ROLE, "role", required=True), option(STRING, "note")]),
            option(1, "length", options=[option(INTEGER, "words", required=True, max_value=200)]),
        ],
    },
    {
        "name": "find",
        "description": "Look it up",
        "options": [option(STRING, "topic", required=True, autocomplete=True)],
    },
    {"name": "read", "description": "Read it", "options": [option(ATTACHMENT, "file", required=True)]},
    {"name": "silent", "description": "Never answers"},
    {"name": "Explain", "type": 3},
]


async def answer(room: Sandbox, http: Http, socket: Socket) -> None:
    """Be the bot: offer topics, answer every command but /silent."""
    while True:
        item = await asyncio.wait_for(_next(socket), None)
        data = item["data"]
        reply: dict[str, Any] = {"type": 4, "data": {"content": f"{data['name']} it is"}}
        if item["type"] == 4:
            typed = data["options"][0]["value"].lower()
            fits = [{"name": topic, "value": f"id-{topic}"} for topic in TOPICS if typed in topic.lower()]
            reply = {"type": 8, "data": {"choices": fits}}
        if data["name"] != "silent":
            await http("POST", f"/interactions/{item['id']}/{item['token']}/callback", reply)


async def _next(socket: Socket) -> Any:
    while True:
        try:
            return await socket.until("INTERACTION_CREATE")
        except TimeoutError:
            continue


class Desk:
    """A member at the page."""

    def __init__(self, room: Sandbox, page: Page, me: Member, other: Member) -> None:
        self.room, self.page, self.me, self.other = room, page, me, other

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("combobox", name="Message #")

    def message(self, text: str) -> Locator:
        return self.page.locator("li.message", has_text=text)

    async def mine(self, **fields: Any) -> Any:
        """Wait for the record of a message of the member at the page."""
        wanted = {"author_id": self.me.id, **fields}
        return await self.room.wait_for(
            lambda e: e["kind"] == "message" and all(e[key] == value for key, value in wanted.items())
        )

    async def started(self, name: str) -> Any:
        """Wait for an interaction; return its data."""
        entry = await self.room.wait_for(
            lambda e: e["kind"] == "interaction" and e["data"]["name"] == name and e["type"] == 2
        )
        return entry["data"]


@fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "no Chromium on the path; CHROMIUM can name one"
        )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@fixture(loop_scope="module")
async def desk(chromium: Browser) -> AsyncIterator[Desk]:
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
        served = Served(room.core, "token")
        await served.start("127.0.0.1")
        async with Http(room.api_url, room.token) as http, await Socket.open(room.gateway_url) as socket:
            await http("PUT", f"/applications/{room.application_id}/commands", COMMANDS)
            await socket.identify(room.token, 1)
            bot = asyncio.create_task(answer(room, http, socket))
            page = await chromium.new_page()
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.add_init_script(f"sessionStorage.setItem('viewer', '{alice.id}')")
            await page.goto(served.address)
            made = Desk(room, page, alice, bob)
            await expect(made.box).to_be_focused()
            await expect(made.message("something broke")).to_be_visible()
            yield made
            await page.close()
            bot.cancel()
            await asyncio.gather(bot, return_exceptions=True)
        await served.stop()
        assert errors == []


async def test_a_command_by_keyboard_with_choices_of_the_bot(desk: Desk) -> None:
    keyboard = desk.page.keyboard
    await keyboard.type("/fin")
    await expect(
        desk.page.get_by_role("listbox", name="Commands").get_by_role("option").first
    ).to_contain_text("/find")
    await keyboard.press("Enter")
    await keyboard.type("r")
    choices = desk.page.get_by_role("listbox", name="topic").get_by_role("option")
    await expect(choices).to_have_text(["Rules", "Roles", "Refunds", "Opening hours"])
    await keyboard.type("ol")
    await expect(choices).to_have_text(["Roles"])
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await keyboard.press("Enter")
    assert (await desk.started("find"))["options"] == [{"type": 3, "name": "topic", "value": "id-Roles"}]
    await expect(desk.message("find it is")).to_be_visible()
    await expect(desk.box).to_be_focused()


async def test_a_command_written_as_text(desk: Desk) -> None:
    await desk.page.keyboard.insert_text("/config staff role:@staff note:why not")
    await desk.page.keyboard.press("Enter")
    (sub,) = (await desk.started("config"))["options"]
    role = (await desk.room.state())["guilds"]["Home"]["roles"]["staff"]
    assert {item["name"]: item["value"] for item in sub["options"]} == {"role": str(role), "note": "why not"}


async def test_what_is_wrong_with_an_option_is_told_before_it_is_sent(desk: Desk) -> None:
    await desk.page.keyboard.insert_text("/config length words:900")
    await desk.page.keyboard.press("Enter")
    words = desk.page.get_by_role("combobox", name="words")
    await expect(words).to_be_focused()
    await expect(desk.page.get_by_role("alert")).to_have_text("At most 200.")
    assert desk.room.record.of("interaction") == []
    await words.fill("90")
    await desk.page.keyboard.press("Enter")
    assert (await desk.started("config"))["options"][0]["options"][0]["value"] == 90


async def test_leaving_a_command_keeps_what_was_filled_in(desk: Desk) -> None:
    await desk.page.keyboard.type("/config staff note:because")
    await desk.page.keyboard.press("Escape")
    await expect(desk.box).to_have_value("/config staff note:because")
    await desk.box.fill("")
    await desk.page.keyboard.type("/config length ")
    await desk.page.keyboard.press("Backspace")
    await expect(desk.box).to_have_value("/config length")


async def test_a_file_for_a_command(desk: Desk) -> None:
    await desk.page.keyboard.type("/read ")
    async with desk.page.expect_file_chooser() as chooser:
        await desk.page.get_by_role("button", name="file: choose a file").click()
    await (await chooser.value).set_files(upload("a.txt", b"hello"))
    await desk.page.get_by_role("button", name="Run /read").click()
    (resolved,) = (await desk.started("read"))["resolved"]["attachments"].values()
    assert (resolved["filename"], resolved["size"]) == ("a.txt", 5)


async def test_a_bot_that_does_not_answer_is_told_and_can_be_asked_again(desk: Desk) -> None:
    desk.room.core.interaction_deadline = 1.5
    await desk.page.keyboard.type("/silent")
    await desk.page.keyboard.press("Enter")
    await desk.page.keyboard.press("Enter")
    await expect(desk.page.get_by_text("Waiting for bot to answer")).to_be_visible()
    await expect(desk.page.get_by_text("bot did not respond in time.")).to_be_visible()
    await desk.page.get_by_role("button", name="Try again").click()
    await desk.room.wait_for(lambda _: len(desk.room.record.of("interaction")) == 2)


async def test_files_go_along_and_too_big_ones_are_named(desk: Desk) -> None:
    async with desk.page.expect_file_chooser() as chooser:
        await desk.page.get_by_role("button", name="Attach files").click()
    big = b"x" * (10 * 1024 * 1024 + 1)
    files = [upload("log.txt", b"log"), upload("gone.txt", b"x"), upload("big.bin", big)]
    await (await chooser.value).set_files(files)
    await expect(desk.page.get_by_role("alert")).to_contain_text("big.bin is 10 MB")
    await desk.page.get_by_role("button", name="Remove gone.txt").click()
    await desk.box.fill("see the log")
    await desk.page.keyboard.press("Enter")
    entry = await desk.mine(content="see the log")
    sent = (await desk.room.message(entry["message_id"])).json["attachments"]
    assert [(item["filename"], item["size"]) for item in sent] == [("log.txt", 3)]
    await expect(desk.page.get_by_role("list", name="Files to send")).to_have_count(0)


async def test_names_are_suggested_and_sent_as_ids(desk: Desk) -> None:
    await desk.page.keyboard.type("hey @bob")
    await desk.page.keyboard.press("Enter")
    await desk.page.keyboard.type("see #tal")
    await desk.page.keyboard.press("Tab")
    await expect(desk.box).to_have_value("hey @Bob the Great see #talk ")
    await desk.page.keyboard.press("Enter")
    talk = (await desk.room.state())["guilds"]["Home"]["channels"]["talk"]
    await desk.mine(content=f"hey <@{desk.other.id}> see <#{talk}>")
    await expect(desk.message("hey")).to_be_visible()
    await desk.page.keyboard.press("ArrowUp")
    editor = desk.page.get_by_role("combobox", name="Edit the message")
    await expect(editor).to_have_value("hey @Bob the Great see #talk")
    await editor.press_sequentially(" now")
    await editor.press("Enter")
    wanted = f"hey <@{desk.other.id}> see <#{talk}> now"
    await desk.room.wait_for(lambda e: e["kind"] == "message_edit" and e["content"] == wanted)
    await expect(desk.box).to_be_focused()


async def test_escape_leaves_a_message_as_it_was(desk: Desk) -> None:
    await desk.page.keyboard.type("first")
    await desk.page.keyboard.press("Enter")
    await expect(desk.message("first")).to_be_visible()
    await desk.page.keyboard.press("ArrowUp")
    await desk.page.keyboard.type(" changed")
    await desk.page.keyboard.press("Escape")
    await expect(desk.message("first")).not_to_contain_text("changed")
    assert desk.room.record.of("message_edit") == []


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


async def test_what_could_not_be_sent_comes_back_with_the_reason(desk: Desk) -> None:
    await desk.page.route("**/op/say", lambda route: route.abort())
    await desk.box.fill("precious words")
    await desk.box.press("Enter")
    await expect(desk.page.get_by_role("alert")).to_contain_text("Not sent")
    await expect(desk.box).to_have_value("precious words")
    await desk.page.unroute("**/op/say")
    await desk.box.press("Enter")
    await desk.mine(content="precious words")
    await expect(desk.page.get_by_role("alert")).to_have_count(0)


async def test_too_long_a_text_is_refused_before_it_is_sent(desk: Desk) -> None:
    await desk.box.fill("x" * 2001)
    await desk.box.press("Enter")
    await expect(desk.page.get_by_role("alert")).to_have_text("This is 1 characters too long.")
    await expect(desk.box).to_have_value("x" * 2001)
    assert desk.room.record.messages(author_id=desk.me.id) == []


async def test_drafts_stay_with_their_channel(desk: Desk) -> None:
    await desk.box.fill("for help")
    await desk.page.get_by_role("navigation").get_by_text("talk", exact=True).click()
    await expect(desk.box).to_have_value("")
    await desk.box.fill("for talk")
    await desk.page.get_by_role("navigation").get_by_text("help", exact=True).click()
    await expect(desk.box).to_have_value("for help")


async def test_where_nothing_may_be_written_the_page_says_why(desk: Desk) -> None:
    await desk.page.get_by_role("navigation").get_by_text("rules", exact=True).click()
    await expect(desk.page.get_by_text("You can't write here")).to_be_visible()
    await expect(desk.box).to_have_count(0)


async def test_an_archived_thread_says_that_writing_reopens_it(desk: Desk) -> None:
    target = (await desk.other.sees("help"))[0]
    thread = await desk.other.start_thread(target, "old")
    await thread.edit(archived=True)
    await desk.message("something broke").focus()
    await desk.page.get_by_role("button", name="Open the thread").click()
    await expect(desk.page.get_by_text("Writing in it reopens it.")).to_be_visible()
    await thread.edit(locked=True)
    await expect(desk.page.get_by_text("This thread is locked")).to_be_visible()


async def test_typing_is_told_once_while_writing_and_shown_of_others(desk: Desk) -> None:
    await desk.page.keyboard.type("slowly now")
    await desk.other.type("help")
    await expect(desk.page.get_by_text("Bob the Great is typing…")).to_be_visible()
    own = [entry for entry in desk.room.record.of("typing") if entry["user_id"] == desk.me.id]
    assert len(own) == 1


async def test_a_line_break_is_not_sent(desk: Desk) -> None:
    await desk.page.keyboard.type("one")
    await desk.page.keyboard.press("Shift+Enter")
    await desk.page.keyboard.type("two")
    await desk.page.keyboard.press("Enter")
    await desk.mine(content="one\ntwo")
