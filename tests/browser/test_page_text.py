"""Text that tries to be more than text, and long rooms: what messages may not do to the page."""

import asyncio
import json

import aiohttp
import pytest
from playwright.async_api import Route

from sandbox.actions import messages
from tests.browser import loopback
from tests.browser.scene import Scene, assert_harmless
from tests.sandbox.raw import Http

pytestmark = pytest.mark.asyncio(loop_scope="session")
TRICKS = {
    "image": '<img src=x onerror="window.pwned=1">',
    "script": "<script>window.pwned=1</script>",
    "frame": "<iframe srcdoc='<script>parent.pwned=1</script>'></iframe>",
    "svg": "<svg onload=window.pwned=1><a xlink:href='javascript:pwned=1'>x</a></svg>",
    "attribute": '" onmouseover="window.pwned=1" x="',
    "template": "${window.pwned=1} {{window.pwned=1}}",
    "masked": "[press](javascript:window.pwned=1)",
    "masked, odd": "[press]( JaVaScRiPt:window.pwned=1 )",
    "data": "[press](data:text/html,<script>window.pwned=1</script>)",
    "angled": "<javascript:window.pwned=1>",
    "code": "```html\n<script>window.pwned=1</script>\n```",
    "spoiler": "||<img src=x onerror=window.pwned=1>||",
    "override": "\u202e[txet](https://a.example)\u2066\u2067 gpj.exe",
    "zalgo": "z" + "\u0300\u0316\u035b\u0489" * 300,
    "wide": "x" * 1990,
    "deep": "> " + "**__~~||*_" * 190,
}

# The beginning of a picture of 640 by 200 pixels: its size is known, its content is not.
WIDE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\2\x80\0\0\0\xc8\x08\2\0\0\0" + bytes(40)


async def test_a_message_stays_text(scene: Scene) -> None:
    for name, trick in TRICKS.items():  # in one room: each page takes a second to open
        await scene.ann.say(trick, "general")
        await scene.bob.say(f"after {name}", "general")
        await scene.shows(f"after {name}")
        await assert_harmless(scene)


async def test_markup_is_shown_as_it_was_written(scene: Scene) -> None:
    await scene.ann.say(TRICKS["image"], "general")
    await scene.shows(TRICKS["image"])


async def test_every_part_of_an_embed_and_its_buttons_stays_text(scene: Scene) -> None:
    core = scene.discord.core
    place = next(item for item in core.world.channels.values() if item.name == "general")
    for trick in TRICKS.values():
        short = trick[:250]
        link = {"type": 2, "style": 5, "label": short[:80], "url": "javascript:window.pwned=1"}
        options = [{"label": short[:100], "value": "a", "description": short[:100], "default": True}]
        embed = {
            "title": short,
            "url": "javascript:window.pwned=1",
            "description": short,
            "author": {"name": short, "url": "javascript:window.pwned=1", "icon_url": "javascript:0"},
            "fields": [{"name": short, "value": short, "inline": True}] * 3,
            "footer": {"text": short, "icon_url": "data:text/html,x"},
            "image": {"url": "javascript:window.pwned=1"},
        }
        rows = [
            {"type": 1, "components": [link]},
            {"type": 1, "components": [{"type": 3, "custom_id": "s", "options": options}]},
        ]
        # Past the sandbox's own checks, which refuse such addresses: the page doesn't rely on them.
        messages.post(
            core, messages.Draft(place, scene.discord.app.bot, short, embeds=[embed], components=rows)
        )
    await scene.ann.say("after it", "general")
    await scene.shows("after it")
    await assert_harmless(scene)
    assert await scene.page.locator(".embed").count() == len(TRICKS)


async def test_a_phone_shows_files_pictures_and_boxes_whole(scene: Scene) -> None:
    await scene.page.set_viewport_size({"width": 390, "height": 844})
    await scene.ann.say(
        "x" * 300, "general", attachments=[("a.bin", b"x"), ("b" * 80 + ".bin", b"x"), ("a.png", WIDE)]
    )
    await scene.embed(title="t" * 200, fields=[{"name": "n" * 90, "value": "v" * 90, "inline": True}] * 3)
    await scene.page.locator(".embed").wait_for()
    edges = "element => element.getBoundingClientRect().right"
    parts = await scene.page.locator(".message :is(.file-card, .embed, .rich, .picture)").all()
    room = await scene.page.locator(".messages").evaluate(edges)
    assert parts
    assert [await part.inner_text() for part in parts if await part.evaluate(edges) > room] == []


