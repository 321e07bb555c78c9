"""The end of tickets after a crash, and with a language model."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from sandbox import Sandbox
from sandbox.ollama import OllamaSandbox, Rule
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock
from tests.e2e.test_ticket_closing import DONE, closed, deliveries, seen, solved
from tests.e2e.test_tickets import set_up


async def test_a_crash_posts_nothing_twice_and_loses_nothing(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        thread = await solved(desk)
        await closed(desk, thread)
        proposal = await seen(desk.sam, desk.log, "Teach this?")
    for lost in (
        "delete from ticket_deliveries where kind in ('all', 'lesson')",
        "update ticket_deliveries set status = 'pending', message_id = null",
    ):
        with closing(sqlite3.connect(tmp_path / "lookout.db")) as connection, connection:
            connection.execute(lost)
    first = {each.id for each in await desk.sam.sees(desk.log)}
    await proposal.delete()
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:
        desk.bot = bot
        await bot.until("the rest", lambda: bot.rows(DONE) == [(1,)])
        assert len([e for e in home.posts(desk.log) if "**Ticket #0001**" in e["content"]]) == 1
        assert len([e for e in home.posts(thread) if "how was the help" in e["content"]]) == 1
        direct = await home.alice.sees(await home.alice.dm())
        assert len([each for each in direct if "Your ticket" in each.content]) == 1
        assert len({each.id for each in await desk.sam.sees(desk.log)} - first) == 1  # proposed anew
        assert set(deliveries(bot, home.guild.id).values()) == {"sent", "skipped"}
        asked = await seen(home.alice, thread, "how was the help")
        assert "5 of 5" in (await home.alice.click(asked, "5")).content
        form = await desk.sam.click(await seen(desk.sam, desk.log, "Teach this?"), "Look and teach")
        assert form.modal is not None


async def test_a_model_draws_the_lesson_from_staffs_words_alone(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with OllamaSandbox(["llama3.2:3b"]) as ollama:
        drawn = {
            "teachable": True,
            "question": "Where do exports go?",
            "answer": "To export.tmp.",
            "used": ["staff3"],
        }
        ollama.script(
            Rule(lambda asked: "The ticket, oldest first" in asked.prompt, json.dumps(drawn)),
            Rule(lambda asked: not asked.format, "Alice moved the export folder."),
        )
        llm = {"provider": "ollama", "ollama_host": ollama.url}
        async with running_bot(discord, llm=llm) as bot:
            await bot.until("commands", lambda: bool(discord.app.commands))
            desk = await set_up(home, bot)
            thread = await solved(desk)
            await closed(desk, thread)
            proposal = await seen(desk.sam, desk.log, "Teach this?")
            assert "Where do exports go?" in proposal.content
            assert "moved the export folder" in (await seen(desk.sam, desk.log, "**Ticket #0001**")).content
