"""Looks again at what was flagged or is uncertain, with what was said around it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, Transaction, is_passing
from bot.domain.signal import MAX_RATIONALE_WORDS, Intent, Observation, PlanKind, Signal, Stage, Status
from bot.models import SignalRecord
from bot.models.signal import signal_from_row
from bot.services.arrival_rows import NOTHING_ASKED
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.metrics import Metrics
from bot.settings import WorkerSettings

BATCH = 64


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
        while True:
            signals = await self._bus.take(Stage.OBSERVE, BATCH, self._settings.sweep_seconds)
            if not signals:
                signals = await self._waiting()
            if signals:
                self.busy = True
                try:
                    await self._observe_safely(signals)
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
        flagged = [signal for signal in signals if signal.observer.intent is not Intent.OTHER]
        unclear = [signal for signal in signals if signal.observer.intent is Intent.OTHER]
        onward = {"stage": Stage.PLAN.value, "observed_at": now}
        async with self._database.transaction() as tx:
            moved = set(await tx.queue.advance([signal.id for signal in flagged], Stage.OBSERVE, onward))
            for signal, earlier in await self._follow_ups(tx, unclear):
                observed = _as_follow_up(signal, earlier)
                values = onward | {
                    "intent": observed.observer.intent.value,
                    "confidence": observed.observer.confidence,
                    "rationale": observed.observer.rationale,
                }
                moved.update(await tx.queue.advance([signal.id], Stage.OBSERVE, values))
                flagged.append(observed)
            rest = [signal.id for signal in unclear if signal.id not in moved]
            await tx.queue.advance(rest, Stage.OBSERVE, _nothing_asked(now))
            fail_point("observer.before_commit")
        fail_point("observer.after_commit")
        self._metrics.observed([(now - signal.ingested_at).total_seconds() for signal in signals])
        going = [replace(each, stage=Stage.PLAN, observed_at=now) for each in flagged if each.id in moved]
        self._bus.publish(Stage.PLAN, going)

    @staticmethod
    async def _follow_ups(tx: Transaction, signals: Sequence[Signal]) -> list[tuple[Signal, SignalRecord]]:
        """Return the signals that reply to one of our answers, each with the signal that answer was for."""
        reply_ids = [signal.message.reply_to_id for signal in signals if signal.message.reply_to_id]
        answers = {action.message_id: action for action in await tx.actions.sent_as(reply_ids)}
        found = []
        for signal in signals:
            action = answers.get(signal.message.reply_to_id)
            earlier = await tx.signals.get(action.signal_id) if action else None
            if earlier is not None and earlier.author_id == signal.message.author_id:
                found.append((signal, earlier))
        return found


def _as_follow_up(signal: Signal, earlier: SignalRecord) -> Signal:
    """Return `signal` with the intent of the earlier one: who answers the bot still asks what they asked."""
    rationale = " ".join(f"follows up on: {earlier.rationale}".split()[:MAX_RATIONALE_WORDS])
    return replace(signal, observer=Observation(Intent(earlier.intent), earlier.confidence, rationale[:300]))


def _nothing_asked(now: datetime) -> dict[str, Any]:
    return {
        "stage": Stage.DONE.value,
        "status": Status.SKIPPED.value,
        "plan": PlanKind.NOOP.value,
        "reason": NOTHING_ASKED,
        "observed_at": now,
        "finished_at": now,
    }