async def test_names_of_people_and_files_stay_text(scene: Scene) -> None:
    mallory = await scene.discord.member("mallory", display=TRICKS["image"])
    await mallory.say(f"<@{mallory.id}>", "general", attachments=[(TRICKS["attribute"] + ".bin", b"x")])
    await scene.shows("@" + TRICKS["image"])
    await assert_harmless(scene)


async def test_a_picture_elsewhere_is_fetched_after_a_click_only(scene: Scene) -> None:
    await scene.embed(
        description="look",
        image={"url": "https://tracker.example/one.png"},
        footer={"text": "f", "icon_url": "https://tracker.example/two.png"},
    )
    button = scene.page.get_by_role("button", name="Picture on tracker.example")
    await button.wait_for()
    await assert_harmless(scene)
    async with scene.page.expect_request("https://tracker.example/one.png"):
        await button.click()
    assert loopback.taken() == "Chromium to https://tracker.example/one.png\n"


async def test_a_picture_in_an_embed_is_not_shown_beside_it_too(scene: Scene) -> None:
    room = next(each for each in scene.discord.core.world.channels.values() if each.name == "general")
    said = {
        "embeds": [{"title": "A day", "image": {"url": "attachment://chart.png"}}],
        "attachments": [{"id": 0, "filename": "chart.png", "description": "two bars"}],
    }
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(said), content_type="application/json")
    form.add_field("files[0]", WIDE, filename="chart.png", content_type="image/png")
    async with Http(scene.discord.api_url, scene.discord.token) as http:
        assert (await http("POST", f"/channels/{room.id}/messages", data=form)).status == 200
    await scene.shows("A day")
    message = scene.page.locator("[data-id]").filter(has_text="A day")
    assert await message.locator(".embed .embed-image").count() == 1
    assert await message.locator(".picture, .file-card").count() == 1


async def test_right_to_left_text_leaves_what_follows_alone(scene: Scene) -> None:
    await scene.discord.member("ylime", display="\u202eylime")
    emily = await scene.discord.member("ylime")
    await emily.say("\u202edesrever", "general")
    name = scene.page.locator("button.author", has_text="ylime")
    await name.wait_for()
    when = scene.page.locator(".message", has=name).locator(".when")
    left, right = await name.bounding_box(), await when.bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]


async def test_fifty_mentions_are_fifty_names(scene: Scene) -> None:
    await scene.ann.say(f"<@{scene.bob.id}>" * 50, "general")
    chips = scene.page.locator(".message .mention", has_text="@bob")
    await chips.last.wait_for()
    assert await chips.count() == 50
    await chips.last.click()
    await scene.page.get_by_role("dialog", name="About bob").wait_for()
    await scene.page.keyboard.press("Escape")
    assert await scene.page.get_by_role("dialog").count() == 0


async def test_a_spoiler_is_read_by_keyboard_only_when_asked(scene: Scene) -> None:
    await scene.ann.say("it was ||the butler||", "general")
    spoiler = scene.page.get_by_role("button", name="Spoiler: show it")
    await spoiler.focus()
    await scene.page.keyboard.press("Enter")
    await scene.page.locator(".spoiler.shown", has_text="the butler").wait_for()


async def test_a_long_room_keeps_few_messages_in_the_page(scene: Scene) -> None:
    said = [{"author": scene.ann.id, "content": f"number {n}", "channel": "general"} for n in range(1200)]
    for start in range(0, len(said), 400):
        await scene.discord.say_many(said[start : start + 400])
    await scene.shows("number 1199")
    room = scene.page.locator(".messages")
    most = 0
    for _ in range(200):
        await room.evaluate("element => { element.scrollTop = 0; }")
        await scene.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        most = max(most, await scene.page.locator(".message").count())
        if await scene.page.get_by_text("This is where the channel begins.").count():
            break
    await scene.shows("number 0")
    assert 100 < most <= 300
    await scene.bob.say("one more", "general")
    await scene.page.get_by_role("button", name="1 new message").click()
    await scene.shows("one more")


async def test_reading_older_messages_is_not_disturbed_by_new_ones(scene: Scene) -> None:
    said = [{"author": scene.ann.id, "content": f"number {n}", "channel": "general"} for n in range(120)]
    await scene.discord.say_many(said)
    await scene.shows("number 119")
    await scene.page.locator(".messages").evaluate("element => { element.scrollTop -= 900; }")
    await scene.page.get_by_role("button", name="Jump to present").wait_for()
    marked = scene.page.locator(".message", has_text="number 90")
    before = await marked.bounding_box()
    await scene.bob.say("meanwhile", "general")
    await scene.page.get_by_role("button", name="1 new message").wait_for()
    assert await marked.bounding_box() == before


