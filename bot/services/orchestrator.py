"""Decides about flagged signals and has the decision carried out: policy -> plan -> tools."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, Transaction, is_passing
from bot.domain.policy import Decision, decide, leave_to
from bot.domain.signal import PlanKind, Signal, Stage, Status
from bot.models import Action
from bot.models.signal import signal_from_row
from bot.services.acting import Acting
from bot.services.actions import ActionLog
from bot.services.clock import Clock
from bot.services.compose import Composer
from bot.services.failpoints import fail_point
from bot.services.guilds import GuildService
from bot.services.holding import NOTICE, Batch, Holding
from bot.services.maintenance import MaintenanceService
from bot.services.metrics import Metrics
from bot.services.situations import SituationService
from bot.services.throttle import Throttle
from bot.settings import WorkerSettings

BATCH = 128
DATABASE_PAUSE = 1.0  # seconds before trying again


class OrchestratorService:
    """Moves signals from PLAN to ACT and DONE. The row of an action is the lock that makes it happen once."""

    def __init__(  # noqa: PLR0913  (the road's last stage meets everything)
        self,
        *,
        database: Database,
        bus: SignalBus,
        clock: Clock,
        metrics: Metrics,
        guilds: GuildService,
        situations: SituationService,
        throttle: Throttle,
        composer: Composer,
        actions: ActionLog,
        settings: WorkerSettings,
        maintenance: MaintenanceService | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._guilds = guilds
        self._situations = situations
        self._throttle = throttle
        self._composer = composer
        self._settings = settings
        self._acting = Acting(
            database=database,
            clock=clock,
            metrics=metrics,
            throttle=throttle,
            composer=composer,
            actions=actions,
            max_age=situations.max_age,
        )
        self._holding = Holding(maintenance, throttle)
        self._deciding = False
        self.claimed: Callable[[Sequence[Signal]], Awaitable[Mapping[str, str]]] | None = None
        self.on_decided: Callable[[Sequence[tuple[Signal, Decision]]], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is being decided or carried out."""
        return self._deciding or bool(self._acting.in_hand)

    async def run(self) -> None:
        """Decide and act until cancelled; what the bus or a crash lost is found in the database."""
        next_sweep = self._clock.monotonic()  # at once, then however many signals come
        try:
            await self._take_up_notices()
            while True:
                wait = max(0.0, next_sweep - self._clock.monotonic())
                signals = await self._bus.take(Stage.PLAN, BATCH, wait)
                self._deciding = True
                try:
                    if signals:
                        await self._plan_safely(signals)
                    if not signals or self._clock.monotonic() >= next_sweep:
                        more = [await self._sweep(stage) for stage in (Stage.PLAN, Stage.ACT)]
                        pause = 0 if any(more) else self._settings.sweep_seconds
                        next_sweep = self._clock.monotonic() + pause
                    await self._acting.room()
                except Exception as error:
                    if not is_passing(error):
                        raise
                    # Not left to the worker, which would stop what is being sent.
                    logger.warning("The database is busy or away ({}); trying again", type(error).__name__)
                    await self._clock.sleep(DATABASE_PAUSE)
                    next_sweep = self._clock.monotonic()  # what was taken from the bus is still in there
                finally:
                    self._deciding = False
        finally:
            await self._acting.cancel()

    async def plan(self, signals: Sequence[Signal]) -> None:
        """Decide about each signal, and begin to carry the decisions out."""
        claimed = await self.claimed(signals) if self.claimed is not None else {}
        now = self._clock.now()
        skipped: dict[str, list[str]] = {}
        told: list[tuple[str, Sequence[str]]] = []
        acting: list[tuple[Signal, list[Action] | None]] = []  # None: still to be written
        decisions: list[tuple[Signal, Decision]] = []
        escalated: set[tuple[int, int]] = set()  # place and member, in this batch
        batch = Batch()
        self._throttle.begin()
        async with self._holding.steady, self._database.transaction() as tx:
            situations = await self._situations.of(tx, signals, now)
            for signal in signals:
                policy = self._guilds.policy(signal.message.guild_id)
                situation = self._holding.situation(signal, situations[signal.id])
                who = (signal.message.place_id, signal.message.author_id)
                if who in escalated:
                    situation = replace(situation, with_staff=True)
                decision = decide(signal, policy, situation)
                decision = await self._holding.consider(tx, signal, decision, now, batch)
                if signal.id in claimed:
                    decision = leave_to(claimed[signal.id], decision)
                if decision.plan is PlanKind.ESCALATE:
                    escalated.add(who)
                if decision.plan is not PlanKind.NOOP:
                    decision = await self._begin(tx, signal, decision, now, acting)
                decisions.append((signal, decision))
                if decision.plan is PlanKind.NOOP and not self._holding.keeps(signal, decision, batch):
                    skipped.setdefault(decision.reason, []).append(signal.id)
            await self._holding.put(tx, batch, now)
            for reason, ids in skipped.items():
                # Without those that were met twice, and answered the first time.
                told.append((reason, await tx.queue.advance(ids, Stage.PLAN, _skipped(reason, now))))
            fail_point("plan.before_commit")
        fail_point("plan.after_commit")
        self._throttle.confirm(now)
        self._tell(decisions)
        for signal, notice in batch.notices:
            self._acting.say(signal, notice, interrupted=False)
        for signal, actions in acting:
            self._carry_out(signal, actions, now, interrupted=False)
        self._count_skipped(told)

    def _count_skipped(self, told: Sequence[tuple[str, Sequence[str]]]) -> None:
        for reason, moved in told:
            if moved:
                self._metrics.replied("skipped", None, len(moved))
                logger.info("Not answered ({}): {}", reason, ", ".join(moved))

    def post(self, signal: Signal, actions: Sequence[Action]) -> None:
        """Have a reply posted that staff decided about; its stage is ACT again, and its lease taken.

        Should this process end before, the next one finds it there, as with any other reply.
        """
        self._carry_out(signal, actions, self._clock.now(), interrupted=False)

    def _tell(self, decisions: Sequence[tuple[Signal, Decision]]) -> None:
        if self.on_decided is not None:
            self.on_decided(decisions)

    async def _plan_safely(self, signals: Sequence[Signal]) -> None:
        """Plan; a signal that can't be planned is given up, so that it doesn't hold up the others."""
        try:
            await self.plan(signals)
        except Exception as error:
            if is_passing(error):
                raise
            if len(signals) > 1:
                for each in signals:
                    await self._plan_safely([each])
                return
            failed = signals[0].id
            logger.bind(signal=failed).opt(exception=error).error("Could not decide about {}", failed)
            async with self._database.transaction() as tx:
                await tx.queue.advance([failed], Stage.PLAN, _skipped("internal error", self._clock.now()))

    async def _begin(
        self,
        tx: Transaction,
        signal: Signal,
        decision: Decision,
        now: datetime,
        acting: list[tuple[Signal, list[Action] | None]],
    ) -> Decision:
        """Take the turn, write the plan and its pending actions; return NOOP when it isn't our turn.

        A reply that a model is to write gets its action when it is written: nobody waits for that here.

        All of it in the transaction that ends the PLAN stage. A signal that has left the stage meanwhile
        (done by another worker, or deleted) is left alone.
        """
        values = {
            "stage": Stage.ACT.value,
            "plan": decision.plan.value,
            "reason": decision.reason,
            "decided_at": now,
            "lease_until": now + timedelta(seconds=self._settings.lease_seconds),
        }
        if decision.aloud:
            taken = await self._throttle.take(tx, signal, decision, now)
            if taken.plan is PlanKind.NOOP and decision.plan is PlanKind.REPLY:
                return taken
            decision = replace(decision, aloud=taken.plan is not PlanKind.NOOP)
        if not await tx.queue.advance([signal.id], Stage.PLAN, values):
            if decision.aloud:
                await self._throttle.give_back(tx, signal, now)
            return decision
        if decision.plan is PlanKind.REPLY and self._composer.takes_time(signal):
            acting.append((signal, None))
            return decision
        begun = []
        for draft in await self._composer.compose(tx, signal, decision):
            draft.created_at = now
            row = await tx.actions.begin(draft)
            if row is not None:
                begun.append(row)
        acting.append((signal, begun))
        return decision

    async def _take_up_notices(self) -> None:
        """Finish telling of maintenance what an earlier start was interrupted in."""
        async with self._database.reading() as tx:
            left = [each for each in await tx.actions.list_pending() if each.kind == NOTICE]
            records = {each.id: each for each in await tx.signals.get_many([a.signal_id for a in left])}
        for action in left:
            if action.signal_id in records:
                signal = signal_from_row(records[action.signal_id].model_dump())
                self._acting.say(signal, action, interrupted=True)

    async def _sweep(self, stage: Stage) -> bool:
        """Take up some of what nobody holds in `stage`: lost by the bus, or interrupted.

        Returns whether there may be more.
        """
        held = self._acting.in_hand
        async with self._database.reading() as tx:
            waiting = await tx.queue.list_waiting(stage, self._clock.now(), BATCH + len(held))
            ids = [each for each in waiting if each not in held][:BATCH]
            records = await tx.signals.get_many(ids) if ids and stage is Stage.PLAN else []
        if records:
            await self._plan_safely([signal_from_row(record.model_dump()) for record in records])
        elif ids and stage is Stage.ACT:
            await self._resume(ids)
        return len(ids) == BATCH

    async def _resume(self, ids: Sequence[str]) -> None:
        now = self._clock.now()
        lease = now + timedelta(seconds=self._settings.lease_seconds)
        async with self._database.transaction() as tx:
            records = await tx.queue.claim(ids, Stage.ACT, now, lease)
            of_signal = {record.id: await tx.actions.list_for(record.id) for record in records}
        fail_point("resume.after_claim")
        for record in sorted(records, key=lambda record: record.id):
            logger.bind(signal=record.id).info("Taking up an interrupted signal")
            was_writing = record.plan == PlanKind.REPLY and not of_signal[record.id]
            actions = None if was_writing else of_signal[record.id]
            signal = signal_from_row(record.model_dump())
            self._carry_out(signal, actions, record.decided_at or now, interrupted=True)

    def _carry_out(
        self, signal: Signal, actions: Sequence[Action] | None, decided_at: datetime, *, interrupted: bool
    ) -> None:
        """Begin to carry a decision out; without actions its reply is still to be written."""
        if actions is None:
            self._acting.write(signal, decided_at)
        else:
            self._acting.begin(signal, actions, decided_at, interrupted=interrupted)


def _skipped(reason: str, now: datetime) -> dict[str, Any]:
    return {
        "stage": Stage.DONE.value,
        "status": Status.SKIPPED.value,
        "plan": PlanKind.NOOP.value,
        "reason": reason,
        "decided_at": now,
        "finished_at": now,
    }
