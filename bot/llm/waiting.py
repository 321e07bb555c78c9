"""Waiting with an end, on an injected clock, and keeping hold of what still runs."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.llm.errors import ProviderUnavailable
from bot.llm.ports import Clock

T = TypeVar("T")


class Kept:
    """Tasks that are kept until they end, so that none is left behind at the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    def __len__(self) -> int:
        """Return how many run."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run `work` in the background.

        Raises:
            ProviderUnavailable: everything is being closed.
        """
        if self._is_closed:
            work.close()
            raise ProviderUnavailable("no model is asked any more: the bot is shutting down")
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def ends_within(self, seconds: float, awaited: asyncio.Future[Any]) -> bool:
        """Wait until `awaited` is done or `seconds` have passed; return whether it is done."""
        if not awaited.done() and seconds > 0:
            timer = self.spawn(self._clock.sleep(seconds), "llm deadline")
            try:
                await asyncio.wait({awaited, timer}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                timer.cancel()
        return awaited.done()

    async def close(self) -> None:
        """Cancel everything and wait until it is gone."""
        self._is_closed = True
        while tasks := [task for task in self._tasks if task is not asyncio.current_task()]:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen by whoever awaits it; after a deadline nobody does
