"""The chat page in a browser: what a member writes, judged by the sandbox's record."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.browser.desk import Desk, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


GIVEN = """([type, target]) => {
  const files = new DataTransfer();
  files.items.add(new File(["log"], `${type}.txt`, { type: "text/plain" }));
  const about = { bubbles: true, cancelable: true };
  const event = type === "paste"
    ? new ClipboardEvent(type, { ...about, clipboardData: files })
    : new DragEvent(type, { ...about, dataTransfer: files });
  document.querySelector(target).dispatchEvent(event);
}"""


@pytest.mark.parametrize(("way", "target"), [("paste", ".composer textarea"), ("drop", ".messages")])
async def test_files_pasted_or_dropped_are_sent(desk: Desk, way: str, target: str) -> None:
    await desk.page.evaluate(GIVEN, [way, target])
    await expect(desk.page.get_by_role("list", name="Files to send")).to_contain_text(f"{way}.txt")
    await desk.box.press("Enter")
    entry = await desk.mine(content="")
    (sent,) = (await desk.room.message(entry["message_id"])).json["attachments"]
    assert (sent["filename"], sent["size"]) == (f"{way}.txt", 3)


async def test_a_command_on_its_way_leaves_alone_what_the_next_viewer_writes(desk: Desk) -> None:
    go = asyncio.Event()

    async def hold_back(route: Route) -> None:
        await go.wait()
        await route.continue_()

    await desk.page.route("**/op/slash", hold_back)
    await desk.page.keyboard.type("/silent")
    await expect(desk.page.get_by_role("option", selected=True)).to_contain_text("/silent")
    await desk.page.keyboard.press("Enter")
    async with desk.page.expect_request("**/op/slash"):
        await desk.page.get_by_role("button", name="Run /silent").click()
    await desk.become("Bob the Great")
    await desk.box.fill("mine")
    async with desk.page.expect_response("**/op/slash"):
        go.set()
    await desk.become("Alice")
    await expect(desk.page.get_by_role("form", name="Command /silent")).to_have_count(0)
    await expect(desk.box).to_have_value("")
    await desk.become("Bob the Great")
    await expect(desk.box).to_have_value("mine")
