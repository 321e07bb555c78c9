"""What a feature gets back, and what is remembered of a call while it is under way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from bot.llm.ceilings import Bill
from bot.llm.errors import (
    AnswerCut,
    BadOutput,
    Busy,
    CeilingReached,
    ContextOverflow,
    LLMError,
    ModelMissing,
    Paused,
    ProviderUnavailable,
    RateLimited,
    Refused,
    TooSlow,
    Unsuitable,
)
from bot.llm.ports import CallRecord, Clock, Outcome, Skipped
from bot.llm.types import Finish, Task, ToolCall, Usage
from bot.settings_llm import EMBEDDED

LONGEST_REASON = 200  # characters

Fallback = Callable[[], str | BaseModel]  # the embedded answer; quick, as it runs on the event loop

# The first that fits names it.
_WORDS: Sequence[tuple[type[LLMError], str]] = (
    (TooSlow, "too_slow"),
    (AnswerCut, "cut"),
    (ProviderUnavailable, "unavailable"),
    (Paused, "paused"),
    (Busy, "busy"),
    (RateLimited, "rate_limited"),
    (CeilingReached, "ceiling"),
    (BadOutput, "bad_output"),
    (ModelMissing, "model_missing"),
    (ContextOverflow, "context_overflow"),
    (Refused, "refused"),
    (Unsuitable, "unsuitable"),
)


def word_for(error: LLMError) -> str:
    """Return the word metrics count an error under."""
    return next((word for kind, word in _WORDS if isinstance(error, kind)), "failed")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call.

    Attributes:
        parsed: what the text holds, where a schema was asked for.
        provider: who gave it; "embedded" for no model.
        usage: of the link that answered, a second try included; nothing for what came from the cache.
        milliseconds: the whole call, waiting included.
        skipped: the links that were asked or passed over before, and why they gave no answer.
        is_embedded: whether no model answered.
        is_cached: whether it was given before.
        cost: US dollars, of links that failed too.
    """

    text: str
    parsed: BaseModel | None
    provider: str
    model: str
    usage: Usage = field(default_factory=Usage)
    milliseconds: int = 0
    skipped: tuple[Skipped, ...] = ()
    is_embedded: bool = False
    is_cached: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = Finish.STOP
    cost: float = 0.0


class Call:
    """One call under way: whose it is, how long it may take, what was tried, what that costs."""

    def __init__(
        self, task: Task, guild_id: int | None, clock: Clock, deadline: float, *, background: bool
    ) -> None:
        self.task = task
        self.guild_id = guild_id
        self.background = background
        self.skipped: list[Skipped] = []
        self.bills: list[Bill] = []
        self._clock = clock
        self._asked_at: datetime = clock.now()
        self._started = clock.monotonic()
        self.until = self._started + deadline

    def skip(self, provider: str, model: str, error: LLMError) -> None:
        """Remember why a link gave no answer."""
        self.skipped.append(Skipped(provider, model, str(error)[:LONGEST_REASON]))

    def milliseconds(self) -> int:
        """Return how long it has taken."""
        return round((self._clock.monotonic() - self._started) * 1_000)

    def record(self, outcome: Outcome, answer: Answer | None) -> CallRecord:
        """Return what is written down of it; bills still open are closed at their bound."""
        for bill in self.bills:
            bill.close()
        usage = answer.usage if answer else Usage()
        return CallRecord(
            task=self.task,
            guild_id=self.guild_id,
            provider=answer.provider if answer else "",
            model=answer.model if answer else "",
            outcome=outcome,
            skipped=tuple(self.skipped),
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            billed_tokens=sum(bill.tokens for bill in self.bills),
            cost=sum(bill.cost for bill in self.bills),
            milliseconds=self.milliseconds(),
            background=self.background,
            created_at=self.bills[0].at if self.bills else self._asked_at,
        )


def embedded_answer(call: Call, text: str, parsed: BaseModel | None) -> Answer:
    """Return the answer of no model."""
    return Answer(
        text=text,
        parsed=parsed,
        provider=EMBEDDED,
        model="",
        milliseconds=call.milliseconds(),
        skipped=tuple(call.skipped),
        is_embedded=True,
    )
