"""Text that tries to be more than text, and long rooms: what messages may not do to the page."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from sandbox import Sandbox
from sandbox.actions import messages
from sandbox.handles import Member
from sandbox.page.server import Page

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

DEADLINE = 15_000  # milliseconds
NAMES = ("chromium", "chromium-browser", "google-chrome")
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


@dataclass
class Scene:
    """A page somebody looks at, the sandbox behind it, and everything the page did meanwhile."""

    discord: Sandbox
    page: Any
    ann: Member
    bob: Member
    problems: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def shows(self, text: str) -> None:
        await self.page.get_by_text(text, exact=True).last.wait_for()

    async def embed(self, **changes: Any) -> None:
        bot = self.discord.bot_user.id
        await self.discord.call("say", author=bot, channel="general", content="", embeds=[changes])


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "no Chromium is on the path; CHROMIUM can name one"
        )
    async with Sandbox() as discord, playwright.async_playwright() as player:
        await discord.guild("Home", bot_permissions=["administrator"])
        await discord.channel("general")
        ann, bob = await discord.member("ann"), await discord.member("bob")
        served = Page(discord.core, "token")
        await served.start("127.0.0.1")
        browser = await player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = await (await browser.new_context(reduced_motion="reduce")).new_page()
        page.set_default_timeout(DEADLINE)
        made = Scene(discord, page, ann, bob)
        page.on("pageerror", lambda error: made.problems.append(str(error)))
        page.on("console", lambda said: made.problems.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: made.asked.append(request.url))
        await page.goto(served.address)
        await page.get_by_role("log").wait_for()
        yield made
        await browser.close()
        await served.stop()


HARM = """() => {
  const room = document.querySelector(".messages");
  const bad = [];
  if ("pwned" in window) bad.push("a script ran");
  for (const element of room.querySelectorAll("*")) {
    const tag = element.tagName.toLowerCase();
    if (["script", "iframe", "object", "embed", "link", "style", "form", "base"].includes(tag)) bad.push(tag);
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on") || name === "srcdoc") bad.push(`${tag} ${name}`);
      if (name === "href" && !/^(https?:|mailto:)/.test(value)) bad.push(`href ${value}`);
    }
  }
  if (room.scrollWidth > room.clientWidth) bad.push("wider than the room");
  if (document.documentElement.scrollWidth > innerWidth) bad.push("wider than the window");
  return bad;
}"""


async def assert_harmless(scene: Scene) -> None:
    assert await scene.page.evaluate(HARM) == []
    assert scene.problems == []
    assert [
        url for url in scene.asked if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:"))
    ] == []


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS.keys())
async def test_a_message_stays_text(scene: Scene, trick: str) -> None:
    await scene.ann.say(trick, "general")
    await scene.bob.say("after it", "general")
    await scene.shows("after it")
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


async def test_right_to_left_text_leaves_what_follows_alone(scene: Scene) -> None:
    await scene.discord.member("ylime", display="\u202eylime")
    emily = await scene.discord.member("ylime")
    await emily.say("\u202edesrever", "general")
    name = scene.page.locator("button.author", has_text="ylime")
    await name.wait_for()
    when = scene.page.locator(".message", has=name).locator(".when")
    left, right = await name.bounding_box(), await when.bounding_box()
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


class App:
    """The application's side of an interaction, by its HTTP API."""

    def __init__(self, scene: Scene) -> None:
        self._discord = scene.discord

    async def answer(self, body: dict[str, Any], after: int = 0) -> None:
        entry = await self._discord.wait_for(lambda e: e["kind"] == "interaction", 5.0, after)
        found = next(
            i for i in self._discord.core.world.interactions.values() if i.id == entry["interaction_id"]
        )
        url = f"{self._discord.api_url}/interactions/{found.id}/{found.token}/callback"
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
            assert response.status < 300, await response.text()


