"""Forms and buttons of an application, answered by its HTTP API: what is asked for, refused and kept."""

from typing import Any

import aiohttp
import pytest
from playwright.async_api import expect

from tests.browser.scene import Scene, assert_harmless

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    "title": "<img src=x onerror=window.pwned=1>",
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


@pytest.mark.parametrize("way", ["Escape", "Cancel"])
async def test_a_closed_form_leaves_the_room_and_the_focus_where_they_were(scene: Scene, way: str) -> None:
    await scene.discord.channel("other")
    await press(scene)
    await App(scene).answer({"type": 9, "data": FORM})
    form = scene.page.get_by_role("dialog")
    await form.wait_for()
    await scene.page.keyboard.press("Alt+ArrowDown")
    if way == "Cancel":
        await form.get_by_role("button", name="Cancel").focus()
    await scene.page.keyboard.press("Escape" if way == "Escape" else "Enter")
    await form.wait_for(state="detached")
    await expect(scene.page.get_by_role("button", name="Press")).to_be_focused()
    assert await scene.page.get_by_role("heading", level=1).inner_text() == "general"


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
