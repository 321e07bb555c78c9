"""One ticket from the panel to the lesson: with a language model, with none, and with one that dies midway.

Judged from what members see in the sandbox, from its record and from the database file.
"""

import json
from pathlib import Path

from sandbox import Sandbox
from sandbox.handles import Channel
from sandbox.ollama import OllamaSandbox, Rule
from sandbox.ollama.answers import Answer
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running
from tests.e2e.test_language_model import AtPace
from tests.e2e.test_ticket_answers import a_ticket, answers, asked, outcomes, queued, said, shown, teach
from tests.e2e.test_ticket_closing import closed, deliveries, files, seen, written
from tests.e2e.test_ticket_models import LONG, PIECES, choose
from tests.e2e.test_tickets import Desk, set_up

RESET, CLEAN = "How do I reset the printer?", "How do I clean the printer?"
BLINKS = "It blinks red instead."
COMPOSED = {"answer": "Wipe it, then let it dry.", "used": ["e1"], "answered": True}
SOLUTION = "Set **lamp.mode** to steady, then start the printer again."
TRAINED = "select answer from training_entries where guild_id = ? order by id"


async def a_desk(home: Home, bot: Running) -> Desk:
    """Set up tickets, a staff channel and two trained answers."""
    await bot.until("commands", lambda: bool(home.discord.app.commands))
    desk = await set_up(home, bot)
    home.staff = await home.discord.channel("queue", guild=home.guild)
    await home.owner.slash("config staff", channel=home.help, options={"channel": home.staff})
    await teach(desk, RESET, "Press reset.")
    await teach(desk, CLEAN, "Wipe it with a cloth.")
    return desk


async def reply(desk: Desk, thread: Channel, text: str) -> str:
    """Have Alice write and return the one message that the bot says to that."""
    count = len(await said(desk, thread)) + 1
    await desk.home.alice.say(text, thread)
    return (await answers(desk, thread, count))[-1].content


async def begun(desk: Desk) -> Channel:
    """Have Alice ask what is trained; it doesn't help her."""
    thread = await a_ticket(desk, desk.home.alice, "Printer", RESET)
    [first] = await answers(desk, thread, 1)
    assert first.content == "Press reset.\n-# Answer by the team, entry #1"
    assert "Thank you" in (await desk.home.alice.click(first, "No")).content
    return thread


async def from_hand_over_to_lesson(desk: Desk, thread: Channel) -> str:
    """Have staff solve what was handed over and teach it; return the transcript."""
    home, bot = desk.home, desk.bot
    [queue] = await queued(desk)
    assert queue.content == f"<@&{desk.role.id}>"
    assert "which did not help" in shown(queue)["Tried by me"]
    assert (await desk.sam.click(queue, "Claim")).content == "Ticket #0001 is yours."
    before = [each.content for each in await said(desk, thread)]
    await desk.sam.say("Since when does it blink?", thread)
    await desk.sam.say(SOLUTION, thread)
    await desk.in_state("waiting_member")
    last = await home.alice.say("It is steady now. How do I clean the printer?", thread)
    kept = "select role from ticket_messages where message_id = ?"
    await bot.until("it is heard", lambda: bot.rows(kept, last.id) == [("member",)])
    await closed(desk, thread)
    now = [each.content for each in await said(desk, thread)]
    assert now[: len(before)] == before
    [ending, rating] = sorted(now[len(before) :], key=lambda text: "how was the help" in text)
    assert "how was the help" in rating  # and nothing to staff's words, nor to what she said then
    assert f"This ticket was closed by {desk.sam.mention}: updated" in ending
    assert (desk.thread(thread).archived, desk.tags(thread)) == (True, ["Closed"])

    transcript = files(desk, await seen(desk.sam, desk.log, "**Ticket #0001**"))["txt"]
    assert all(part in transcript for part in ("Press reset.", BLINKS, "lamp.mode", "It is steady now."))
    for_her = await seen(home.alice, await home.alice.dm(), "Your ticket")
    assert files(desk, for_her)["txt"] == transcript
    assert "4 of 5" in (await home.alice.click(for_her, "4")).content
    assert desk.rows("select rating, first_response_by from tickets") == [(4, "training")]

    assert len(bot.rows(TRAINED, home.guild.id)) == 2  # nothing trains itself
    assert home.staff is not None
    form = await desk.sam.click(await seen(desk.sam, home.staff, "Teach this?"), "Look and teach")
    assert "lamp.mode" in json.dumps(form.modal.json if form.modal else None)
    await desk.sam.submit(form, written(SOLUTION, BLINKS))
    assert bot.rows(TRAINED, home.guild.id)[2:] == [(SOLUTION,)]
    [taught] = await answers(desk, await a_ticket(desk, home.bob, "Lamp", BLINKS), 1)
    assert taught.content.startswith(SOLUTION)
    assert not set(deliveries(bot, home.guild.id).values()) - {"sent", "skipped"}
    return transcript


