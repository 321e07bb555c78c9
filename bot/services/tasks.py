"""Background work: every task is kept, and its failure is logged and survived."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
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
            except Exception:  # noqa: BLE001  (it is logged, and the work begun again)
                # One that keeps failing does its work no more: whoever runs the bot is told at once.
                level = "CRITICAL" if pause >= LONGEST_PAUSE else "ERROR"
                log = logger.bind(place=f"worker {self.name}").opt(exception=True)
                log.log(level, "{} failed; starting it again in {} s", self.name, pause)
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

    def __len__(self) -> int:
        """Return how many are running."""
        return len(self._tasks)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `coroutine` in the background."""
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def wait_for_one(self) -> None:
        """Wait until one of them ends."""
        if self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def cancel(self) -> None:
        """Cancel what still runs and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log = logger.bind(place=f"task {task.get_name()}").opt(exception=task.exception())
            log.error("{} failed", task.get_name())


class OrderedTasks(TaskSet):
    """A task set that keeps the order for each key and runs a bounded number of tasks at the same time."""

    def __init__(self, parallel: int) -> None:
        super().__init__()
        self._slots = asyncio.Semaphore(parallel)
        self._last: dict[Hashable, asyncio.Task[Any]] = {}  # the newest unfinished task of a key

    def spawn_after(self, key: Hashable, work: Callable[[], Awaitable[Any]], name: str) -> asyncio.Task[Any]:
        """Run `work` in the background, after what was spawned before for `key`."""
        task = self.spawn(self._in_turn(self._last.get(key), work), name)
        self._last[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))
        return task

    async def _in_turn(self, previous: asyncio.Task[Any] | None, work: Callable[[], Awaitable[Any]]) -> None:
        if previous is not None:
            await asyncio.wait({previous})
        async with self._slots:  # only now: who waits for their turn takes nobody's slot
            await work()

    def _forget(self, key: Hashable, done: asyncio.Task[Any]) -> None:
        if self._last.get(key) is done:
            del self._last[key]
