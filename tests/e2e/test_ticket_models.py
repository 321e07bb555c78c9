"""Answers in tickets with a language model: a loopback Ollama, whose words are scripted."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from sandbox.handles import Channel
from sandbox.ollama import OllamaSandbox, Rule
from sandbox.ollama.answers import Answer, Asked
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running
from tests.e2e.test_language_model import AtPace
from tests.e2e.test_ticket_answers import a_ticket, answers, asked, outcomes, queued, said, shown, teach
from tests.e2e.test_tickets import Desk, set_up

pytestmark = pytest.mark.asyncio(loop_scope="module")
LONG = " ".join(f"Step {number} of many is to look at the cable." for number in range(30))
PIECES = tuple(f"{word} " for word in LONG.split(" "))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ollama() -> AsyncIterator[OllamaSandbox]:
    async with OllamaSandbox(["llama3.2:3b"]) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def watchman(city: Sandbox, ollama: OllamaSandbox, running_bot: BotFactory) -> AsyncIterator[Running]:
    """A bot that asks the loopback Ollama."""
    llm = {"provider": "ollama", "ollama_host": ollama.url, "breaker": {"consecutive": 99, "failures": 99}}
    async with running_bot(city, llm=llm, clock=AtPace()) as bot:
        await bot.until("the commands to be registered", lambda: bool(city.app.commands))
        yield bot


@pytest_asyncio.fixture(loop_scope="module")
async def desk(town: Home, watchman: Running, ollama: OllamaSandbox) -> Desk:
    ollama.heal()
    ollama.script("I am not scripted.")
    desk = await set_up(town, watchman)
    desk.home.staff = await desk.home.discord.channel("queue", guild=town.guild)
    await town.owner.slash("config staff", channel=town.help, options={"channel": desk.home.staff})
    return desk


async def choose(desk: Desk, **options: Any) -> None:
    await desk.home.owner.slash("ticket_answers", channel=desk.home.chat, options=options)


def composing(**answer: Any) -> Rule:
    """What a model makes of entries."""
    told = {"answered": True, "used": ["e1"], "answer": "Unplug it, then press reset."} | answer
    return Rule(lambda asked: bool(asked.format), told)


async def test_near_entries_are_put_together_and_named(desk: Desk, ollama: OllamaSandbox) -> None:
    entry = await teach(desk, "How do I reset the printer?", "Unplug it. Press reset.")
    await choose(desk, sure=1.0, near=0.0)
    ollama.script(composing())
    thread = await a_ticket(desk, desk.home.alice, "Printer", "the printer wants a reset, how")
    [message] = await answers(desk, thread, 1)
    source = f"-# Put together from the team's entry #{entry}"
    assert message.content == f"Unplug it, then press reset.\n{source}"
    await outcomes(desk, "answered")
    assert asked(desk)[0][:3] == ("composed", "answered", entry)
    assert desk.rows("select first_response_by from tickets") == [("llm",)]
    prompt = ollama.bodies()[-1]["messages"][-1]["content"]
    assert "> Answer: Unplug it. Press reset." in prompt


async def a_composed_ticket(
    desk: Desk, ollama: OllamaSandbox, answer: str, *later: str
) -> tuple[int, Channel]:
    """Have a ticket answered out of an entry, at first piece by piece; return the entry and the thread."""
    entry = await teach(desk, "How do I reset the printer?", "Look at the cable.")
    await choose(desk, mode="trained_only", sure=1.0, near=0.0)
    first, *rest = (
        json.dumps({"answered": True, "used": ["e1"], "answer": each}) for each in (answer, *later)
    )
    pieces = tuple(first[at : at + 12] for at in range(0, len(first), 12))
    ollama.script(Rule("", Answer(first, pieces=pieces), times=1), *rest)
    return entry, await a_ticket(desk, desk.home.alice, "Printer", "the printer wants a reset, how")


def posted(desk: Desk, thread: Channel) -> list[str]:
    """What the bot posted in a ticket as it was at first, the card left out."""
    entries = desk.home.discord.record.messages(bot=True, channel_id=thread.id, via="rest")
    return [each["content"] for each in entries if each["content"]]


async def test_what_is_put_together_is_shown_as_it_comes_with_its_source(
    desk: Desk, ollama: OllamaSandbox
) -> None:
    ollama.latency.line = 0.002
    try:
        entry, thread = await a_composed_ticket(desk, ollama, LONG)
        await outcomes(desk, "answered")
    finally:
        ollama.latency.line = 0.0
    source = f"-# Put together from the team's entry #{entry}"
    [message] = await said(desk, thread)
    assert message.content == f"{LONG}\n{source}"
    [first] = posted(desk, thread)
    begun = first.removesuffix(f" …\n{source}")
    assert begun != first  # it was there before it was whole
    assert LONG.startswith(begun)
    assert asked(desk)[0][:3] == ("composed", "answered", entry)


async def test_what_breaks_off_while_it_is_shown_is_replaced_by_another_answer(
    desk: Desk, ollama: OllamaSandbox
) -> None:
    ollama.fail("cut", after=100)
    entry, thread = await a_composed_ticket(desk, ollama, LONG, "Look at the cable.")
    await outcomes(desk, "answered")
    [message] = await said(desk, thread)
    assert message.content == f"Look at the cable.\n-# Put together from the team's entry #{entry}"
    assert posted(desk, thread)[0].startswith("Step 0")


async def test_what_may_not_be_posted_in_the_end_gives_way_to_staff(
    desk: Desk, ollama: OllamaSandbox
) -> None:
    token = desk.home.discord.token
    _, thread = await a_composed_ticket(desk, ollama, f"{LONG} {token}")
    await outcomes(desk, "handed_over")
    [message] = await said(desk, thread)
    assert "asked the team" in message.content
    assert posted(desk, thread)[0].startswith("Step 0")
    shown = [each for each in desk.home.discord.record if each["kind"] in ("message", "message_edit")]
    assert token not in json.dumps(shown)


@pytest.mark.parametrize(
    "answer",
    [{"used": ["e1", "e9"]}, {"used": []}, {"answered": False}, {"answer": "<@1> @everyone", "used": ["x"]}],
    ids=["one it was not given", "none", "it says so", "another name"],
)
async def test_an_answer_beyond_the_entries_is_not_posted(
    desk: Desk, ollama: OllamaSandbox, answer: dict[str, Any]
) -> None:
    await teach(desk, "How do I reset the printer?", "Unplug it.")
    await choose(desk, mode="trained_only", sure=1.0, near=0.0)
    ollama.script(composing(**answer))
    thread = await a_ticket(desk, desk.home.alice, "Printer", "the printer wants a reset, how")
    [message] = await answers(desk, thread, 1)
    assert "asked the team" in message.content
    await outcomes(desk, "handed_over")


async def test_grounded_asks_back_once_then_hands_over(desk: Desk, ollama: OllamaSandbox) -> None:
    ollama.script("Which version is it, @everyone?")
    thread = await a_ticket(desk, desk.home.alice, "It fails", "It is broken.")
    [back] = await answers(desk, thread, 1)
    assert back.content == "Which version is it, @\u200beveryone?"
    await desk.in_state("waiting_member")
    await desk.home.alice.say("Version two.", thread)
    [_, second] = await answers(desk, thread, 2)
    assert "asked the team" in second.content
    await outcomes(desk, "clarified", "handed_over")
    [queue] = await queued(desk)
    assert shown(queue)["Tried by me"] == "• asked for details"
    assert shown(queue)["Said since"] == "> Version two."


async def test_where_no_model_answers_a_template_asks_back(desk: Desk, ollama: OllamaSandbox) -> None:
    ollama.fail("status", times=5)
    thread = await a_ticket(desk, desk.home.alice, "It fails", "It is broken.")
    [back] = await answers(desk, thread, 1)
    assert back.content.startswith("I haven't found an answer to this yet.")


async def test_open_shows_the_answer_as_it_comes_marked_from_its_first_word(
    desk: Desk, ollama: OllamaSandbox
) -> None:
    await choose(desk, mode="open")
    ollama.script(Answer(LONG, pieces=PIECES))
    ollama.latency.line = 0.002
    try:
        thread = await a_ticket(desk, desk.home.alice, "It fails", "It is broken.")
        await outcomes(desk, "answered")
    finally:
        ollama.latency.line = 0.0
    mark = "-# Not checked by staff: written by a language model."
    [message] = await said(desk, thread)
    assert message.content.startswith("Step 0 of many")
    assert message.content.endswith(mark)
    posted = desk.home.discord.record.messages(bot=True, channel_id=thread.id, via="rest")[-1]
    assert posted["content"].endswith(f" …\n{mark}")  # it was there before it was whole


async def test_of_an_answer_that_breaks_off_nothing_stays(desk: Desk, ollama: OllamaSandbox) -> None:
    await choose(desk, mode="open")
    ollama.script(Answer(LONG, pieces=PIECES))
    ollama.fail("cut", after=200)
    thread = await a_ticket(desk, desk.home.alice, "It fails", "It is broken.")
    await outcomes(desk, "handed_over")
    assert ["asked the team" in each.content for each in await said(desk, thread)] == [True]
    posted = desk.home.discord.record.messages(bot=True, channel_id=thread.id, via="rest")
    assert any("Step 0" in each["content"] for each in posted)


async def test_staff_who_speak_while_a_model_writes_have_the_last_word(
    desk: Desk, ollama: OllamaSandbox
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_: Asked) -> Answer:
        began.set()
        return Answer("Which version?", wait=go_on.wait)

    ollama.script(slowly)
    thread = await a_ticket(desk, desk.home.alice, "It fails", "It is broken.")
    await asyncio.wait_for(began.wait(), 5)
    await desk.sam.say("I am on it.", thread)
    await desk.bot.until("silence", lambda: desk.rows("select bot_muted from tickets") == [(1,)])
    go_on.set()
    await outcomes(desk, "silent")
    assert await said(desk, thread) == []


async def test_messages_in_a_row_are_answered_together(desk: Desk, ollama: OllamaSandbox) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_: Asked) -> Answer:
        began.set()
        return Answer("Which version?", wait=go_on.wait)

    ollama.script(slowly)
    thread = await a_ticket(desk, desk.home.alice, "It fails", "It is broken.")
    await asyncio.wait_for(began.wait(), 5)
    for text in ("hello?", "it says E7", "what is E7?"):
        await desk.home.alice.say(text, thread)
    stored = "select 1 from ticket_messages where content = 'what is E7?'"
    await desk.bot.until("all are heard", lambda: desk.bot.rows(stored))
    go_on.set()
    await outcomes(desk, "clarified", "joined", "joined", "handed_over")
