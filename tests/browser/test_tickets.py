"""A ticket in the demo's page: from the panel's button to a trained answer, and as its staff see it."""

import io
import re

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from bot.demo.desk import open_desk
from bot.demo.player import set_staff_channel
from bot.demo.screen import Screen, console_for
from bot.demo.stage import Stage
from bot.demo.story import STORY
from tests.browser.chat import Chat
from tests.browser.conftest import Pages

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ready(stage: Stage) -> Stage:
    """The demo with its ticket desk open."""
    assert STORY.desk is not None
    unseen = Screen(console_for(io.StringIO(), quiet=True))
    await set_staff_channel(stage, unseen)
    await open_desk(stage, STORY.desk, unseen)
    return stage


async def test_a_ticket_is_opened_answered_handed_over_and_claimed(ready: Stage, pages: Pages) -> None:
    stage = ready
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


async def open_select(chat: Chat, name: str) -> Locator:
    """Open a select of the newest answer and return its list."""
    await chat.page.get_by_role("button", name=re.compile(f"^{name}")).last.click()
    return chat.page.get_by_role("dialog", name=name)


def thread(chat: Chat, title: str) -> Locator:
    """Return a ticket's thread in the list of channels."""
    channels = chat.page.get_by_role("navigation", name="Channels")
    return channels.get_by_role("button", name=re.compile(rf"^#[0-9]{{4}} {title}, "))


async def test_a_private_ticket_is_set_up_and_seen_by_its_member_and_staff_alone(
    ready: Stage, pages: Pages
) -> None:
    assert STORY.desk is not None
    stage = ready
    panel = stage.places[STORY.desk.panel]
    write, threads = ["send_messages"], ["manage_threads"]
    rules = [
        {"target": "everyone", "deny": write},
        {"target": "bot", "allow": [*write, *threads]},
        {"target": "Staff", "allow": threads},
    ]
    await stage.control.call("set_overwrites", channel=panel, overwrites=rules)

    owner = await pages.open(stage.page_url)
    await owner.become("Nadia")
    await owner.go("staff")
    await owner.command("setup", step="tickets")
    readers = await open_select(owner, "Who reads tickets")
    await readers.get_by_role("option", name="Only the member and staff").click()
    await expect(owner.message("Choose a channel to begin.")).to_be_visible()  # staff are chosen already
    channels = await open_select(owner, "Channel for private tickets")
    search, box = await channels.get_by_role("combobox").bounding_box(), await channels.bounding_box()
    assert search is not None
    assert box is not None
    assert search["x"] + search["width"] < box["x"] + box["width"]  # not cut off by its list
    await channels.get_by_role("option", name="open-a-ticket").click()
    await expect(owner.message("only the member and staff")).to_contain_text("open-a-ticket")

    member = staff = other = owner  # one page is enough, as one of them after the other
    await member.become("Mira")
    await member.go("open-a-ticket")
    await member.page.get_by_role("button", name="Open a ticket").click()
    form = member.page.get_by_role("dialog", name="Open a ticket")
    await form.get_by_label("Title").fill("Refund")
    await form.get_by_label("Description").fill("I was charged twice in March.")
    await form.get_by_role("button", name="Submit").click()
    await expect(thread(member, "Refund")).to_be_visible()

    await staff.become("Jonas")
    await expect(thread(staff, "Refund")).to_be_visible()
    await other.become("Pavel")
    await expect(other.place("open-a-ticket")).to_be_visible()
    await expect(other.page.get_by_text("Refund")).to_have_count(0)
