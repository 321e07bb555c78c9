"""The line that tells how far a summary is."""

import asyncio

import discord
import pytest

from cogs.summaries import progress
from cogs.summaries.progress import Progress


class Answer:
    """A deferred answer that notes how it is edited."""

    def __init__(self) -> None:
        self.lines: asyncio.Queue[str] = asyncio.Queue()
        self.fails = False

    async def edit_original_response(self, *, content: str) -> None:
        self.lines.put_nowait(content)
        if self.fails:
            self.fails = False
            raise discord.DiscordException("gone")


async def test_it_says_how_much_is_read_and_nothing_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    answer = Answer()
    async with asyncio.timeout(10), Progress(answer, must_wait=False) as shown:  # type: ignore[arg-type]
        assert await answer.lines.get() == "Reading what was said…"
        shown.tell(1_000, 1_204)
        assert await answer.lines.get() == "Read 1,000 of 1,204 messages…"
    shown.tell(1_204, 1_204)
    await asyncio.sleep(0)
    assert answer.lines.empty()


async def test_who_waits_for_a_turn_is_told_so() -> None:
    answer = Answer()
    async with asyncio.timeout(10), Progress(answer, must_wait=True):  # type: ignore[arg-type]
        assert "yours comes after it" in await answer.lines.get()


async def test_a_line_that_is_lost_costs_only_that_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.0)
    answer = Answer()
    answer.fails = True
    async with asyncio.timeout(10), Progress(answer, must_wait=False) as shown:  # type: ignore[arg-type]
        await answer.lines.get()
        shown.tell(1, 2)
        assert await answer.lines.get() == "Read 1 of 2 messages…"
