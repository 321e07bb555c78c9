"""Looks again at what was flagged or is uncertain, with what was said around it."""

from collections.abc import Sequence
from datetime import timedelta

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, Transaction, is_passing
from bot.domain.signal import Intent, PlanKind, Stage, Status
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
            ids = [signal.id for signal in signals]
            if not ids:
                async with self._database.reading() as tx:
                    ids = list(await tx.queue.list_waiting(Stage.OBSERVE, self._clock.now(), BATCH))
            if ids:
                self.busy = True
                try:
                    await self._observe_safely(ids)
                finally:
                    self.busy = False

    async def _observe_safely(self, ids: list[str]) -> None:
        """Observe; one that can't be observed goes on as it is, and doesn't hold up the others."""
        try:
            await self.observe(ids)
        except Exception as error:
            if is_passing(error):
                raise
            if len(ids) > 1:
                for each in ids:
                    await self._observe_safely([each])
                return
            logger.bind(signal=ids[0]).opt(exception=error).error("Could not observe {}", ids[0])
            async with self._database.transaction() as tx:
                await tx.queue.advance(ids, Stage.OBSERVE, {"stage": Stage.PLAN.value})

    async def observe(self, ids: list[str]) -> None:
        """Claim the signals, complete their observation and hand the flagged ones on."""
        now = self._clock.now()
        lease = now + timedelta(seconds=self._settings.lease_seconds)
        async with self._database.transaction() as tx:
            claimed = await tx.queue.claim(ids, Stage.OBSERVE, now, lease)
            follow_ups = await self._follow_ups(tx, claimed)
            flagged: list[SignalRecord] = []
            for record in claimed:
                earlier = follow_ups.get(record.id)
                if record.intent == Intent.OTHER and earlier is not None:
                    # Whoever answers the bot's question is still asking what they asked before.
                    record.intent, record.confidence = earlier.intent, earlier.confidence
                    record.rationale = f"follows up on {earlier.rationale}"[:300]
                record.observed_at, record.lease_until = now, None
                if record.intent == Intent.OTHER:
                    record.stage, record.status = Stage.DONE.value, Status.SKIPPED.value
                    record.plan, record.reason, record.finished_at = PlanKind.NOOP.value, NOTHING_ASKED, now
                else:
                    record.stage = Stage.PLAN.value
                    flagged.append(record)
            fail_point("observer.before_commit")
        fail_point("observer.after_commit")
        self._metrics.observed([(now - record.ingested_at).total_seconds() for record in claimed])
        for record in flagged:
            logger.bind(signal=record.id, guild_id=record.guild_id).info(
                "Flagged as {} ({:.2f}): {}", record.intent, record.confidence, record.rationale
            )
        self._bus.publish(Stage.PLAN, [signal_from_row(record.model_dump()) for record in flagged])

    @staticmethod
    async def _follow_ups(tx: Transaction, records: Sequence[SignalRecord]) -> dict[str, SignalRecord]:
        """Return, for each signal that replies to one of our answers, the signal that answer was for."""
        reply_ids = [record.reply_to_id for record in records if record.reply_to_id]
        answers = {action.message_id: action for action in await tx.actions.sent_as(reply_ids)}
        found: dict[str, SignalRecord] = {}
        for record in records:
            action = answers.get(record.reply_to_id)
            earlier = await tx.signals.get(action.signal_id) if action else None
            if earlier is not None and earlier.author_id == record.author_id:
                found[record.id] = earlier
        return found
