"""For tests of the chain: a clock that stands still, providers on a script, a log in memory."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from bot.llm.answers import Answer
from bot.llm.chain import LanguageModels
from bot.llm.ports import CallRecord, CeilingNotice, ChainPorts, Price, Spend
from bot.llm.types import (
    Capabilities,
    Chunk,
    Completion,
    DoneChunk,
    Finish,
    Health,
    Message,
    ModelInfo,
    Options,
    Prompt,
    Role,
    Task,
    TextChunk,
    Usage,
)
from bot.settings import LlmSettings

T = TypeVar("T")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GUILD, OTHER_GUILD = 1_400_000_000_000_000_001, 1_400_000_000_000_000_002
HANG = 1e9  # seconds: longer than any deadline
PROMPT = Prompt((Message(Role.USER, "how do I start it?"),), options=Options(max_tokens=100))


async def settle() -> None:
    """Let everything run that can without time passing."""
    for _ in range(30):
        await asyncio.sleep(0)


class StillClock:
    """A clock that only moves when told to; who sleeps on it wakes in order."""

    def __init__(self, now: datetime = NOON) -> None:
        self._start = now
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return 1_000.0 + self._passed

    @property
    def passed(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self._passed + max(0.0, seconds), self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking each sleeper at its moment."""
        end = self._passed + seconds
        await settle()
        while (due := self._next()) is not None and due <= end:
            await self._wake(due)
        self._passed = end
        await settle()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what comes of `work`, letting as much time pass as it needs."""
        task = asyncio.create_task(work)
        await settle()
        while not task.done():
            due = self._next()
            assert due is not None, "it waits for something that never comes"
            await self._wake(due)
        return task.result()

    def _next(self) -> float | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def _wake(self, due: float) -> None:
        self._passed = max(self._passed, due)
        while (next_due := self._next()) is not None and next_due <= self._passed:
            heapq.heappop(self._sleepers)[2].set_result(None)
        await settle()


@dataclass
class Step:
    """What a provider does when asked: wait, then answer, fail, or stream and perhaps fail amid it."""

    text: str = "Try the second button."
    after: float = 0.0
    error: BaseException | None = None
    chunks: Sequence[Chunk | float | BaseException] = ()  # of a stream; a number is a pause
    usage: Usage = field(default_factory=lambda: Usage(10, 5))
    before: Callable[[], None] = lambda: None


class ScriptedProvider:
    """Does one step after the other, then the last one for ever."""

    def __init__(
        self,
        clock: StillClock,
        name: str = "ollama",
        *steps: Step,
        is_hosted: bool = False,
        headroom: int = 0,
        **able: Any,
    ) -> None:
        self.name = name
        self.is_hosted = is_hosted
        self.asked: list[tuple[str, Prompt, float]] = []  # model, prompt, deadline
        self.running = self.most_running = self.cancelled = 0
        self.is_closed = False
        self.headroom = headroom  # tokens for thinking
        self._clock = clock
        self._steps = deque(steps or (Step(),))
        self._able = Capabilities(**{"supports_schema": True, **able})

    def then(self, *steps: Step) -> None:
        """Replace what is left of the script."""
        self._steps = deque(steps)

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        step = self._begin(model, prompt, deadline)
        try:
            await self._wait(step.after)
            if step.error is not None:
                raise step.error
        finally:
            self.running -= 1
        return Completion(step.text, model, usage=step.usage)

    async def stream(self, prompt: Prompt, *, model: str, deadline: float) -> AsyncIterator[Chunk]:
        step = self._begin(model, prompt, deadline)
        try:
            await self._wait(step.after)
            if step.error is not None:
                raise step.error
            for item in step.chunks or (TextChunk(step.text), DoneChunk(step.usage, Finish.STOP)):
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, float):
                    await self._wait(item)
                else:
                    yield item
        finally:
            self.running -= 1

    def output_bound(self, prompt: Prompt, model: str) -> int:
        return prompt.options.max_tokens + self.headroom

    async def embed(self, texts: Sequence[str], *, model: str, deadline: float) -> list[list[float]]:
        raise NotImplementedError

    async def models(self) -> list[ModelInfo]:
        raise NotImplementedError

    async def capabilities(self, model: str) -> Capabilities:
        return self._able

    async def health(self, wanted: Sequence[str] = ()) -> Health:
        return Health(True, "fine")

    async def close(self) -> None:
        self.is_closed = True

    def _begin(self, model: str, prompt: Prompt, deadline: float) -> Step:
        self.asked.append((model, prompt, deadline))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        step = self._steps.popleft() if len(self._steps) > 1 else self._steps[0]
        step.before()
        return step

    async def _wait(self, seconds: float) -> None:
        if seconds:
            try:
                await self._clock.sleep(seconds)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise


class MemoryLog:
    """Keeps calls in a list, and days of notices."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = []
        self.noticed: set[tuple[date, str]] = set()
        self.has_room = True
        self.before: dict[int | None, Spend] = {}  # what the day took before the start
        self.read = 0
        self.broken: Exception | None = None

    def record(self, call: CallRecord) -> None:
        self.calls.append(call)

    async def spend(self, day: date) -> dict[int | None, Spend]:
        self.read += 1
        if self.broken is not None:
            raise self.broken
        found = dict(self.before)
        for call in self.calls:
            if call.created_at.date() == day:
                old = found.get(call.guild_id, Spend(0, 0.0))
                found[call.guild_id] = Spend(old.tokens + call.billed_tokens, old.cost + call.cost)
        return found

    async def was_told(self, day: date, subject: str) -> bool:
        return (day, subject) in self.noticed

    async def mark_told(self, day: date, subject: str) -> None:
        self.noticed.add((day, subject))


