"""Looks again at what was flagged or is uncertain, with what was said around it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, Transaction, is_passing
from bot.domain.policy import TOXIC
from bot.domain.signal import (
    MAX_RATIONALE_WORDS,
    Intent,
    Judge,
    Judgement,
    Observation,
    PlanKind,
    Signal,
    Stage,
    Status,
)
from bot.domain.statistics import slot_of
from bot.domain.summons import was_summoned
from bot.models import SignalRecord
from bot.models.signal import signal_from_row
from bot.nlp.follow_ups import FollowUp, follow_up_of
from bot.services.arrival_rows import NOTHING_ASKED
from bot.services.cascade import CascadeService
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.judging import Doubtful, Judged, Judging
from bot.services.metrics import Metrics
from bot.services.refinement import PORTION, RefinementService, judged_columns, with_judgement
from bot.settings import WorkerSettings

BATCH = 256  # signals looked at together when that is quick
CALLED = "a member called me to it"  # the rationale where nothing was recognised
FLAGS = tuple(intent for intent in Intent if intent is not Intent.OTHER)


class _Step(NamedTuple):
    """What becomes of a signal."""

    signal: Signal  # as it is judged now
    changed: dict[str, Any]  # columns that are no longer as the light judge left them
    silent: str = ""  # why its road ends here; "" when it goes on

    @property
    def told(self) -> Signal:
        """The signal as it is stored: what ends here asks nothing."""
        if not self.silent:
            return self.signal
        return replace(self.signal, observer=replace(self.signal.observer, intent=Intent.OTHER))


class ObserverService:
    """Moves signals from OBSERVE to PLAN, or to DONE when nothing is asked."""

    def __init__(  # noqa: PLR0913  (two judges beside what every stage needs)
        self,
        database: Database,
        bus: SignalBus,
        clock: Clock,
        metrics: Metrics,
        refinement: RefinementService,
        settings: WorkerSettings,
        *,
        cascade: CascadeService | None = None,
    ) -> None:
        """Make the stage; without a `cascade` no language model judges."""
        self._database = database
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._refinement = refinement
        self._settings = settings
        self._cascade = cascade if cascade and cascade.is_on else None
        self._judging = Judging(self._cascade, clock, self._judged) if self._cascade else None
        self._batch = PORTION if refinement.is_on or self._cascade else BATCH
        self._looking = False
        self.on_observed: Callable[[Sequence[Signal]], None] | None = None  # with what has been looked at

    @property
    def busy(self) -> bool:
        """Whether anything is being looked at, or judged by a language model."""
        return self._looking or bool(self._judging and self._judging.in_hand)

    async def run(self) -> None:
        """Observe until cancelled; what the bus lost is found in the database.

        What a language model judges goes on when this fails, as it will be started again.
        """
        next_sweep = self._clock.monotonic()  # at once, then however many signals come
        try:
            while True:
                wait = max(0.0, next_sweep - self._clock.monotonic())
                signals = await self._bus.take(Stage.OBSERVE, self._batch, wait)
                self._looking = True
                try:
                    if signals:
                        await self._safely(self.observe, signals)
                    if not signals or self._clock.monotonic() >= next_sweep:
                        lost = await self._waiting()
                        if lost:
                            await self._safely(self.observe, lost)
                        pause = 0 if len(lost) == self._batch else self._settings.sweep_seconds
                        next_sweep = self._clock.monotonic() + pause
                finally:
                    self._looking = False
        except asyncio.CancelledError:
            await self.close()
            raise

    async def close(self) -> None:
        """Have nothing judged any more; what isn't yet is found in the database by the next start."""
        if self._judging:
            await self._judging.cancel()

    async def _waiting(self) -> list[Signal]:
        """Return some of what nobody has in hand."""
        held = self._judging.in_hand if self._judging else set[str]()
        async with self._database.reading() as tx:
            now = self._clock.now()
            waiting = await tx.queue.list_waiting(Stage.OBSERVE, now, self._batch + len(held))
            ids = [each for each in waiting if each not in held][: self._batch]
            records = await tx.signals.get_many(ids) if ids else []
        return [signal_from_row(record.model_dump()) for record in records]

    async def _safely(
        self, step: Callable[[Sequence[Signal]], Awaitable[None]], signals: Sequence[Signal]
    ) -> None:
        """Take a step; a signal for which it fails goes on as it is, and doesn't hold up the others."""
        try:
            await step(signals)
        except Exception as error:
            if is_passing(error):
                raise
            if len(signals) > 1:
                for each in signals:
                    await self._safely(step, [each])
                return
            failed = signals[0].id
            logger.bind(signal=failed).opt(exception=error).error("Could not observe {}", failed)
            async with self._database.transaction() as tx:
                await tx.queue.advance([failed], Stage.OBSERVE, {"stage": Stage.PLAN.value})

    async def observe(self, signals: Sequence[Signal]) -> None:
        """Complete the observation of the signals and hand on those that ask something."""
        waiting = self._bus.depth(Stage.OBSERVE)
        refined = await self._refinement.refine(signals, waiting)
        fail_point("observer.after_refine")
        judged = {key: (Judge.ENCODER, judgement) for key, judgement in refined.items()}
        in_hand = self._begin_judging(signals, refined, waiting)
        await self._go_on([each for each in signals if each.id not in in_hand], judged)

    def _begin_judging(
        self, signals: Sequence[Signal], refined: dict[str, Judgement], waiting: int
    ) -> set[str]:
        """Have a language model asked about what is doubtful; return the ids of those that go on later."""
        if self._cascade is None or self._judging is None:
            return set()
        doubtful, now = self._cascade.doubtful(signals, refined), self._clock.monotonic()
        return self._judging.begin(
            (
                Doubtful(each, doubtful[each.id], refined.get(each.id), now)
                for each in signals
                if each.id in doubtful
            ),
            waiting,
        )

    async def _judged(self, signals: Sequence[Signal], judged: Judged) -> None:
        await self._safely(partial(self._go_on, judged=judged), signals)

    async def _go_on(self, signals: Sequence[Signal], judged: Judged) -> None:
        """Write down what was judged, and hand on what asks something."""
        if not signals:
            return
        now = self._clock.now()
        async with self._database.transaction() as tx:
            earlier = await self._follow_ups(tx, signals)
            steps = [_step(each, judged.get(each.id), earlier.get(each.id)) for each in signals]
            moved = await self._move(tx, steps, now)
            again = [each.signal.message.message_id for each in steps if each.signal.id in moved]
            await tx.statistics_marks.mark(map(slot_of, again))  # last: see there
            fail_point("observer.before_commit")
        fail_point("observer.after_commit")
        first_met = [step for step in steps if step.signal.id in moved]
        heard = [each.signal.ingested_at for each in first_met if not was_summoned(each.signal)]
        self._metrics.observed([(now - each).total_seconds() for each in heard])
        if self.on_observed is not None:
            self.on_observed([step.told for step in first_met])
        going = [step.signal for step in first_met if not step.silent]
        for intent in FLAGS:
            self._metrics.flagged(intent, sum(each.observer.intent is intent for each in going))
        self._bus.publish(Stage.PLAN, [replace(each, stage=Stage.PLAN, observed_at=now) for each in going])

    @staticmethod
    async def _move(tx: Transaction, steps: Sequence[_Step], now: datetime) -> set[str]:
        """Move the signals on; return the ids of those that were still in their stage, and not edited.

        What was edited waits to be looked at again: the step is one for the text before.
        """
        unedited = await tx.queue.unedited({step.signal.id: step.signal.message.content for step in steps})
        alike: dict[str, list[str]] = {}
        moved = set[str]()
        for step in steps:
            if step.signal.id not in unedited:
                continue
            if not step.changed:
                alike.setdefault(step.silent, []).append(step.signal.id)
                continue
            values = step.changed | _destination(step.silent, now)
            moved.update(await tx.queue.advance([step.signal.id], Stage.OBSERVE, values))
        for silent, ids in alike.items():
            moved.update(await tx.queue.advance(ids, Stage.OBSERVE, _destination(silent, now)))
        return moved

    @staticmethod
    async def _follow_ups(tx: Transaction, signals: Sequence[Signal]) -> dict[str, SignalRecord]:
        """Return, by id, for signals that reply to the answer their author got: the signal it answered."""
        reply_ids = [signal.message.reply_to_id for signal in signals if signal.message.reply_to_id]
        answers = {action.message_id: action for action in await tx.actions.sent_as(reply_ids)}
        found = {}
        for signal in signals:
            action = answers.get(signal.message.reply_to_id)
            earlier = await tx.signals.get(action.signal_id) if action else None
            if earlier is not None and earlier.author_id == signal.message.author_id:
                found[signal.id] = earlier
        return found


