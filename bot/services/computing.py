"""Computes what takes seconds in a process of its own: a thread would hold up the event loop."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, ParamSpec, Protocol, TypeVar

from loguru import logger

from bot.child.calls import DONE, packed, unpacked
from bot.child.process import Child, ChildDied, ChildUnavailable, Command
from bot.domain.errors import UserFacingError
from bot.services.clock import Clock
from bot.services.tasks import TaskSet
from bot.texts import text

FEW: Final = 500  # messages, with which a thread is done before a process has started
CLOSE_SECONDS: Final = 5.0
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Computes(Protocol):
    """Runs functions that only compute: of their arguments alone, at the top level of their module."""

    async def run(self, work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """Return what `work` returns.

        Raises:
            UserFacingError: it took too long, or the bot stops.
        """
        ...


class InThread:
    """Computes in a thread, in which Python takes turns with the event loop."""

    async def run(self, work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """Return what `work` returns."""
        return await asyncio.to_thread(work, *args, **more)


def by_size(computing: Computes, messages: int) -> Computes:
    """Return what is done soonest with so many messages: with few a thread."""
    return computing if messages > FEW else InThread()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the process may take, and how often it may fail; times in seconds."""

    start: float = 60.0
    answer: float = 300.0
    idle: float = 300.0  # after which it is ended
    failures: int = 3  # so many within `period`, and no further start is tried meanwhile
    period: float = 600.0


class Computing:
    """Computes in one process, one thing at a time: started when needed, ended when not needed for a while.

    Where it can't be started, or dies twice, a thread does the work.
    """

    def __init__(
        self,
        clock: Clock,
        patience: Patience | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        module: str = "bot.child.calls",
    ) -> None:
        """Prepare; `module` is what the process runs."""
        self._clock = clock
        self._patience = patience or Patience()
        command = Command("the computing process", module, [], "about 0.2 GB", {"OMP_NUM_THREADS": "1"})
        self._child = Child(command, self._patience, monotonic)
        self._turn = asyncio.Lock()
        self._thread = InThread()
        self._resting = TaskSet()
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return self._child.pid

    async def run(self, work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """Return what `work` returns.

        Raises:
            UserFacingError: it took too long, or the bot stops.
        """
        request = await asyncio.to_thread(packed, work, args, more)
        async with self._turn:
            await self._resting.cancel()
            try:
                kind, answer = await self._asked(request)
            except ChildUnavailable as error:
                logger.warning("{} is computed in a thread: {}", work.__name__, error)
                return await self._thread.run(work, *args, **more)
            finally:
                if self._child.pid is not None:
                    self._resting.spawn(self._rest(), "ending the computing process")
            if kind != DONE:  # here it fails again, and is told like any other error
                return await self._thread.run(work, *args, **more)
        computed: _T = await asyncio.to_thread(unpacked, answer)
        return computed

    async def close(self) -> None:
        """End the process, and whatever waits for it."""
        self._is_closed = True
        self._child.kill()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS), self._turn:
                await self._resting.cancel()
                await self._child.stop()

    async def _asked(self, request: bytes) -> tuple[bytes, bytes]:
        """Return the answer; asked once more when the process died before it."""
        try:
            return await self._attempt(request)
        except ChildDied:
            try:
                return await self._attempt(request)
            except ChildDied as error:
                raise ChildUnavailable(f"its process {error}") from error

    async def _attempt(self, request: bytes) -> tuple[bytes, bytes]:
        if self._is_closed:
            raise UserFacingError(text("computing.stopping"))
        try:
            if self._child.pid is None:
                await self._start()
            async with asyncio.timeout(self._patience.answer):
                await self._child.send(request)
                return await self._child.receive()
        except TimeoutError:
            await self._child.give_up()
            logger.warning("What took longer than {:g} s to compute was ended", self._patience.answer)
            raise UserFacingError(text("computing.too_much")) from None
        except ChildDied:
            await self._child.give_up()
            raise
        except asyncio.CancelledError:  # an answer may still come, and would be taken for the next one's
            await self._child.discard()
            raise

    async def _start(self) -> None:
        try:
            await self._child.start(self._patience.start)
        except TimeoutError:
            await self._child.give_up()
            raise ChildUnavailable(f"its process did not start in {self._patience.start:g} s") from None
        logger.debug("The computing process was started")

    async def _rest(self) -> None:
        """End the process after a while; whoever needs it first, cancels that."""
        await self._clock.sleep(self._patience.idle)
        async with self._turn:  # so that nobody cancels that halfway
            await self._child.stop()