class Counts:
    """Counts in dictionaries."""

    def __init__(self) -> None:
        self.asked: dict[tuple[str, str, str], int] = {}
        self.used: dict[str, tuple[int, int, float]] = {}
        self.tracked: dict[str, tuple[Callable[[], float], Callable[[], int]]] = {}

    def llm_asked(self, provider: str, task: str, outcome: str) -> None:
        key = (provider, task, outcome)
        self.asked[key] = self.asked.get(key, 0) + 1

    def llm_used(self, provider: str, input_tokens: int, output_tokens: int, cost: float) -> None:
        old = self.used.get(provider, (0, 0, 0.0))
        self.used[provider] = (old[0] + input_tokens, old[1] + output_tokens, old[2] + cost)

    def track_llm(self, provider: str, breaker: Callable[[], float], waiting: Callable[[], int]) -> None:
        self.tracked[provider] = (breaker, waiting)


class Bench:
    """A chain with its surroundings."""

    def __init__(self, clock: StillClock | None = None, log: MemoryLog | None = None) -> None:
        self.clock = clock or StillClock()
        self.log = log or MemoryLog()
        self.counts = Counts()
        self.prices: dict[tuple[str, str], Price] = {}
        self.notices: list[CeilingNotice] = []
        self.away: list[Exception] = []  # what telling the owner fails with, one after the other
        self.chains: list[LanguageModels] = []

    def provider(self, name: str, *steps: Step, **values: Any) -> ScriptedProvider:
        hosted = name in {"anthropic", "openai"}
        return ScriptedProvider(self.clock, name, *steps, **{"is_hosted": hosted, **values})

    def chain(self, *providers: ScriptedProvider, **settings: Any) -> LanguageModels:
        """Return a chain that asks these providers in this order for every task."""
        names = [provider.name for provider in providers]
        tasks = ("classify", "summarize", "reply", "explain", "route", "chat")
        values = {"chains": dict.fromkeys(tasks, names), **settings}
        llm = LanguageModels(
            {provider.name: provider for provider in providers},
            LlmSettings.model_validate(values),
            ChainPorts(
                self.clock,
                self.log,
                self.counts,
                prices=lambda provider, model: self.prices.get((provider, model)),
                tell_owner=self._tell,
            ),
        )
        self.chains.append(llm)
        return llm

    async def _tell(self, notice: CeilingNotice) -> None:
        if self.away:
            raise self.away.pop(0)
        self.notices.append(notice)


EMBEDDED = "I have no model."


async def ask(llm: LanguageModels, **values: Any) -> Answer:
    """Ask for a reply for the guild; each call names only what its test is about."""
    known: dict[str, Any] = {"guild_id": GUILD, "fallback": lambda: EMBEDDED}
    return await llm.complete(values.pop("task", Task.REPLY), values.pop("prompt", PROMPT), **known | values)
