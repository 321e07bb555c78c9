"""Background work: every task is kept, and its failure is logged and survived."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from loguru import logger

from bot.services.clock import Clock

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a failed worker starts again


class Worker:
    """Runs `work` until it returns or is stopped; when it raises, logs that and starts it again."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], clock: Clock) -> None:
        self.name = name
        self._work = work
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start, unless it runs already."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Cancel the work and wait until it is gone."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            started = self._clock.monotonic()
            try:
                await self._work()
            except Exception:
                logger.exception("{} failed; starting it again in {} s", self.name, pause)
            else:
                return
            if self._clock.monotonic() - started > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


class TaskSet:
    """Short tasks nobody waits for: kept until they end, logged when they fail."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, Any], name: str) -> None:
        """Run `coroutine` in the background."""
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def cancel(self) -> None:
        """Cancel what still runs and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.opt(exception=task.exception()).error("{} failed", task.get_name())