async def test_without_a_model(discord: Sandbox, home: Home, running_bot: BotFactory) -> None:
    async with running_bot(discord) as bot:
        desk = await a_desk(home, bot)
        thread = await begun(desk)
        assert (await reply(desk, thread, CLEAN)).startswith("Wipe it with a cloth.")
        assert "asked the team" in await reply(desk, thread, BLINKS)
        await from_hand_over_to_lesson(desk, thread)
        await outcomes(desk, "answered", "answered", "handed_over", "answered")  # the last one is Bob's
        assert [row[0] for row in asked(desk)] == ["trained", "trained", "below", "trained"]


async def test_with_a_model(discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path) -> None:
    async with OllamaSandbox(["llama3.2:3b"]) as ollama:
        lesson = {"teachable": True, "question": BLINKS, "answer": SOLUTION, "used": ["staff9"]}
        ollama.script(
            Rule(lambda what: "The ticket, oldest first" in what.prompt, lesson),
            Rule(lambda what: bool(what.format) and "Answer: Wipe it" in what.prompt, COMPOSED, times=1),
            Rule(lambda what: bool(what.format), {"answer": "", "used": [], "answered": False}),
            Rule(BLINKS, "Which lamp is it?", times=1),
            "The lamp blinked and is steady now.",
        )
        async with running_bot(discord, folder=tmp_path, llm=model(ollama), clock=AtPace()) as bot:
            desk = await a_desk(home, bot)
            await choose(desk, sure=1.0, near=0.0)
            thread = await begun(desk)
            composed = await reply(desk, thread, "the printer is dusty, how is it cleaned")
            assert composed == "Wipe it, then let it dry.\n-# Put together from the team's entry #2"
            assert await reply(desk, thread, BLINKS) == "Which lamp is it?"
            assert "asked the team" in await reply(desk, thread, "The left one.")
            transcript = await from_hand_over_to_lesson(desk, thread)
            assert "The lamp blinked and is steady now." in transcript
            await outcomes(desk, "answered", "answered", "clarified", "handed_over", "answered")


async def test_with_a_model_that_dies_amid_its_answer(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with OllamaSandbox(["llama3.2:3b"]) as ollama:
        ollama.script(Answer(LONG, pieces=PIECES))
        ollama.latency.line = 0.01
        async with running_bot(discord, llm=model(ollama), clock=AtPace()) as bot:
            desk = await a_desk(home, bot)
            await choose(desk, mode="open")
            thread = await begun(desk)
            await home.alice.say(BLINKS, thread)
            [_, growing] = await answers(desk, thread, 2)
            assert growing.content.startswith("Step 0 of many")
            await ollama.stop()
            await bot.until("the hand-over", lambda: "handed_over" in [row[1] for row in asked(desk)])
            [_, instead] = await said(desk, thread)
            assert (instead.id, "asked the team" in instead.content) == (growing.id, True)
            transcript = await from_hand_over_to_lesson(desk, thread)
            assert "Step 0" not in transcript


def model(ollama: OllamaSandbox) -> dict[str, object]:
    """The settings of a bot that asks this model."""
    return {"provider": "ollama", "ollama_host": ollama.url}
