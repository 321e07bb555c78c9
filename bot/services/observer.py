"""Looks again at what was flagged or is uncertain, with what was said around it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, Transaction, is_passing
from bot.domain.policy import TOXIC
from bot.domain.signal import MAX_RATIONALE_WORDS, Intent, Observation, PlanKind, Signal, Stage, Status
from bot.models import SignalRecord
from bot.models.signal import signal_from_row
from bot.nlp.follow_ups import FollowUp, follow_up_of
from bot.services.arrival_rows import NOTHING_ASKED
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.metrics import Metrics
from bot.settings import WorkerSettings

BATCH = 256


class ObserverService:
    """Moves signals from OBSERVE to PLAN, or to DONE when nothing is asked."""

    def __init__(
        self, database: Database, bus: SignalBus, clock: Clock, metrics: Metrics, settings: WorkerSettings
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self.busy = False

    async def run(self) -> None:
        """Observe until cancelled; what the bus lost is found in the database."""
        next_sweep = self._clock.monotonic()  # at once, then however many signals come
        while True:
            wait = max(0.0, next_sweep - self._clock.monotonic())
            signals = await self._bus.take(Stage.OBSERVE, BATCH, wait)
            self.busy = True
            try:
                if signals:
                    await self._observe_safely(signals)
                if not signals or self._clock.monotonic() >= next_sweep:
                    lost = await self._waiting()
                    if lost:
                        await self._observe_safely(lost)
                    pause = 0 if len(lost) == BATCH else self._settings.sweep_seconds
                    next_sweep = self._clock.monotonic() + pause
            finally:
                self.busy = False

    async def _waiting(self) -> list[Signal]:
        async with self._database.reading() as tx:
            ids = await tx.queue.list_waiting(Stage.OBSERVE, self._clock.now(), BATCH)
            records = await tx.signals.get_many(ids) if ids else []
        return [signal_from_row(record.model_dump()) for record in records]

    async def _observe_safely(self, signals: Sequence[Signal]) -> None:
        """Observe; one that can't be observed goes on as it is, and doesn't hold up the others."""
        try:
            await self.observe(signals)
        except Exception as error:
            if is_passing(error):
                raise
            if len(signals) > 1:
                for each in signals:
                    await self._observe_safely([each])
                return
            failed = signals[0].id
            logger.bind(signal=failed).opt(exception=error).error("Could not observe {}", failed)
            async with self._database.transaction() as tx:
                await tx.queue.advance([failed], Stage.OBSERVE, {"stage": Stage.PLAN.value})

    async def observe(self, signals: Sequence[Signal]) -> None:
        """Complete the observation of the signals and hand on those that ask something."""
        now = self._clock.now()
        onward, moved = list[Signal](), set[str]()
        silent: dict[str, list[str]] = {NOTHING_ASKED: []}
        async with self._database.transaction() as tx:
            earlier = await self._follow_ups(tx, signals)
            plain = []
            for signal in signals:
                follows = earlier.get(signal.id)
                meaning = follow_up_of(signal, TOXIC) if follows else None
                if meaning is not None and meaning is not FollowUp.ASKS:
                    silent.setdefault(meaning.value, []).append(signal.id)
                elif signal.observer.intent is not Intent.OTHER:
                    plain.append(signal)
                elif follows:
                    onward.append(_as_follow_up(signal, follows))
                else:
                    silent[NOTHING_ASKED].append(signal.id)
            for signal in onward:
                values = _onward(now) | _observation(signal.observer)
                moved.update(await tx.queue.advance([signal.id], Stage.OBSERVE, values))
            moved.update(await tx.queue.advance([each.id for each in plain], Stage.OBSERVE, _onward(now)))
            ended = set[str]()
            for reason, ids in silent.items():
                ended.update(await tx.queue.advance(ids, Stage.OBSERVE, _nothing_asked(reason, now)))
            fail_point("observer.before_commit")
        fail_point("observer.after_commit")
        first_met = [each for each in signals if each.id in moved or each.id in ended]
        self._metrics.observed([(now - each.ingested_at).total_seconds() for each in first_met])
        going = [each for each in signals if each.id in moved]
        changed = {each.id: each for each in onward}
        self._bus.publish(
            Stage.PLAN,
            [replace(changed.get(each.id, each), stage=Stage.PLAN, observed_at=now) for each in going],
        )

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


def _onward(now: datetime) -> dict[str, Any]:
    return {"stage": Stage.PLAN.value, "observed_at": now}


def _nothing_asked(reason: str, now: datetime) -> dict[str, Any]:
    """Return what ends the road here; a report that only gives the details asked for is none of its own."""
    return {
        "intent": Intent.OTHER.value,
        "stage": Stage.DONE.value,
        "status": Status.SKIPPED.value,
        "plan": PlanKind.NOOP.value,
        "reason": reason,
        "observed_at": now,
        "finished_at": now,
    }