def _step(signal: Signal, judged: tuple[Judge, Judgement] | None, follows: SignalRecord | None) -> _Step:
    """Return what becomes of `signal`: judged anew or not, and perhaps a reply to the answer to `follows`."""
    changed: dict[str, Any] = {}
    if judged:
        judge, judgement = judged
        changed = judged_columns(signal, judgement, judge)
        signal = with_judgement(signal, judgement)
    meaning = follow_up_of(signal, TOXIC) if follows else None
    if was_summoned(signal):
        return _called(signal, changed)
    if meaning is not None and meaning is not FollowUp.ASKS:
        return _Step(signal, changed, meaning.value)
    if signal.observer.intent is not Intent.OTHER:
        return _Step(signal, changed)
    if follows:
        signal = _as_follow_up(signal, follows)
        return _Step(signal, changed | _observation(signal.observer))
    return _Step(signal, changed, NOTHING_ASKED)


def _called(signal: Signal, changed: dict[str, Any]) -> _Step:
    """Return what becomes of a signal that a member called the bot to: it asks for help, if nothing else."""
    light = signal.observer
    if light.intent is not Intent.OTHER:
        return _Step(signal, changed)
    signal = replace(signal, observer=Observation(Intent.HELP_REQUEST, 0.0, CALLED))
    if "judge" not in changed:
        changed = changed | {"light_intent": light.intent.value, "light_confidence": light.confidence}
    return _Step(signal, changed | _observation(signal.observer))


def _as_follow_up(signal: Signal, earlier: SignalRecord) -> Signal:
    """Return `signal` with the intent of the earlier one: who asks on still asks what they asked."""
    rationale = " ".join(f"follows up on: {earlier.rationale}".split()[:MAX_RATIONALE_WORDS])
    return replace(signal, observer=Observation(Intent(earlier.intent), earlier.confidence, rationale[:300]))


def _observation(observer: Observation) -> dict[str, Any]:
    return {
        "intent": observer.intent.value,
        "confidence": observer.confidence,
        "rationale": observer.rationale,
    }


def _destination(silent: str, now: datetime) -> dict[str, Any]:
    """Return where the road goes on, or what ends it here.

    A report that only gives the details asked for is none of its own.
    """
    if not silent:
        return {"stage": Stage.PLAN.value, "observed_at": now}
    return {
        "intent": Intent.OTHER.value,
        "stage": Stage.DONE.value,
        "status": Status.SKIPPED.value,
        "plan": PlanKind.NOOP.value,
        "reason": silent,
        "observed_at": now,
        "finished_at": now,
    }
