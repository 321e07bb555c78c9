"""A ticket in the demo's page: from the panel's button to a trained answer, and as its staff see it."""

import io
import re

import pytest
from playwright.async_api import expect

from bot.demo.desk import open_desk
from bot.demo.player import set_staff_channel
from bot.demo.screen import Screen, console_for
from bot.demo.stage import Stage
from bot.demo.story import STORY
from tests.browser.conftest import Pages

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_ticket_is_opened_answered_handed_over_and_claimed(stage: Stage, pages: Pages) -> None:
    assert STORY.desk is not None
    unseen = Screen(console_for(io.StringIO(), quiet=True))
    await set_staff_channel(stage, unseen)
    await open_desk(stage, STORY.desk, unseen)

    member = await pages.open(stage.page_url)
    await member.go("open-a-ticket")
    await member.page.get_by_role("button", name="Open a ticket").click()
    form = member.page.get_by_role("dialog", name="Open a ticket")
    await form.get_by_label("Title").fill("Password")
    await form.get_by_label("Description").fill("How do I reset my password?")
    await form.get_by_role("button", name="Submit").click()
    await member.message("Ticket #0001 is open").get_by_text("#0001 Password").click()
    await expect(member.message("press Forgot password")).to_be_visible()
    await member.page.get_by_role("button", name="No", exact=True).click()
    thanks = member.message("Write what is missing")
    await thanks.get_by_role("button", name="Talk to a person").click()
    await expect(member.message("I've asked the team")).to_be_visible()
    await member.shot("ticket-member")

    await member.go("tickets")
    card = member.page.get_by_role("region", name="Posts in tickets").get_by_role("button", name="Password")
    await expect(card).to_contain_text("Waiting for staff")
    await expect(card).not_to_contain_text("\\")
    await expect(member.page.get_by_role("button", name="New post")).to_be_hidden()

    staff = await pages.open(stage.page_url, phone=True)
    await staff.become("Jonas")
    await staff.go("staff")
    queued = staff.page.locator("[data-id]").filter(has_text="Ticket #0001 Password").last
    await queued.get_by_role("button", name="Claim").click()
    await expect(queued).to_contain_text(re.compile("Claimed by\\s*@Jonas"))
    await staff.shot("ticket-staff")