async def test_scrolling_is_not_undone_by_what_is_drawn_before_its_event(scene: Scene) -> None:
    said = [{"author": scene.ann.id, "content": f"number {n}", "channel": "general"} for n in range(120)]
    await scene.discord.say_many(said)
    await scene.shows("number 119")
    went = await scene.page.locator(".messages").evaluate("""async (element) => {
      const before = element.scrollTop;
      element.scrollTop -= 900;
      element.querySelectorAll(".message")[70].focus({ preventScroll: true }); // draws the list at once
      for (let frames = 0; frames < 5; frames += 1) await new Promise(requestAnimationFrame);
      return before - element.scrollTop;
    }""")
    assert went == pytest.approx(900, abs=2)


async def test_a_reply_leads_to_what_it_answers_however_far_up(scene: Scene) -> None:
    first = await scene.ann.say("the very first", "general")
    said = [{"author": scene.ann.id, "content": f"number {n}", "channel": "general"} for n in range(300)]
    await scene.discord.say_many(said)
    await scene.bob.say("answering", "general", reply_to=first)
    await scene.page.get_by_role("button", name="the very first").click()
    target = scene.page.locator(f"#message-{first.id}")
    await target.wait_for()
    assert await target.evaluate("element => element === document.activeElement")
    await scene.page.keyboard.press("ArrowDown")
    assert "number 0" in await scene.page.evaluate("document.activeElement.textContent")


async def test_who_leaves_while_an_old_message_is_looked_for_stays_where_they_went(scene: Scene) -> None:
    await scene.discord.channel("other")
    first = await scene.ann.say("the very first", "general")
    said = [{"author": scene.ann.id, "content": f"number {n}", "channel": "general"} for n in range(120)]
    await scene.discord.say_many(said)
    await scene.bob.say("answering", "general", reply_to=first)
    await scene.page.reload()
    await scene.shows("answering")
    go = asyncio.Event()

    async def hold_back(route: Route) -> None:
        await go.wait()
        await route.continue_()

    await scene.page.route("**/op/screen", hold_back)
    async with scene.page.expect_request("**/op/screen"):
        await scene.page.get_by_role("button", name="the very first").click()
    await scene.page.get_by_role("button", name="other, channel").click()
    async with scene.page.expect_request_finished(lambda request: request.url.endswith("/op/screen")):
        go.set()
    await scene.page.get_by_text("Welcome to #other").wait_for()
    assert await scene.page.locator(".toast").count() == 0
    await assert_harmless(scene)


async def test_code_that_cannot_be_copied_says_so(scene: Scene) -> None:
    await scene.ann.say("```py\nprint(1)\n```", "general")
    await scene.page.evaluate("""() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    }""")
    await scene.page.get_by_role("button", name="Copy the code").click()
    await scene.page.get_by_role("alert").get_by_text("did not let the page copy").wait_for()
    await assert_harmless(scene)


async def test_a_phone_stacks_the_fields_of_an_embed(scene: Scene) -> None:
    await scene.embed(fields=[{"name": f"field {n}", "value": "x", "inline": True} for n in range(3)])
    fields = scene.page.locator(".embed-field")
    await fields.nth(2).wait_for()
    lefts = "all => all.map((one) => Math.round(one.getBoundingClientRect().left))"
    assert len(set(await fields.evaluate_all(lefts))) == 3
    await scene.page.set_viewport_size({"width": 390, "height": 844})
    assert len(set(await fields.evaluate_all(lefts))) == 1


async def test_a_phone_opens_at_the_room_with_nothing_in_front(scene: Scene) -> None:
    await scene.page.set_viewport_size({"width": 390, "height": 844})
    await scene.page.add_init_script("""
      const { showModal } = HTMLDialogElement.prototype;
      HTMLDialogElement.prototype.showModal = function () {
        window.shown = this.className;
        showModal.call(this);
      };""")
    await scene.page.reload()
    await scene.page.get_by_role("log").wait_for()
    await scene.page.get_by_text("Welcome to #general").wait_for()
    assert await scene.page.evaluate("window.shown") is None


async def test_a_thread_has_room_for_its_name_on_a_phone(scene: Scene) -> None:
    await scene.page.set_viewport_size({"width": 390, "height": 844})
    await scene.ann.start_thread(None, "Login fails on phone", channel="general")
    await scene.page.get_by_role("button", name="Channels", exact=True).click()
    await scene.page.get_by_role("button", name="Login fails on phone, ").click()
    title = scene.page.get_by_role("heading", level=1, name="Login fails on phone")
    await title.wait_for()
    assert (await title.evaluate("element => element.clientWidth")) > 130
    await scene.page.get_by_role("button", name="Back to general").click()
    await scene.page.get_by_text("Welcome to #general").wait_for()
