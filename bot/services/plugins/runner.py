"""Calls the handlers of one plugin: each with a deadline, measured, its failures counted."""

import asyncio
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from loguru import logger

from bot.plugin_api.errors import BotError, FullError, UserFacingError
from bot.services.clock import Clock
from bot.services.plugins.steps import Meter, Stepped
from bot.services.plugins.trouble import (
    PluginAllocated,
    PluginInterrupt,
    Trouble,
    TroubleKind,
)
from bot.services.tasks import TaskSet
from bot.settings import PluginSettings
from bot.texts import text

T = TypeVar("T")
GRACE = 1.0  # seconds for a handler to end once it is cancelled
CALLS = 20  # of one plugin at the same time, beside its events
_MEGABYTE = 1_000_000


class PluginFailedError(BotError):
    """A handler failed; it has been reported."""


class _Work(NamedTuple):
    what: str
    start: Callable[[], Coroutine[Any, Any, object]]


class _Failure(NamedTuple):
    at: float  # monotonic
    by: int | None  # whose call it was; None where the plugin acts by itself


class Runner:
    """Runs one plugin's handlers. Events wait in a bounded queue and keep their order."""

    def __init__(
        self,
        plugin: str,
        meter: Meter,
        clock: Clock,
        settings: PluginSettings,
        report: Callable[[Trouble], None],
        deadline: float | None = None,
    ) -> None:
        self.plugin = plugin
        self._meter = meter
        self._clock = clock
        self._settings = settings
        self._report = report
        self._deadline = deadline or settings.deadline_seconds
        self._queue: deque[_Work] = deque()
        self._tasks = TaskSet()
        self._running: set[asyncio.Task[Any]] = set()
        self._draining: asyncio.Task[Any] | None = None
        self._failures: deque[_Failure] = deque()
        self._calls = 0
        self.is_closed = False

    @property
    def depth(self) -> int:
        """How many events wait."""
        return len(self._queue)

    @property
    def failures(self) -> int:
        """How many handlers failed within the window."""
        return len(self._recent())

    def _recent(self) -> Sequence[_Failure]:
        oldest = self._clock.monotonic() - self._settings.failure_window_seconds
        while self._failures and self._failures[0].at < oldest:
            self._failures.popleft()
        return self._failures

    def _is_too_much(self) -> bool:
        """Whether it failed too often; one person's calls count once, lest they stop it for all."""
        failed = self._recent()
        by_itself = sum(each.by is None for each in failed)
        callers = {each.by for each in failed} - {None}
        return by_itself + len(callers) >= self._settings.failures

    def offer(self, what: str, start: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Have a handler called after those that wait; never waits, beyond the limit it is left out."""
        if self.is_closed:
            return
        if len(self._queue) >= self._settings.queue_size:
            self._tell(
                TroubleKind.OVERRUN, f"more than {len(self._queue):,} events wait; new ones are left out"
            )
            return
        self._queue.append(_Work(what, start))
        if self._draining is None or self._draining.done():
            self._draining = self._tasks.spawn(self._drain(), f"events of {self.plugin}")

    async def call(self, what: str, work: Coroutine[Any, Any, T], by: int | None = None) -> T:
        """Run a handler and return what it does, within its deadline; `by` is who calls.

        Raises:
            UserFacingError: it refuses, with words for who asked; that is no failure.
            PluginFailedError: it failed, which has been reported.
        """
        if self.is_closed or self._calls >= CALLS:
            work.close()
            raise UserFacingError(text("plugins.busy"))
        self._calls += 1
        try:
            return await self._run(what, work, by)
        finally:
            self._calls -= 1

    async def idle(self) -> None:
        """Return once no event waits."""
        while self._draining is not None and not self._draining.done():
            await asyncio.wait({self._draining})

    async def close(self) -> None:
        """Cancel what runs, forget what waits; what goes on all the same is cancelled at the next call."""
        self.is_closed = True
        self._queue.clear()
        await self._tasks.cancel()
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE)

    async def _drain(self) -> None:
        while self._queue:
            work = self._queue.popleft()
            with suppress(PluginFailedError, UserFacingError):
                await self._run(work.what, work.start())

    async def _run(self, what: str, work: Coroutine[Any, Any, T], by: int | None = None) -> T:
        task = asyncio.create_task(_awaited(self._stepped(work)), name=f"{self.plugin}: {what}")
        self._running.add(task)
        task.add_done_callback(self._ended)
        seconds = self._deadline
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
            if not done:
                await self._give_up(task, what, seconds, by)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE)
            raise
        return self._outcome(task, what, by)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # of one that was given up nobody else asks

    def _stepped(self, work: Coroutine[Any, Any, T]) -> Stepped[T]:
        return Stepped(work, self.plugin, self._meter, self._check_memory)

    async def _give_up(self, task: asyncio.Task[Any], what: str, seconds: float, by: int | None) -> None:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=GRACE)
        if not done:
            text = f"{what} took longer than {seconds:g} s and doesn't end when it is cancelled"
            self._tell(TroubleKind.STUBBORN, text)
            raise PluginFailedError(text)
        if task.cancelled() or isinstance(task.exception(), TimeoutError):
            self._failed(TroubleKind.LATE, f"{what} took longer than {seconds:g} s", by)

    def _outcome(self, task: asyncio.Task[T], what: str, by: int | None) -> T:
        if task.cancelled():
            self._failed(TroubleKind.RAISED, f"{what} cancelled itself", by)
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, UserFacingError):
            raise error
        if isinstance(error, FullError):
            self._tell(TroubleKind.FULL, f"{what}: {error}")
            raise UserFacingError(text("plugins.full")) from None
        if isinstance(error, PluginInterrupt):
            told = f"{what} {error.text}"
            self._tell(error.kind, told)
        else:
            self._log(error, what)
            told = f"{what} failed: {type(error).__name__}: {error}"
        traceback.clear_frames(error.__traceback__)  # else what it allocated lives as long as the error
        error.__traceback__ = None
        if not isinstance(error, PluginInterrupt):
            self._failed(TroubleKind.RAISED, told, by)
        raise PluginFailedError(told)

    def _log(self, error: BaseException, what: str) -> None:
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        logger.bind(plugin=self.plugin).warning("Plugin {}: {} failed\n{}", self.plugin, what, "".join(lines))

    def _failed(self, kind: TroubleKind, text: str, by: int | None) -> None:
        """Count a failure; many within a short time suspend the plugin.

        Raises:
            PluginFailedError: always.
        """
        self._failures.append(_Failure(self._clock.monotonic(), by))
        self._tell(kind, text)
        if self._is_too_much():
            self._tell(TroubleKind.SUSPENDED, f"{self.failures} handlers failed; the last: {text}")
        raise PluginFailedError(text)

    def _tell(self, kind: TroubleKind, text: str) -> None:
        self._report(Trouble(self.plugin, kind, text[:500]))

    def _check_memory(self, grown: int) -> None:
        """Check what a call, and all calls together, have added to memory.

        Raises:
            PluginAllocated: too much.
        """
        limit = self._settings.memory_megabytes * _MEGABYTE
        if grown > limit:
            raise PluginAllocated(f"took {grown / _MEGABYTE:,.0f} MB of memory")
        held = self._meter.held.get(self.plugin, 0)
        if held > limit:
            raise PluginAllocated(f"was the last: all calls together keep {held / _MEGABYTE:,.0f} MB")


async def _awaited(work: Awaitable[T]) -> T:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:  # asyncio would end the whole bot
        raise RuntimeError(f"it raised {type(error).__name__}") from None
