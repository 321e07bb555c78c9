"""Summaries that somebody asks for: one at a time in a server, and who asks for the same shares it."""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from bot.domain.errors import UserFacingError
from bot.domain.summaries import Reading
from bot.services.clock import Clock
from bot.services.summaries.collecting import Wanted
from bot.services.summaries.making import Manner, SummaryMaker
from bot.services.summaries.storing import Stored, SummaryStore
from bot.services.tasks import TaskSet
from bot.texts import text

WAITING: Final = 3  # summaries of one server beside the one being made
SECONDS: Final = 600.0  # a member waits no longer, turn and all; Discord takes an answer for 15 minutes

Progress = Callable[[int, int], None]


class _Key(NamedTuple):
    wanted: Wanted
    reading: Reading
    language: str


class _Work:
    """A summary under way, and who wants to hear how far it is."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Stored | None] | None = None
        self.listeners: list[Progress] = []

    def tell(self, read: int, total: int) -> None:
        for each in self.listeners:
            each(read, total)


class SummaryRequests:
    """Makes what members ask for."""

    def __init__(self, maker: SummaryMaker, store: SummaryStore, clock: Clock) -> None:
        self._maker = maker
        self._clock = clock
        self._store = store
        self._works: dict[_Key, _Work] = {}
        self._turns: dict[int, asyncio.Lock] = {}
        self._tasks = TaskSet()

    def must_wait(self, guild_id: int) -> bool:
        """Whether a summary of this server is being made already."""
        return any(key.wanted.guild_id == guild_id for key in self._works)

    async def ask(
        self, wanted: Wanted, reading: Reading, language: str | None, progress: Progress
    ) -> Stored | None:
        """Return the summary, None where nothing was said that its readers may read.

        Raises:
            UserFacingError: too many wait already.
        """
        key = _Key(wanted, reading, language or Manner().language)
        work = self._works.get(key)
        if work is None:
            if sum(each.wanted.guild_id == wanted.guild_id for each in self._works) > WAITING:
                raise UserFacingError(text("summaries.busy"))
            work = self._works[key] = _Work()
            work.task = self._tasks.spawn(self._made(key, work), f"a summary for {wanted.guild_id}")
        work.listeners.append(progress)
        assert work.task is not None
        try:
            return await asyncio.shield(work.task)
        finally:
            work.listeners.remove(progress)

    async def close(self) -> None:
        """Stop what is under way."""
        await self._tasks.cancel()

    async def _made(self, key: _Key, work: _Work) -> Stored | None:
        guild_id = key.wanted.guild_id
        turn = self._turns.setdefault(guild_id, asyncio.Lock())
        until = self._clock.monotonic() + SECONDS
        try:
            async with turn:
                left = max(0.0, until - self._clock.monotonic())  # what no model reads in it is extracted
                manner = Manner(key.reading, key.language, left, is_background=False, progress=work.tell)
                digest, collected = await self._maker.make(key.wanted, manner)
                if not collected.lines:
                    return None
                return await self._store.keep(key.wanted, digest, collected, key.reading)
        finally:
            del self._works[key]
            if not self.must_wait(guild_id):
                self._turns.pop(guild_id, None)
