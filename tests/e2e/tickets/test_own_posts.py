"""What members post in the forum of tickets themselves: a ticket like any other."""

import pytest
import pytest_asyncio

from sandbox.handles import Channel, Member
from tests.e2e.harness import Home, Running, fence
from tests.e2e.test_ticket_answers import answers, teach
from tests.e2e.test_tickets import Desk, chosen, set_up

pytestmark = pytest.mark.asyncio(loop_scope="module")
RESET = "How do I reset the printer? It is stuck."
OF = "select number, state, thread_id, opener_id, title, question, category_id is not null from tickets"


@pytest_asyncio.fixture(loop_scope="module")
async def desk(town: Home, watchman: Running) -> Desk:
    desk = await set_up(town, watchman)
    await chosen(watchman, town, "posts_after is not null", 1)
    return desk


async def post(desk: Desk, member: Member, title: str, text: str, *tags: str) -> Channel:
    """Post in the forum, with tags by their names."""
    known = {tag["name"]: tag["id"] for tag in desk.thread(desk.forum).available_tags}
    made, _ = await member.open_post(desk.forum, title, text, tags=[known[name] for name in tags])
    return made


async def adopted(desk: Desk, count: int = 1) -> None:
    """Wait until so many tickets have their card."""
    cards = "select count(*) from tickets where card_message_id is not null and guild_id = ?"
    await desk.bot.until(f"{count} cards", lambda: desk.bot.rows(cards, desk.home.guild.id) == [(count,)])


async def test_a_post_becomes_a_ticket_that_is_answered_once(desk: Desk) -> None:
    home = desk.home
    await teach(desk, "How do I reset the printer?", "Press reset.")
    thread = await post(desk, home.alice, "The **printer**", "How do I reset the printer?")
    await adopted(desk)
    [_, answer] = await answers(desk, thread, 2)  # with the card
    assert answer.content.startswith("Press reset.")
    await desk.in_state("waiting_member")
    assert desk.rows(OF) == [
        (1, "waiting_member", thread.id, home.alice.id, "The **printer**", "How do I reset the printer?", 0)
    ]
    first, card, *rest = await thread.history()
    assert (first.content, first.embeds) == ("How do I reset the printer?", [])
    assert [each.id for each in rest] == [answer.id]
    assert "#0001 The" in card.embeds[0]["title"]
    assert "description" not in card.embeds[0]  # it stands right above
    assert desk.thread(thread).name == "The **printer**"
    assert "is yours" in (await desk.sam.click(card, "Claim")).content

    await home.alice.edit(first, "How do I reset the old printer?")
    await desk.bot.until("the edit", lambda: "old printer" in desk.rows(OF)[0][5])
    await first.delete()
    await desk.bot.until("the deletion", lambda: desk.rows(OF)[0][5] == "")
    await home.alice.say("It still blinks.", thread)
    await desk.bot.until("what was said", lambda: desk.bot.rows(
        "select 1 from ticket_messages where content = 'It still blinks.' and ticket_id = "
        "(select id from tickets where thread_id = ?)", thread.id
    ))  # fmt: skip


async def test_a_post_has_the_category_of_its_tag_and_keeps_tags_of_others(desk: Desk) -> None:
    home = desk.home
    desk.forum = await home.discord.channel("asks", guild=home.guild, type="forum", tags=["Printer"])
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    await home.owner.choose(message, "Forum for tickets", [desk.forum])
    await chosen(desk.bot, home, "parent_id", desk.forum.id)
    await home.owner.submit(await home.owner.click(message, "Categories"), {"One a line": "Billing"})

    async def shown() -> bool:
        embeds = str((await message.fetch()).embeds)
        return "Billing" in embeds and "all there" in embeds

    await desk.bot.until("the tags", shown)
    await chosen(desk.bot, home, "posts_after is not null", 1)
    thread = await post(desk, home.alice, "Invoice", "Where is it?", "Printer", "Billing", "Closed")
    await adopted(desk)
    assert desk.rows(OF)[0][6] == 1
    await desk.bot.until(
        "the tags", lambda: sorted(desk.tags(thread)) == ["Billing", "Printer", "Waiting for staff"]
    )


async def test_who_has_enough_tickets_is_told_once_in_the_post(desk: Desk) -> None:
    home = desk.home
    await post(desk, home.alice, "First", RESET)
    await adopted(desk)
    second = await post(desk, home.alice, "Second", RESET)
    third = await post(desk, home.bob, "Third", RESET)  # taken up after the second
    await adopted(desk, 2)
    assert [row[2] for row in desk.rows(OF)][1:] == [third.id]
    [told] = (await second.history())[1:]
    assert "made no ticket of this post. You can open the next ticket" in told.content
    assert told.json["mentions"][0]["id"] == str(home.alice.id)


async def test_posts_stay_posts_where_that_was_chosen_and_those_from_before(desk: Desk) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None

    async def choose(what: str, stored: int) -> None:
        form = await home.owner.click(message, "Staff channel, transcripts, posts")
        given = {"Transcript for the member": "yes", "Members' own posts in the forum": what}
        await home.owner.submit(form, given)
        await chosen(desk.bot, home, "adopt_posts", stored)

        async def told() -> bool:
            return ("becomes a ticket" in str((await message.fetch()).embeds)) is bool(stored)

        await desk.bot.until("the setup to say so", told)

    await choose("posts", 0)
    before = await post(desk, home.alice, "Read me first", "The rules.")
    await fence(home, desk.bot)
    await choose("tickets", 1)
    await chosen(desk.bot, home, "posts_after", before.id)
    after = await post(desk, home.alice, "It fails", RESET)
    await adopted(desk)
    assert [row[2] for row in desk.rows(OF)] == [after.id]
    assert len(await before.history()) == 1
