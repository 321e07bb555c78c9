"""The way to one provider: its breakers, its turns, and a deadline it can't outstay."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from loguru import logger

from bot.llm.breakers import Breakers, Ticket
from bot.llm.errors import Busy, LLMError, ProviderUnavailable, TooSlow
from bot.llm.fair import FairGate, Turn
from bot.llm.ports import Clock
from bot.llm.provider import LLMProvider
from bot.llm.waiting import Kept
from bot.settings_llm import LlmSettings

T = TypeVar("T")

# A provider that had less than this part of its time, as its turn came late, isn't to blame for being late.
FAIR_PART = 0.5


class Asker(NamedTuple):
    """For whom a provider is asked."""

    guild_id: int | None
    background: bool


class Running(Generic[T]):
    """Work a provider has begun. Its turn ends when the work does, even when nobody waits any more."""

    def __init__(self, lane: "Lane", task: asyncio.Task[T], ticket: Ticket, *, is_fair: bool) -> None:
        self._lane = lane
        self._ticket = ticket
        self._is_fair = is_fair
        self.task = task

    async def result(self, until: float) -> T:
        """Return what came of it; the work is cancelled when that takes longer than `until` (monotonic).

        Raises:
            LLMError: it failed, or took too long.
        """
        try:
            in_time = await self._lane.kept.ends_within(until - self._lane.clock.monotonic(), self.task)
        except asyncio.CancelledError:
            self.give_up()
            raise
        if not in_time:
            raise self.too_slow()
        error = self.outcome()
        if error is not None:
            raise error
        return self.task.result()

    def give_up(self) -> None:
        """Cancel the work: nobody wants it any more."""
        self._cancel()
        self._lane.breakers.gave_up(self._ticket)

    def too_slow(self) -> TooSlow:
        """Cancel the work because its time is over; return what to say of it."""
        self._cancel()
        error = TooSlow(f"{self._lane.provider.name} took too long: try a smaller model or a longer deadline")
        self._judge(error)
        return error

    def outcome(self) -> LLMError | None:
        """Return the error the ended work ended with, None when it went well; tells the breakers."""
        error: LLMError | None = None
        if self.task.cancelled():  # not by us, so by the end of everything
            self._lane.breakers.gave_up(self._ticket)
            return ProviderUnavailable(f"{self._lane.provider.name} was stopped: the bot is shutting down")
        found = self.task.exception()
        if found is not None and not isinstance(found, LLMError):
            logger.opt(exception=found).error("{} failed in an unforeseen way", self._lane.provider.name)
            error = ProviderUnavailable(
                f"{self._lane.provider.name} failed in an unforeseen way: see the log"
            )
        elif found is not None:
            error = found
        self._judge(error)
        return error

    def _cancel(self) -> None:
        if not self.task.cancelling():  # a second time would cut its cleaning up short
            self.task.cancel()

    def _judge(self, error: LLMError | None) -> None:
        self._lane.breakers.judge(self._ticket, error, is_fair=self._is_fair)


class Lane:
    """One provider and how it is asked."""

    def __init__(
        self, provider: LLMProvider, models: Iterable[str], clock: Clock, kept: Kept, settings: LlmSettings
    ) -> None:
        parallel: int = getattr(settings.concurrency, provider.name, 1)
        self.provider = provider
        self.clock = clock
        self.kept = kept
        self.breakers = Breakers(provider.name, models, clock, settings.breaker)
        self.gate = FairGate(provider.name, parallel, settings.queue_size)

    async def begin(
        self, model: str, work: Callable[[float], Coroutine[Any, Any, T]], asker: Asker, until: float
    ) -> Running[T]:
        """Wait for a turn and have `model` begin `work`, given the seconds it has `until` then (monotonic).

        Raises:
            Paused: a breaker is open.
            Busy: too many wait, or no turn came in time.
        """
        self.breakers.check(model)  # before lining up: who waits for nothing takes somebody's place
        share = until - self.clock.monotonic()
        turn = await self._turn(asker, share)
        try:
            ticket = self.breakers.enter(model)
            left = until - self.clock.monotonic()
            task = self.kept.spawn(work(left), f"llm {self.provider.name}")
        except BaseException:
            self.gate.leave(turn)
            raise
        task.add_done_callback(lambda _done: self.gate.leave(turn))  # however it ends, even before it began
        return Running(self, task, ticket, is_fair=left >= share * FAIR_PART)

    async def _turn(self, asker: Asker, seconds: float) -> Turn:
        turn = self.gate.line_up(asker.guild_id, background=asker.background)
        try:
            has_come = await self.kept.ends_within(seconds, turn.future)
        except BaseException:
            self.gate.leave(turn)
            raise
        if not has_come:
            self.gate.leave(turn)
            raise Busy(f"no turn came in time at {self.provider.name}: raise llm.concurrency or ask less")
        turn.future.result()  # raises where it had to give way
        return turn
