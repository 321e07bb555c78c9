"""Who asks for a summary that takes long sees how far it is, and shares it or waits for a turn."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Answer
from sandbox.ollama import Asked, OllamaSandbox, Rule
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home
from tests.e2e.test_language_model import AtPace
from tests.e2e.test_summaries import WORKERS, shown, talked

WRITTEN = "select task, outcome, output_tokens > 0 from llm_calls where task = 'summarize'"
TOLD = {"title": "Release", "decisions": [], "actions": [], "questions": []}


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaSandbox]:
    async with OllamaSandbox(["llama3.2:3b"]) as sandbox:
        yield sandbox


async def says(answer: Answer, words: str) -> None:
    """Return once an answer says so."""
    async with asyncio.timeout(10):
        while words not in answer.content:
            await asyncio.sleep(0.02)
            answer = await answer.refresh()


async def test_it_tells_how_far_it_is_and_who_asks_for_the_same_shares_it(
    discord: Sandbox, home: Home, running_bot: BotFactory, ollama: OllamaSandbox
) -> None:
    may_answer = asyncio.Event()
    asked: list[Asked] = []

    async def slowly(prompt: Asked) -> dict[str, Any]:
        asked.append(prompt)
        await may_answer.wait()
        sentence = {"text": "The release moves to Thursday.", "sources": [1, 2]}
        return {"topics": [TOLD | {"sentences": [sentence]}]}

    ollama.script(Rule(lambda each: "You take notes" in each.system, slowly))
    llm = {"provider": "ollama", "ollama_host": ollama.url}
    async with running_bot(discord, clock=AtPace(), llm=llm, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        for each in await talked(home):
            await bot.story(each)
        of_chat = {"channel": home.chat}
        public = of_chat | {"public": True}
        first = await home.owner.slash("summary channel", channel=home.chat, options=public)
        await says(first, "Reading what was said")
        await bot.until("the question", lambda: asked)
        same = await home.owner.slash("summary channel", channel=home.chat, options=public)
        await says(same, "Another summary is being made here")
        alices = await home.alice.slash("summary channel", channel=home.chat, options=of_chat)
        await says(alices, "Another summary is being made here")
        may_answer.set()
        for answer in (first, same, alices):
            told = await shown(answer)
            assert "The release moves to Thursday." in told
            assert "Written by llama3.2:3b by ollama · 3 of 3 messages, 1 channel" in told
        assert len(asked) == 1, "the second shared the first's, and the third's is of the same messages"
        assert len(bot.rows("select id from summaries")) == 2
        await bot.until("its cost", lambda: bot.rows(WRITTEN) == [("summarize", "answered", 1)])
