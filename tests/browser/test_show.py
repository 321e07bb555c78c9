"""The demo's page with the real bot behind it: what a member, a newcomer, staff and the owner do and see."""

import re

import pytest
from playwright.async_api import expect

from bot.demo.stage import Stage
from tests.browser.conftest import Pages

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_member_asks_and_sees_the_answer_and_why(stage: Stage, pages: Pages) -> None:
    chat = await pages.open(stage.page_url)
    await expect(chat.page.get_by_role("button", name=re.compile("Viewing as Lea"))).to_be_visible()
    await chat.go("help")
    asked = await chat.say("How do I dim only the kitchen lamp? Any ideas?")
    answer = chat.reply_to("How do I dim only the kitchen lamp?")
    await expect(answer).to_contain_text("Lookout")
    await expect(answer).to_contain_text("Lea")

    await asked.get_by_role("button", name="help request: answered").click()
    await expect(chat.noted.get_by_role("heading", name="help request: answered")).to_be_visible()
    rows = await chat.rows()
    told = {name: rows[name] for name in ("purpose", "intent", "plan", "action", "where", "stage")}
    assert told == {
        "purpose": "support",
        "intent": "help request",
        "plan": "answer (help request)",
        "action": "reply in #help: sent",
        "where": "#help",
        "stage": "done",
    }
    assert 0.5 < float(rows["confidence"]) <= 1
    assert "how do i" in rows["why"]
    await chat.shot("member-asks")


async def test_what_the_bot_leaves_alone_says_so(stage: Stage, pages: Pages) -> None:
    chat = await pages.open(stage.page_url)
    await chat.go("general")
    said = await chat.say("the tea is excellent today")
    await expect(said.get_by_role("button", name="nothing asked")).to_be_visible()
    listed = chat.noted.get_by_role("button", name="the tea is excellent")
    await expect(listed).to_have_count(0)
    flagged_only = chat.noted.get_by_role("switch", name="Flagged only", checked=True)
    await flagged_only.focus()
    await chat.page.keyboard.press("Space")
    await expect(listed).to_be_visible()
    await chat.become("Nadia")
    await chat.go("staff")
    hidden = await chat.say("I keep getting an error here, can anyone help?")
    await expect(hidden.get_by_role("button", name="not observed")).to_be_visible()


async def test_the_owner_configures_with_slash_commands(stage: Stage, pages: Pages) -> None:
    owner = await pages.open(stage.page_url)
    await owner.become("Nadia")
    await owner.go("help")
    other = await pages.open(stage.page_url)  # a member, in the same channel at the same time
    await other.become("Tom")  # each test asks as somebody else: a second question is treated differently
    await other.go("help")

    await owner.command("config staff", channel="staff")
    answer = owner.message("Escalations go to")
    await expect(answer).to_contain_text("staff")
    await expect(answer).to_contain_text("Only you can see this")

    await owner.command("config show")
    shown = owner.message("Quiet hours")
    await expect(shown).to_contain_text("Auto-replies")
    await expect(shown).to_contain_text("/config show")
    await owner.shot("owner-config")

    asked = await other.say("Can anyone tell me how to turn the lamp off?")
    await expect(owner.message("turn the lamp off")).to_be_visible()
    await expect(asked.get_by_role("button", name="help request: answered")).to_be_visible()
    await expect(other.message("Quiet hours")).to_have_count(0)
    await expect(other.place("staff")).to_have_count(0)
    await expect(owner.place("staff")).to_be_visible()

    message_id = await asked.get_attribute("data-id")
    await owner.command("audit message", message=message_id or "")
    audit = owner.message("Intent")
    await expect(audit).to_contain_text("help_request")
    await expect(audit).to_contain_text("turn the lamp off")
    await owner.shot("owner-audit")


