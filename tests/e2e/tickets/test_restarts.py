"""A bot that stops in any state of a ticket: what members and staff press afterwards still works, once."""

import asyncio
from datetime import timedelta
from pathlib import Path

from sandbox import Sandbox
from sandbox.handles import Channel
from sandbox.ollama import OllamaSandbox
from sandbox.ollama.answers import Answer as Said
from sandbox.ollama.answers import Asked
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock
from tests.e2e.test_language_model import AtPace
from tests.e2e.test_ticket_answers import a_ticket, answers, outcomes, queued, said
from tests.e2e.test_ticket_closing import DONE, seen, written
from tests.e2e.tickets.test_whole_life import BLINKS, CLEAN, RESET, SOLUTION, a_desk, model

HEARD = "select 1 from ticket_messages where message_id = ?"


async def test_the_bots_own_talk_goes_on_after_a_restart_in_every_state(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        desk = await a_desk(home, bot)
        thread = await a_ticket(desk, home.alice, "Printer", RESET)
        [first] = await answers(desk, thread, 1)
    await home.alice.say(CLEAN, thread)  # nobody listens
    async with running_bot(discord, folder=tmp_path) as bot:  # answered
        desk.bot = bot
        [_, second] = await answers(desk, thread, 2)
        assert second.content.startswith("Wipe it")
        assert "Thank you" in (await home.alice.click(first, "No")).content
        await home.alice.say("Thanks, that worked!", thread)
        [*_, thanks] = await answers(desk, thread, 3)
    async with running_bot(discord, folder=tmp_path) as bot:  # thanked
        desk.bot = bot
        assert "is resolved" in (await home.alice.click(thanks, "Yes, it is resolved")).content
    async with running_bot(discord, folder=tmp_path) as bot:  # resolved
        desk.bot = bot
        await home.alice.say(BLINKS, thread)
        [*_, told] = await answers(desk, thread, 4)
        assert "asked the team" in told.content
    async with running_bot(discord, folder=tmp_path) as bot:  # handed over
        desk.bot = bot
        assert "has this ticket already" in (await home.alice.click(second, "Talk to a person")).content
        await outcomes(desk, "answered", "answered", "thanked", "handed_over")


async def test_staff_go_on_after_a_restart_in_every_state(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        desk = await a_desk(home, bot)
        thread = await a_ticket(desk, home.alice, "Lamp", BLINKS)
        [queue] = await queued(desk)
    async with running_bot(discord, folder=tmp_path) as bot:  # handed over
        desk.bot = bot
        assert "is yours" in (await desk.sam.click(queue, "Claim")).content
        await desk.sam.say(SOLUTION, thread)
        await desk.in_state("waiting_member")
    unheard = await home.alice.say(f"And now: {RESET}", thread)  # staff are there, so it is theirs
    async with running_bot(discord, folder=tmp_path) as bot:  # with staff
        desk.bot = bot
        await desk.in_state("waiting_staff")
        await bot.until("it is heard", lambda: bot.rows(HEARD, unheard.id))
        await outcomes(desk, "handed_over")
        assert "I answer again" in (await desk.sam.slash("resume_ai", channel=thread)).content
        await desk.sam.slash("close", channel=thread)
        await bot.until("the closing", lambda: bot.rows(DONE) == [(1,)])
    async with running_bot(discord, folder=tmp_path) as bot:  # closed
        desk.bot = bot
        assert home.staff is not None
        rating = await seen(home.alice, thread, "how was the help")
        assert "3 of 5" in (await home.alice.click(rating, "3")).content
        form = await desk.sam.click(await seen(desk.sam, home.staff, "Teach this?"), "Look and teach")
        await desk.sam.submit(form, written(SOLUTION, BLINKS))
        assert bot.rows("select count(*) from training_entries") == [(3,)]


async def test_a_ticket_that_was_not_opened_yet_is_opened_after_a_restart_and_its_timers_go_on(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:
        desk = await a_desk(home, bot)
        await a_ticket(desk, home.alice, "Printer", RESET)
        await desk.sam.slash("close", channel=home.chat, number=1)
        await bot.until("the closing", lambda: bot.rows(DONE) == [(1,)])
        answer = await desk.open(home.bob, "Printer", RESET, settled=False)
        assert answer.message is not None
        assert "similar solved ticket" in str(answer.message.embeds)
        assert len(desk.rows()) == 1
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:
        desk.bot = bot
        await home.bob.click(answer.message, "Open anyway")
        timers = "select remind_at is null, close_at is null from tickets where number = 2"
        await bot.until("timers", lambda: bot.rows(timers) == [(0, 0)])  # it is answered
        assert len(await said(desk, Channel(desk.rows()[1][3], "", discord))) == 1
    clock.ahead += timedelta(hours=200)
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:  # waiting for a silent member
        desk.bot = bot
        await bot.until("the reminder", lambda: bot.rows(timers) == [(1, 0)])
        clock.ahead += timedelta(hours=73)
        await desk.in_state("closed", 2)


async def test_a_bot_that_stops_while_a_model_writes_answers_once_after_its_start(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with OllamaSandbox(["llama3.2:3b"]) as ollama:
        began = asyncio.Event()

        async def never(_: Asked) -> Said:
            began.set()
            return Said("Too late.", wait=asyncio.Event().wait)

        ollama.script(never)
        options = {"folder": tmp_path, "llm": model(ollama)}
        async with running_bot(discord, clock=AtPace(), **options) as bot:
            desk = await a_desk(home, bot)
            thread = await a_ticket(desk, home.alice, "Lamp", BLINKS)
            await asyncio.wait_for(began.wait(), 10)
        assert await said(desk, thread) == []
        ollama.script("Which lamp is it?")
        async with running_bot(discord, clock=AtPace(), **options) as bot:
            desk.bot = bot
            await outcomes(desk, "clarified")
            assert [each.content for each in await said(desk, thread)] == ["Which lamp is it?"]
            await home.alice.say("The left one.", thread)
            await outcomes(desk, "clarified", "handed_over")
