"""What the chain needs from outside: the time, prices, somewhere to write down its calls, counters."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from bot.llm.types import Task


class Clock(Protocol):
    """The time and waiting for it, so that a test can choose both."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class Skipped(NamedTuple):
    """A link that did not answer; `reason` is for people and holds nothing a member wrote."""

    provider: str
    model: str
    reason: str


class Outcome(StrEnum):
    """What came of a call."""

    ANSWERED = "answered"
    REPAIRED = "repaired"  # answered at the second try, after its answer did not fit the schema
    CACHED = "cached"
    EMBEDDED = "embedded"  # no link answered
    CUT = "cut"  # a stream ended amid its answer
    CANCELLED = "cancelled"  # by the caller
    FAILED = "failed"  # the embedded answer failed: a fault of the feature that asked


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as it is written down; never its texts.

    Attributes:
        provider: who answered; "embedded" for no model, "" when nobody did.
        input_tokens: of the answer, as `output_tokens`.
        billed_tokens: of hosted providers, links that failed included.
        cost: US dollars, links that failed included.
        created_at: when it was asked; where it cost something, when that was counted.
    """

    task: Task
    guild_id: int | None
    provider: str
    model: str
    outcome: Outcome
    skipped: tuple[Skipped, ...]
    input_tokens: int
    output_tokens: int
    billed_tokens: int
    cost: float
    milliseconds: int
    background: bool
    created_at: datetime


class Spend(NamedTuple):
    """What hosted providers took."""

    tokens: int
    cost: float  # US dollars


class CallLog(Protocol):
    """Where calls are written down."""

    @property
    def has_room(self) -> bool:
        """Whether the next call is sure to be written down; without, nothing that costs is asked."""
        ...

    def record(self, call: CallRecord) -> None:
        """Write `call` down in the background; never waits, never raises."""
        ...

    async def spend(self, day: date) -> dict[int | None, Spend]:
        """Return what each guild took in a UTC day, None for calls of no guild alone."""
        ...

    async def was_told(self, day: date, subject: str) -> bool:
        """Whether the notice about `subject` arrived in a day; remembered over restarts."""
        ...

    async def mark_told(self, day: date, subject: str) -> None:
        """Remember that the notice about `subject` arrived."""
        ...


class ChainMetrics(Protocol):
    """What the chain counts."""

    def llm_asked(self, provider: str, task: str, outcome: str) -> None:
        """Count a link that answered or didn't, by why."""
        ...

    def llm_used(self, provider: str, input_tokens: int, output_tokens: int, cost: float) -> None:
        """Count what an answer took."""
        ...

    def track_llm(self, provider: str, breaker: Callable[[], float], waiting: Callable[[], int]) -> None:
        """Read a provider's breaker (0 closed, 1 half open, 2 open) and queue at each scrape."""
        ...


class Price(NamedTuple):
    """What a model costs, in US dollars for a million tokens."""

    input: float
    output: float


class CeilingNotice(NamedTuple):
    """That a day's ceiling is reached; `text` says which and what to do.

    Attributes:
        guild_id: whose ceiling it is; None for that of calls of no guild alone, and for the total.
    """

    guild_id: int | None
    is_total: bool
    day: date
    text: str


class OwnerAway(Exception):  # noqa: N818 - states, named as what they are
    """The owner can't be told at the moment, as while Discord is down."""


class OwnerUnreachable(OwnerAway):
    """Nor later: they take no direct messages from the bot, or nobody knows who they are."""


def _unknown_price(_provider: str, _model: str) -> Price | None:
    return None


async def _tell_nobody(_notice: CeilingNotice) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ChainPorts:
    """Everything the chain needs from outside.

    Attributes:
        prices: of a (provider, model); None where it isn't known.
        tell_owner: called until it returns, then no more that day, for each guild and for the total; raises
            `OwnerAway` when it should be tried again, `OwnerUnreachable` when that is of no use.
    """

    clock: Clock
    log: CallLog
    metrics: ChainMetrics
    prices: Callable[[str, str], Price | None] = field(default=_unknown_price)
    tell_owner: Callable[[CeilingNotice], Awaitable[None]] = field(default=_tell_nobody)


def reasons(skipped: Sequence[Skipped]) -> list[dict[str, str]]:
    """Return what a record keeps of links that didn't answer."""
    return [each._asdict() for each in skipped]
