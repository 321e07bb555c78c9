"""Has signals judged again with what was said before them, as long as that is quick."""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from loguru import logger

from bot.db.database import Database
from bot.db.signals import Said
from bot.domain.policy import trust_in, undiscounted
from bot.domain.signal import (
    MAX_RATIONALE_WORDS,
    Intent,
    Judge,
    Judgement,
    NanoTags,
    Observation,
    Signal,
)
from bot.nlp.encoder import EncoderBusy, EncoderUnavailable
from bot.nlp.refining import CONTEXT, Refiner, Request, is_uncertain
from bot.services.arrival_rows import clean
from bot.services.clock import Clock
from bot.services.metrics import Metrics

PORTION = 32  # signals judged together: few, because all of them wait for the last one
BEHIND = 128  # signals waiting from which none is judged again, so that those that ask don't wait
REST_SECONDS = 5.0  # before the next try with a judge that doesn't answer, such as one that is still loading
LOG_SECONDS = 300.0  # between two lines on that
_MAX_LINE = 300  # characters of a line of context
_MAX_RATIONALE = 300  # characters, as the column has them


class RefinementService:
    """Asks the second judge. While it doesn't answer, the light judgement stands: never an exception of its.

    `title_of` returns a thread's title by its id, "" where it isn't known; set it once somebody knows.
    """

    def __init__(
        self, refiner: Refiner | None, database: Database, clock: Clock, metrics: Metrics, seconds: float
    ) -> None:
        self._refiner = refiner
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._seconds = seconds
        self._rest_until = self._silent_until = -math.inf  # monotonic seconds
        self.title_of: Callable[[int], str] = lambda _thread_id: ""

    @property
    def is_on(self) -> bool:
        """Whether there is a second judge."""
        return self._refiner is not None

    async def warm_up(self) -> None:
        """Have the judge load what it needs, however long that takes."""
        if self._refiner is None:
            return
        try:
            await self._refiner.refine([Request("how do I start?", (), "", _judgement_of_nothing())])
        except (EncoderBusy, EncoderUnavailable) as error:
            self._tell(f"The encoder doesn't work yet, the light judge decides meanwhile: {error}")
        else:
            self._rest_until = -math.inf  # who came before may have found it loading
            logger.info("The encoder is ready")

    async def refine(self, signals: Sequence[Signal], waiting: int) -> dict[str, Judgement]:
        """Return, by id, new judgements of those signals that are flagged or uncertain.

        Args:
            signals: at most some dozens.
            waiting: how many more there are behind them.
        """
        asked = [each for each in signals if _is_open(each)] if self._refiner else []
        if not asked:
            return {}
        if waiting > BEHIND:
            return self._stand(asked, "behind", f"{waiting} messages wait to be judged")
        if self._clock.monotonic() < self._rest_until:
            return self._stand(asked, "unavailable")
        requests = await self.requests(asked)
        try:
            answers = await self._answers(requests)
        except Exception as error:  # noqa: BLE001  (the light judgement is there, whatever this is)
            return self._give_up(asked, error)
        for each, answer in zip(asked, answers, strict=True):
            self._metrics.refined(outcome_of(each.observer.intent, answer.intent))
        return {each.id: answer for each, answer in zip(asked, answers, strict=True)}

    async def _answers(self, requests: Sequence[Request]) -> list[Judgement]:
        assert self._refiner is not None  # else nothing is asked
        async with asyncio.timeout(self._seconds):
            answers = await self._refiner.refine(requests)
        if len(answers) != len(requests):
            raise ValueError(f"{len(answers)} answers to {len(requests)} requests")
        return [fitting(answer) for answer in answers]

    def _give_up(self, asked: Sequence[Signal], error: Exception) -> dict[str, Judgement]:
        """Let the light judgements stand, and don't ask again for a moment unless it was only busy."""
        if isinstance(error, EncoderBusy):
            return self._stand(asked, "busy", str(error))
        self._rest_until = self._clock.monotonic() + REST_SECONDS
        if isinstance(error, EncoderUnavailable):
            return self._stand(asked, "unavailable", str(error))
        if isinstance(error, TimeoutError):
            return self._stand(asked, "late", f"no answer within {self._seconds:g} s")
        return self._stand(asked, "failed", repr(error), error)

    def _stand(
        self, asked: Sequence[Signal], outcome: str, why: str = "", error: Exception | None = None
    ) -> dict[str, Judgement]:
        """Let the light judgements stand."""
        self._metrics.refined(outcome, len(asked))
        if why:
            self._tell(f"The light judge decides alone ({outcome}): {why}", error)
        return {}

    def _tell(self, line: str, error: Exception | None = None) -> None:
        """Log a line, unless one was logged lately."""
        now = self._clock.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + LOG_SECONDS
            logger.opt(exception=error).log("ERROR" if error else "WARNING", "{}", line)

    async def requests(self, signals: Sequence[Signal]) -> list[Request]:
        """Return what a judge is told of each signal: its text, and what was said before it."""
        async with self._database.reading() as tx:
            before = await tx.signals.said_before(signals, CONTEXT)
        return [
            Request(
                each.message.content,
                self._context(each, before[each.id]),
                each.message.author_name,
                judgement_of(each),
            )
            for each in signals
        ]

    def _context(self, signal: Signal, before: Sequence[Said]) -> tuple[str, ...]:
        lines = [
            f"{each.author_name}: {text}"
            for each in before
            if (text := " ".join(each.content.split())[:_MAX_LINE])
        ]
        thread_id = signal.message.thread_id
        if thread_id is not None and len(lines) < CONTEXT and (title := self.title_of(thread_id)):
            lines.insert(0, clean(title)[:_MAX_LINE])
        return tuple(lines)