FORM = {
    "custom_id": "form",
    "title": TRICKS["image"][:45],
    "components": [
        {
            "type": 18,
            "label": "Name",
            "component": {"type": 4, "custom_id": "name", "style": 1, "min_length": 3},
        },
        {
            "type": 18,
            "label": "Why",
            "component": {"type": 4, "custom_id": "why", "style": 2, "required": False},
        },
    ],
}


async def press(scene: Scene) -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Press", "custom_id": "p"}]}
    bot = scene.discord.bot_user.id
    await scene.discord.call("say", author=bot, channel="general", content="hi", components=[row])
    await scene.page.get_by_role("button", name="Press").click()


async def test_a_form_says_what_is_wrong_and_keeps_what_was_typed_when_it_fails(scene: Scene) -> None:
    scene.discord.core.interaction_deadline = 1.0
    app = App(scene)
    await press(scene)
    await app.answer({"type": 9, "data": FORM})
    form = scene.page.get_by_role("dialog")
    await form.wait_for()
    await scene.page.keyboard.type("Jo")
    await form.get_by_role("button", name="Submit").click()
    await form.get_by_text("At least 3 characters").wait_for()
    await scene.page.keyboard.type("hn")
    await form.get_by_role("button", name="Submit").click()
    await form.get_by_text("What you typed is still here").wait_for()
    assert await form.get_by_label("Name").input_value() == "John"
    last = scene.discord.record.last
    await form.get_by_role("button", name="Submit").click()
    await app.answer({"type": 4, "data": {"content": "thank you", "flags": 64}}, last)
    await form.wait_for(state="detached")
    await scene.shows("thank you")
    await scene.page.locator(".ephemeral-foot").get_by_role("button", name="Dismiss").click()
    assert await scene.page.get_by_text("thank you", exact=True).count() == 0
    await assert_harmless(scene)


async def test_a_button_nobody_answers_says_so(scene: Scene) -> None:
    scene.discord.core.interaction_deadline = 0.2
    await press(scene)
    await scene.page.get_by_text("This interaction failed").wait_for()


CHOICES = {
    "custom_id": "choices",
    "title": "Order",
    "components": [
        {
            "type": 18,
            "label": "Size",
            "component": {
                "type": 21,
                "custom_id": "size",
                "options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}],
            },
        },
        {
            "type": 18,
            "label": "Extras",
            "component": {
                "type": 22,
                "custom_id": "extras",
                "options": [{"label": "Lid", "value": "a"}, {"label": "Straw", "value": "b"}],
            },
        },
        {"type": 18, "label": "Agreed", "component": {"type": 23, "custom_id": "agreed"}},
    ],
}
PICTURE = {"type": 18, "label": "Picture", "component": {"type": 19, "custom_id": "picture"}}


async def test_options_and_boxes_of_a_form_are_filled_in(scene: Scene) -> None:
    await press(scene)
    await App(scene).answer({"type": 9, "data": CHOICES})
    form = scene.page.get_by_role("dialog", name="Order")
    await form.get_by_role("button", name="Submit").click()
    await form.get_by_text("Choose one.").wait_for()
    await form.get_by_role("radiogroup", name="Size").get_by_label("Large").check()
    await form.get_by_role("group", name="Extras").get_by_label("Lid").check()
    await form.get_by_label("Agreed").check()
    await form.get_by_role("button", name="Submit").click()
    entry = await scene.discord.wait_for(lambda e: e["kind"] == "interaction" and e["type"] == 5)
    fields = [label["component"] for label in entry["data"]["components"]]
    assert [field.get("value", field.get("values")) for field in fields] == ["l", ["a"], True]


async def test_a_form_that_needs_a_file_says_that_it_cannot_be_sent(scene: Scene) -> None:
    await press(scene)
    await App(scene).answer({"type": 9, "data": CHOICES | {"components": [PICTURE]}})
    form = scene.page.get_by_role("dialog", name="Order")
    await form.get_by_text("the form can't be sent from here").wait_for()
    assert await form.get_by_role("button", name="Submit").is_disabled()