async def test_members_see_whether_the_bot_answers_and_staff_see_each_part(
    stage: Stage, pages: Pages
) -> None:
    member = await pages.open(stage.page_url)
    await member.go("help")
    await member.command("status")
    told = member.message("No language model is set up")
    await expect(told).to_contain_text("Only you can see this")
    await expect(told).not_to_contain_text("Database")

    await member.become("Nadia")
    await member.go("help")
    await member.command("status")
    told = member.message("Database")
    for part in ("Gateway", "SQLite", "Queues", "discord.py"):
        await expect(told).to_contain_text(part)
    await member.shot("owner-status")


async def test_an_urgent_report_reaches_the_staff(stage: Stage, pages: Pages) -> None:
    owner = await pages.open(stage.page_url)
    await owner.become("Nadia")
    await owner.go("staff")
    await owner.command("config staff", channel="staff")
    await expect(owner.message("Escalations go to")).to_be_visible()

    newcomer = await pages.open(stage.page_url)
    await newcomer.become("Robin")
    await newcomer.go("general")
    urgent = await newcomer.say(
        "URGENT: the shop is down! Every page returns a 502 and customers are calling, can someone help??"
    )
    await expect(urgent.get_by_role("button", name="handed to the staff")).to_be_visible()
    alert = owner.message("Needs a person (urgent): Robin in")
    await expect(alert).to_contain_text("Lookout")
    await alert.get_by_role("button", name=re.compile("^general .* message$")).click()  # not a link away
    await expect(owner.page.get_by_role("heading", level=1)).to_have_text("general")
    await expect(owner.message("URGENT: the shop is down!")).to_be_focused()


async def test_a_post_in_the_forum_is_answered_there(stage: Stage, pages: Pages) -> None:
    chat = await pages.open(stage.page_url)
    await chat.become("Pavel")
    await chat.go("support")
    await expect(
        chat.page.get_by_role("button", name=re.compile("Importing from the old version"))
    ).to_be_visible()
    await chat.page.get_by_role("button", name="New post").click()
    form = chat.page.get_by_role("form", name="New post")
    await form.get_by_label("Title").fill("The timer forgets its lamps")
    await form.get_by_label("Text").fill(
        "The timer crashes every night with an error and forgets all lamps. Does anyone know what is wrong?"
    )
    await form.get_by_role("button", name="Post", exact=True).click()
    await expect(chat.page.get_by_role("heading", level=1)).to_have_text("The timer forgets its lamps")
    await expect(chat.reply_to("The timer crashes every night")).to_contain_text("Lookout")
    post = chat.message("The timer crashes every night").first
    await expect(chat.page.get_by_role("button", name="problem report: answered").first).to_be_visible()
    await expect(post).to_be_visible()
    await chat.shot("forum-post")


async def test_a_thread_is_started_and_answered_in(stage: Stage, pages: Pages) -> None:
    chat = await pages.open(stage.page_url)
    await chat.become("Otto")
    await chat.go("dev")
    said = await chat.say("let us talk about the new switch")
    await chat.act(said, "Start a thread")
    asked = chat.page.get_by_role("dialog", name=re.compile("thread", re.IGNORECASE))
    await asked.get_by_role("textbox").first.fill("the new switch")
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_role("heading", level=1)).to_have_text("the new switch")
    await chat.say("How do I wire the new switch? I can't find any instructions")
    await expect(chat.reply_to("How do I wire the new switch?")).to_contain_text("Lookout")


async def test_a_reaction_is_seen_by_the_others(stage: Stage, pages: Pages) -> None:
    lea, robin = await pages.open(stage.page_url), await pages.open(stage.page_url)
    await robin.become("Robin")
    for chat in (lea, robin):
        await chat.go("general")
    said = await lea.say("my lamp is shaped like a goose")
    seen = robin.message("shaped like a goose")
    await robin.act(seen, "Add a reaction")
    await robin.page.get_by_role("searchbox", name="Search emoji").fill("tada")
    await robin.page.keyboard.press("Enter")
    await expect(said.get_by_role("button", name=re.compile("^🎉: 1$"))).to_be_visible()
    await said.get_by_role("button", name=re.compile("^🎉: 1$")).click()
    await expect(seen.get_by_role("button", name=re.compile("^🎉: 2"))).to_be_visible()