def judgement_of(signal: Signal) -> Judgement:
    """Return what is said of a signal, as a judge says it."""
    tags, observer = signal.nano_tags, signal.observer
    return Judgement(
        tags.purpose,
        tags.sentiment,
        tags.sentiment_score,
        tags.urgency,
        tags.toxicity,
        observer.intent,
        undiscounted(observer.confidence, signal.language),
        observer.rationale,
        signal.language,
    )


def with_judgement(signal: Signal, judged: Judgement) -> Signal:
    """Return `signal` as it is judged now."""
    return replace(
        signal,
        language=judged.language,
        nano_tags=NanoTags(
            judged.purpose, judged.sentiment, judged.sentiment_score, judged.urgency, judged.toxicity
        ),
        observer=Observation(judged.intent, judged.confidence, judged.rationale),
    )


def judged_columns(light: Signal, judged: Judgement, judge: Judge) -> dict[str, Any]:
    """Return what the new judgement of `judge` changes of the row of `light`, as the light one left it."""
    was = light.observer
    differs = (was.intent, was.confidence) != (judged.intent, judged.confidence)
    return {
        "language": judged.language,
        "purpose": judged.purpose.value,
        "sentiment": judged.sentiment.value,
        "sentiment_score": judged.sentiment_score,
        "urgency": judged.urgency.value,
        "toxicity": judged.toxicity,
        "intent": judged.intent.value,
        "confidence": judged.confidence,
        "rationale": judged.rationale,
        "judge": judge.value,
        "light_intent": was.intent.value if differs else None,
        "light_confidence": was.confidence if differs else None,
    }


def _is_open(signal: Signal) -> bool:
    return signal.observer.intent is not Intent.OTHER or is_uncertain(judgement_of(signal))


def fitting(judged: Judgement) -> Judgement:
    """Return `judged` as the columns hold it, and trusted as far as its language is known."""
    words = judged.rationale.split()[:MAX_RATIONALE_WORDS]
    return judged._replace(
        confidence=round(judged.confidence * trust_in(judged.language), 3),
        rationale=" ".join(words)[:_MAX_RATIONALE],
    )


def outcome_of(light: Intent, refined: Intent) -> str:
    """Return the metric's word for what became of a light judgement."""
    was, is_now = light is not Intent.OTHER, refined is not Intent.OTHER
    if was == is_now:
        return "confirmed"
    return "flagged" if is_now else "cleared"


def _judgement_of_nothing() -> Judgement:
    nothing = NanoTags()
    return Judgement(
        nothing.purpose, nothing.sentiment, 0.0, nothing.urgency, 0.0, Intent.OTHER, 0.0, "", "und"
    )
