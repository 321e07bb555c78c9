"""Buttons and forms of another bot, a discord.py client of this process, beside the real one."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import discord as dpy
import pytest
import pytest_asyncio
from playwright.async_api import expect

from bot.demo.stage import Stage
from tests.browser.conftest import Pages
from tests.sandbox.pointing import pointed_at

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Wish(dpy.ui.Modal, title="A wish"):
    colour: dpy.ui.TextInput["Wish"] = dpy.ui.TextInput(label="Colour", max_length=20)
    why: dpy.ui.TextInput["Wish"] = dpy.ui.TextInput(
        label="Why", style=dpy.TextStyle.paragraph, required=False
    )

    async def on_submit(self, interaction: dpy.Interaction) -> None:
        embed = dpy.Embed(title="Noted", description=f"A **{self.colour.value}** lamp: {self.why.value}")
        await interaction.response.send_message(embed=embed, ephemeral=True)


class Wishes(dpy.ui.View):
    @dpy.ui.button(label="Wish for a lamp", style=dpy.ButtonStyle.primary)
    async def wish(self, interaction: dpy.Interaction, _: dpy.ui.Button["Wishes"]) -> None:
        await interaction.response.send_modal(Wish())

    @dpy.ui.select(
        placeholder="Which room?", options=[dpy.SelectOption(label="Kitchen"), dpy.SelectOption(label="Hall")]
    )
    async def room(self, interaction: dpy.Interaction, select: dpy.ui.Select["Wishes"]) -> None:
        await interaction.response.edit_message(content=f"The {select.values[0].lower()} it is.", view=None)


@pytest_asyncio.fixture(loop_scope="session")
async def wishing_bot(stage: Stage) -> AsyncIterator[dpy.Client]:
    made = await stage.control.call("application", name="Genie")
    await stage.control.call("invite", app=made["id"])
    client = dpy.Client(intents=dpy.Intents.default())
    with pointed_at(SimpleNamespace(**stage.ready)):
        await client.login(made["token"])
        running = asyncio.create_task(client.connect())
        async with asyncio.timeout(15):
            await client.wait_until_ready()
        yield client
        await client.close()
        await running


async def test_a_button_opens_a_form_whose_answer_only_its_sender_sees(
    stage: Stage, pages: Pages, wishing_bot: dpy.Client
) -> None:
    channel = wishing_bot.get_channel(stage.places["general"])
    assert isinstance(channel, dpy.TextChannel)
    chat, other = await pages.open(stage.page_url), await pages.open(stage.page_url)
    await other.become("Robin")
    for each in (chat, other):
        await each.go("general")
    await channel.send("What shall it be?", view=Wishes())
    asked = chat.message("What shall it be?")

    await asked.get_by_role("button", name="Wish for a lamp").click()
    form = chat.page.get_by_role("dialog", name="A wish")
    await expect(form.get_by_label("Colour")).to_be_focused()
    await chat.page.keyboard.press("Enter")  # what is required is asked for, and nothing sent
    await expect(form.get_by_role("alert")).to_be_visible()
    await form.get_by_label("Colour").fill("green")
    await form.get_by_label("Why").fill("<b>it</b> glows")
    await chat.shot("form")
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_be_hidden()
    answer = chat.message("Noted")
    await expect(answer).to_contain_text("A green lamp: <b>it</b> glows")
    await expect(answer).to_contain_text("Only you can see this")
    await expect(other.message("What shall it be?")).to_be_visible()
    await expect(other.message("Noted")).to_have_count(0)

    await (
        asked.get_by_role("combobox", name="Which room?")
        .or_(asked.get_by_role("button", name="Which room?"))
        .click()
    )
    await chat.page.get_by_role("option", name="Hall").click()
    await expect(other.message("The hall it is.")).to_be_visible()
