"""Answers in tickets without a language model, from members of a sandbox to what staff see."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.models import Ticket
from bot.services.tickets.answer_ports import Post, QueueCard, Queued
from bot.services.tools import UnreachableError
from bot.tools.ticket_answers import DiscordAnswerDesk
from sandbox.handles import Channel, Member, Message
from tests.e2e.harness import Home, Running
from tests.e2e.test_tickets import Desk, set_up

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTIONS = (
    "select band, outcome, entry_id, helpful, reason from questions "
    "where guild_id = ? and finished_at is not null order by id"
)

COLOURS = ("red", "blue", "green", "grey", "white", "black")
SIZES = ("small", "large", "short", "long", "light")
THINGS = ("lamp", "printer", "scanner", "sofa", "ladder", "monitor", "drill", "kettle", "camera", "desk")


@pytest_asyncio.fixture(loop_scope="module")
async def desk(town: Home, watchman: Running) -> Desk:
    """A guild with tickets and a staff channel that the forum's readers include."""
    desk = await set_up(await town.with_staff(), watchman)
    desk.home.staff = await desk.home.discord.channel("queue", guild=town.guild)
    await town.owner.slash("config staff", channel=town.help, options={"channel": desk.home.staff})
    return desk


async def teach(desk: Desk, question: str, answer: str) -> int:
    options = {"question": question, "answer": answer}
    await desk.home.owner.slash("train add", channel=desk.home.chat, options=options)
    rows = desk.bot.rows("select max(id) from training_entries where guild_id = ?", desk.home.guild.id)
    return int(rows[0][0])


def asked(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.bot.rows(QUESTIONS, desk.home.guild.id)


async def outcomes(desk: Desk, *wanted: str) -> None:
    """Wait until the questions came to this."""
    await desk.bot.until(", ".join(wanted), lambda: [row[1] for row in asked(desk)] == list(wanted))


async def said(desk: Desk, thread: Channel) -> list[Message]:
    """What the bot said in a ticket, oldest first, without the card."""
    history = await thread.history()
    return [each for each in history[1:] if each.author_id == desk.home.discord.bot_user.id]


async def answers(desk: Desk, thread: Channel, count: int) -> list[Message]:
    async def there() -> bool:
        return len(await said(desk, thread)) == count

    await desk.bot.until(f"{count} answers", there)
    return await said(desk, thread)


def pinged(desk: Desk, place: Channel | None) -> list[Any]:
    """The allowed mentions of what the bot posted in a place, the card left out."""
    assert place is not None
    entries = desk.home.discord.record.messages(bot=True, channel_id=place.id, via="rest")
    return [each["allowed_mentions"] for each in entries if each["content"]]


async def queued(desk: Desk, count: int = 1) -> list[Message]:
    """What is in the staff channel."""
    assert desk.home.staff is not None
    staff = desk.home.staff

    async def there() -> bool:
        return len(await staff.history()) == count

    await desk.bot.until(f"{count} tickets in the staff channel", there)
    return await staff.history()


def shown(message: Message) -> dict[str, str]:
    """What a message's embed says."""
    [embed] = message.embeds
    told = {"title": embed["title"], "description": embed.get("description", "")}
    return told | {each["name"]: each["value"] for each in embed["fields"]}


async def a_ticket(desk: Desk, member: Member, title: str, text: str) -> Channel:
    await desk.open(member, title, text, settled=False)
    [*_, row] = desk.rows()
    return Channel(row[3], "", desk.home.discord)


async def test_a_trained_answer_is_posted_as_written_and_pings_nobody(desk: Desk) -> None:
    answer = "Ask **@everyone** in <#1>:\n```\nreset\n```"
    entry = await teach(desk, "How do I reset my password?", answer)
    thread = await a_ticket(desk, desk.home.alice, "Password", "How do I reset my password?")
    [message] = await answers(desk, thread, 1)
    assert message.content == f"{answer}\n-# Answer by the team, entry #{entry}"
    assert pinged(desk, thread) == [{"parse": []}]
    await outcomes(desk, "answered")
    assert asked(desk) == [("trained", "answered", entry, None, "")]
    await desk.in_state("waiting_member")
    assert desk.rows("select first_response_by from tickets") == [("training",)]


async def test_a_ticket_is_answered_from_three_hundred_imported_entries(desk: Desk) -> None:
    topics = [f"{size} {colour} {thing}" for size in SIZES for colour in COLOURS for thing in THINGS]
    rows = "".join(f"Where is the {topic}?,The {topic} is in room {at}.\n" for at, topic in enumerate(topics))
    options = {"file": ("rooms.csv", f"question,answer\n{rows}".encode()), "dry_run": False}
    await desk.home.owner.slash("train import", channel=desk.home.chat, options=options)
    record = desk.home.discord.record
    await desk.bot.until("the report", lambda: "Imported" in json.dumps(list(record)[-1], default=str))
    edits = [each for each in record if each["kind"] == "message_edit"][-2:]
    assert edits[0]["content"] == "Importing… 250 of 300 questions"
    assert edits[0]["message_id"] == edits[1]["message_id"]
    at = topics.index("small blue lamp")
    thread = await a_ticket(desk, desk.home.alice, "A lamp", "hello, where is the small blue lamp")
    [message] = await answers(desk, thread, 1)
    assert message.content.startswith(f"The small blue lamp is in room {at}.\n")


async def test_an_answer_too_long_for_a_message_is_an_embed(desk: Desk) -> None:
    answer = "so it goes " * 300
    entry = await teach(desk, "How does it go on?", answer.strip())
    thread = await a_ticket(desk, desk.home.alice, "On", "How does it go on?")
    [message] = await answers(desk, thread, 1)
    assert message.embeds[0]["description"] == f"{answer.strip()}\n-# Answer by the team, entry #{entry}"


async def test_what_is_not_trained_goes_to_staff_with_a_brief_and_one_ping(desk: Desk) -> None:
    thread = await a_ticket(desk, desk.home.alice, "@everyone <@&1>", "It is *broken* and I hate it @here")
    [message] = await answers(desk, thread, 1)
    assert "asked the team" in message.content
    assert "back" not in message.content
    [queue] = await queued(desk)
    assert queue.content == f"<@&{desk.role.id}>"
    told = shown(queue)
    assert told["title"] == "Ticket #0001 \\@everyone \\<\\@&1\\>"
    assert told["description"] == "It is \\*broken\\* and I hate it \\@here"
    assert told["Environment"] == "v2"
    assert told["Claimed by"] == "nobody yet"
    assert told["Tried by me"] == "nothing"
    assert told["Sentiment"].startswith("negative")
    assert desk.home.alice.mention in told["Member"]
    assert pinged(desk, desk.home.staff)[-1:] == [{"parse": [], "roles": [desk.role.id]}]
    await outcomes(desk, "handed_over")
    assert asked(desk)[0][4] == "no trained answer, and no language model"
    await desk.in_state("waiting_staff")

    await desk.sam.click(queue, "Claim")
    assert desk.rows()[0][2] == desk.sam.id
    [queue] = await queued(desk)
    assert shown(queue)["Claimed by"] == desk.sam.mention
    assert "Claim" not in str(queue.components)
    await desk.sam.slash("close", channel=thread)
    assert shown((await queued(desk))[0])["State"] == "Closed"


async def test_a_second_ticket_within_a_minute_pings_nobody(desk: Desk) -> None:
    for number, member in enumerate((desk.home.alice, desk.home.bob), 1):
        await a_ticket(desk, member, "It fails", "It is broken.")
        await queued(desk, number)
    assert [each.content for each in await queued(desk, 2)] == [f"<@&{desk.role.id}>", ""]
    desk.bot.clock.ahead += timedelta(minutes=2)
    await a_ticket(desk, desk.home.alice, "It fails again", "It is broken.")
    assert (await queued(desk, 3))[-1].content == f"<@&{desk.role.id}>"


async def test_who_may_not_read_the_ticket_gets_a_link_and_no_text(desk: Desk) -> None:
    only_staff = [
        {"target": "everyone", "deny": ["VIEW_CHANNEL"]},
        {"target": desk.home.discord.bot_user.id, "allow": ["VIEW_CHANNEL"]},
        {"target": desk.role.id, "allow": ["VIEW_CHANNEL"]},
        {"target": desk.home.alice.id, "allow": ["VIEW_CHANNEL"]},
    ]
    await desk.home.discord.call("set_overwrites", channel=desk.forum.id, overwrites=only_staff)
    thread = await a_ticket(desk, desk.home.alice, "My secret", "It is broken.")
    [queue] = await queued(desk)
    assert "secret" not in str(queue.embeds)
    assert "broken" not in str(queue.embeds)
    assert str(thread.id) in str(queue.components)


async def test_staff_who_write_silence_the_bot_until_it_is_resumed(desk: Desk) -> None:
    await teach(desk, "How do I reset it?", "Press reset.")
    await teach(desk, "How do I start it?", "Press start.")
    alice = desk.home.alice
    thread = await a_ticket(desk, alice, "Reset", "How do I reset it?")
    await answers(desk, thread, 1)
    await desk.sam.say("I am here.", thread)
    await desk.bot.until("silence", lambda: desk.rows("select bot_muted from tickets") == [(1,)])
    message = await alice.say("How do I start it?", thread)
    await desk.in_state("waiting_staff")
    stored = "select 1 from ticket_messages where message_id = ?"
    await desk.bot.until("it is heard", lambda: desk.bot.rows(stored, message.id))
    assert "support staff" in (await alice.slash("resume_ai", channel=thread)).content
    assert "I answer again" in (await desk.sam.slash("resume_ai", channel=thread)).content
    assert "answer here already" in (await desk.sam.slash("resume_ai", channel=thread)).content
    await alice.say("So how do I start it?", thread)
    [_, second] = await answers(desk, thread, 2)
    assert second.content.startswith("Press start.")


async def test_the_buttons_under_an_answer_are_for_whose_ticket_it_is(desk: Desk) -> None:
    entry = await teach(desk, "How do I reset it?", "Press reset.")
    alice, bob = desk.home.alice, desk.home.bob
    thread = await a_ticket(desk, alice, "Reset", "How do I reset it?")
    [answer] = await answers(desk, thread, 1)

    def verdicts() -> list[tuple[Any, ...]]:
        return desk.bot.rows(
            "select helpful, unhelpful, used_count from training_entries where id = ?", entry
        )

    assert "Only whose ticket it is" in (await bob.click(answer, "Yes")).content
    assert "whose ticket it is" in (await bob.click(answer, "Talk to a person")).content
    assert verdicts() == [(0, 0, 1)]
    for label in ("Yes", "Yes", "No"):
        assert "Thank you" in (await alice.click(answer, label)).content
    assert verdicts() == [(0, 1, 1)]
    assert asked(desk)[0][3] == 0
    assert "has been told" in (await alice.click(answer, "Talk to a person")).content
    assert "has this ticket already" in (await alice.click(answer, "Talk to a person")).content
    [queue] = await queued(desk)
    assert shown(queue)["Tried by me"] == f"• answered \\(trained \\#{entry}\\), which did not help"
    assert [each.content[:9] for each in await said(desk, thread)] == ["Press res", "I've aske"]
    thanks = (await alice.click(answer, "Yes")).message
    assert thanks is not None
    assert "is resolved" in (await alice.click(thanks, "Yes, it is resolved")).content


async def test_thanks_are_no_question(desk: Desk) -> None:
    await teach(desk, "How do I reset it?", "Press reset.")
    thread = await a_ticket(desk, desk.home.alice, "Reset", "How do I reset it?")
    await answers(desk, thread, 1)
    await desk.home.alice.say("Thanks, that worked!", thread)
    [_, message] = await answers(desk, thread, 2)
    assert message.content == "Glad to hear it. Is this ticket resolved?"
    assert "is resolved" in (await desk.home.alice.click(message, "Yes, it is resolved")).content
    assert desk.rows()[0][1] == "resolved"


async def test_the_same_answer_is_not_given_twice(desk: Desk) -> None:
    await teach(desk, "How do I reset it?", "Press reset.")
    thread = await a_ticket(desk, desk.home.alice, "Reset", "How do I reset it?")
    await answers(desk, thread, 1)
    await desk.home.alice.say("I did. So how do I reset it?", thread)
    [_, second] = await answers(desk, thread, 2)
    assert "asked the team" in second.content


async def test_ten_tickets_at_once_are_answered_each_on_its_own(desk: Desk) -> None:
    rows = "".join(f"How do I use part {'abcdefghij'[number]}?,Turn part {number}.\n" for number in range(10))
    options = {"file": ("parts.csv", f"question,answer\n{rows}".encode()), "dry_run": False}
    await desk.home.owner.slash("train import", channel=desk.home.chat, options=options)
    people = [await desk.home.person(f"p{number}") for number in range(10)]
    texts = [f"How do I use part {letter}?" for letter in "abcdefghij"]
    await asyncio.gather(
        *(desk.open(who, text, text, settled=False) for who, text in zip(people, texts, strict=True))
    )
    await outcomes(desk, *["answered"] * 10)
    openers = dict(
        desk.bot.rows("select opener_id, thread_id from tickets where guild_id = ?", desk.home.guild.id)
    )
    for number, who in enumerate(people):
        [answer] = await answers(desk, Channel(openers[who.id], "", desk.home.discord), 1)
        assert answer.content.startswith(f"Turn part {number}.")


async def test_a_post_whose_answer_was_lost_is_found_and_not_posted_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await teach(desk, "How do I reset it?", "Press reset.")
    post, tries = DiscordAnswerDesk.post, []

    async def lost(self: DiscordAnswerDesk, ticket: Ticket, what: Post) -> int:
        tries.append(await post(self, ticket, what))
        raise UnreachableError("the answer was lost")

    monkeypatch.setattr(DiscordAnswerDesk, "post", lost)
    thread = await a_ticket(desk, desk.home.alice, "Reset", "How do I reset it?")
    finished = "select answer_id from questions where finished_at is not null and guild_id = ?"
    await desk.bot.until("it is found", lambda: desk.bot.rows(finished, desk.home.guild.id))
    assert len(tries) == 1
    assert desk.bot.rows(finished, desk.home.guild.id) == [(tries[0],)]
    assert len(await said(desk, thread)) == 1
    await desk.in_state("waiting_member")


async def test_staff_are_called_once_though_the_answer_was_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, tries = DiscordAnswerDesk.queue, list[Queued]()

    async def lost(self: DiscordAnswerDesk, channel_id: int, card: QueueCard, *, again: bool) -> Queued:
        tries.append(await queue(self, channel_id, card, again=again))
        if len(tries) == 1:  # whoever calls first: the look each minute may come before the hand-over
            raise UnreachableError("the answer was lost")
        return tries[-1]

    monkeypatch.setattr(DiscordAnswerDesk, "queue", lost)
    await a_ticket(desk, desk.home.alice, "Reset", "How do I reset it?")
    called = "select queue_message_id from tickets where queue_message_id is not null and guild_id = ?"
    await desk.bot.until("it is found", lambda: desk.bot.rows(called, desk.home.guild.id))
    assert len(await queued(desk)) == 1
    assert tries[0] == tries[1]


async def test_a_ping_in_the_ticket_is_found_again_though_its_answer_was_lost(
    town: Home, watchman: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, tries = DiscordAnswerDesk.call, list[bool]()

    async def lost(self: DiscordAnswerDesk, ticket: Ticket, role_id: int, *, again: bool) -> None:
        tries.append(again)
        await call(self, ticket, role_id, again=again or len(tries) > 1)
        if len(tries) == 1:
            raise UnreachableError("the answer was lost")

    monkeypatch.setattr(DiscordAnswerDesk, "call", lost)
    monkeypatch.setattr(watchman.clock, "ahead", timedelta(0))  # Discord's own time
    desk = await set_up(town, watchman)  # there is no staff channel
    await town.discord.set_faults(enforce_nonce=False)
    thread = await a_ticket(desk, town.alice, "Reset", "How do I reset it?")
    noted = (
        "select 1 from ticket_events where kind = 'pinged' and ticket_id in "
        "(select id from tickets where guild_id = ?)"
    )
    await desk.bot.until("the note", lambda: desk.bot.rows(noted, town.guild.id))
    await town.discord.set_faults(enforce_nonce=True)
    assert len(tries) == 2
    assert len([each for each in town.posts(thread) if f"<@&{desk.role.id}>" in each["content"]]) == 1
