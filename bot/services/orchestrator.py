"""Decides about flagged signals and has the decision carried out: policy -> plan -> tools."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from loguru import logger

from bot.bus.protocol import SignalBus
from bot.db.database import Database, Transaction, is_passing
from bot.domain.policy import Decision, decide
from bot.domain.signal import PlanKind, Signal, Stage, Status
from bot.models import Action, ActionStatus
from bot.models.signal import signal_from_row
from bot.services.actions import ActionLog
from bot.services.clock import Clock
from bot.services.compose import ESCALATE, REPLY, Composer
from bot.services.failpoints import fail_point
from bot.services.guilds import GuildService
from bot.services.metrics import Metrics
from bot.services.situations import SituationService
from bot.services.throttle import Throttle
from bot.settings import WorkerSettings

BATCH = 32
PARALLEL = 8  # signals acted on at the same time


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
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._guilds = guilds
        self._situations = situations
        self._throttle = throttle
        self._composer = composer
        self._actions = actions
        self._settings = settings
        self._slots = asyncio.Semaphore(PARALLEL)
        self.busy = False

    async def run(self) -> None:
        """Decide and act until cancelled; what the bus or a crash lost is found in the database."""
        await self._sweep(Stage.ACT)
        while True:
            signals = await self._bus.take(Stage.PLAN, BATCH, self._settings.sweep_seconds)
            self.busy = True
            try:
                if signals:
                    await self._plan_safely(signals)
                else:
                    await self._sweep(Stage.PLAN)
                    await self._sweep(Stage.ACT)
            finally:
                self.busy = False

    async def plan(self, signals: Sequence[Signal]) -> None:
        """Decide about each signal, and carry the decisions out."""
        now = self._clock.now()
        skipped: dict[str, list[str]] = {}
        acting: list[tuple[Signal, list[Action]]] = []
        escalated: set[tuple[int, int]] = set()  # place and member, in this batch
        self._throttle.begin()
        async with self._database.transaction() as tx:
            situations = await self._situations.of(tx, signals, now)
            for signal in signals:
                policy, situation = self._guilds.policy(signal.message.guild_id), situations[signal.id]
                who = (signal.message.place_id, signal.message.author_id)
                if who in escalated:
                    situation = replace(situation, with_staff=True)
                decision = decide(signal, policy, situation)
                if decision.plan is PlanKind.ESCALATE:
                    escalated.add(who)
                if decision.plan is not PlanKind.NOOP:
                    decision = await self._begin(tx, signal, decision, now, acting)
                if decision.plan is PlanKind.NOOP:
                    skipped.setdefault(decision.reason, []).append(signal.id)
            for reason, ids in skipped.items():
                await tx.queue.advance(ids, Stage.PLAN, _skipped(reason, now))
            fail_point("plan.before_commit")
        fail_point("plan.after_commit")
        self._throttle.confirm(now)
        for reason, ids in skipped.items():
            self._metrics.replied("skipped", None, len(ids))
            logger.info("Not answered ({}): {}", reason, ", ".join(ids))
        async with asyncio.TaskGroup() as group:
            for signal, actions in acting:
                group.create_task(self._act(signal, actions, interrupted=False))

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
        acting: list[tuple[Signal, list[Action]]],
    ) -> Decision:
        """Take the turn, write the plan and its pending actions; return NOOP when it isn't our turn.

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
                await self._throttle.give_back(tx, signal)
            return decision
        begun = []
        for draft in await self._composer.compose(tx, signal, decision):
            draft.created_at = now
            row = await tx.actions.begin(draft)
            if row is not None:
                begun.append(row)
        acting.append((signal, begun))
        return decision

    async def _sweep(self, stage: Stage) -> None:
        """Take up what nobody holds in `stage`: lost by the bus, or interrupted."""
        while True:
            async with self._database.reading() as tx:
                ids = await tx.queue.list_waiting(stage, self._clock.now(), BATCH)
                records = await tx.signals.get_many(ids) if ids else []
            if not ids:
                return
            if stage is Stage.PLAN:
                await self._plan_safely([signal_from_row(record.model_dump()) for record in records])
            else:
                await self._resume(ids)

    async def _resume(self, ids: Sequence[str]) -> None:
        now = self._clock.now()
        lease = now + timedelta(seconds=self._settings.lease_seconds)
        async with self._database.transaction() as tx:
            records = await tx.queue.claim(ids, Stage.ACT, now, lease)
            of_signal = {record.id: await tx.actions.list_for(record.id) for record in records}
        fail_point("resume.after_claim")
        async with asyncio.TaskGroup() as group:
            for record in records:
                signal = signal_from_row(record.model_dump())
                logger.bind(signal=record.id).info("Taking up an interrupted signal")
                group.create_task(self._act(signal, list(of_signal[record.id]), interrupted=True))

    async def _act(self, signal: Signal, actions: list[Action], *, interrupted: bool) -> None:
        """Carry out the signal's pending actions in order, then finish the signal."""
        async with self._slots:
            done: list[Action] = []
            for action in actions:
                if done:
                    fail_point("action.between")
                if action.status == ActionStatus.PENDING:
                    if action.kind == REPLY and _alert_failed(done):
                        action = await self._reword(signal, action)  # noqa: PLW2901
                    action = await self._actions.execute(action, signal, interrupted=interrupted)  # noqa: PLW2901
                done.append(action)
                if action.status == ActionStatus.FORBIDDEN:
                    done += await self._tell_owner(signal, action)
            await self._finish(signal, done)

    async def _reword(self, signal: Signal, action: Action) -> Action:
        """Answer as if nothing were escalated: staff could not be told."""
        async with self._database.transaction() as tx:
            plain = await self._composer.answer(tx, signal)
            await tx.actions.finish(action.id, {"content": plain.content})
        return action.sqlmodel_update({"content": plain.content})

    async def _tell_owner(self, signal: Signal, action: Action) -> list[Action]:
        """Tell the owner once per channel which permission is missing there."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if action.guild_id is None or not await tx.channels.claim_telling_owner(action.channel_id, now):
                return []
            draft = self._composer.missing_permission(signal, action)
            draft.created_at = now
            row = await tx.actions.begin(draft)
            fail_point("owner.before_commit")
        fail_point("owner.after_commit")
        return [await self._actions.execute(row, signal, interrupted=False)] if row else []

    async def _finish(self, signal: Signal, actions: list[Action]) -> None:
        now = self._clock.now()
        status, reason = _status_of(actions)
        values = _finished(status, now) | ({"reason": reason} if reason else {})
        async with self._database.transaction() as tx:
            await tx.queue.advance([signal.id], Stage.ACT, values)
        fail_point("signal.after_finish")
        self._metrics.replied(status.value, (now - (signal.observed_at or now)).total_seconds())
        logger.bind(signal=signal.id, guild_id=signal.message.guild_id).info(
            "Done: {} {}", status.value, reason
        )


def _finished(status: Status, now: datetime) -> dict[str, Any]:
    return {"stage": Stage.DONE.value, "status": status.value, "finished_at": now}


def _alert_failed(done: Sequence[Action]) -> bool:
    return any(action.kind == ESCALATE and action.status != ActionStatus.SENT for action in done)


def _skipped(reason: str, now: datetime) -> dict[str, Any]:
    return _finished(Status.SKIPPED, now) | {
        "plan": PlanKind.NOOP.value,
        "reason": reason,
        "decided_at": now,
    }


def _status_of(actions: Sequence[Action]) -> tuple[Status, str]:
    """Return what came of a signal with these actions, and why when nothing did."""
    sent = {action.kind for action in actions if action.status == ActionStatus.SENT}
    if ESCALATE in sent:
        return Status.ESCALATED, ""
    if REPLY in sent:
        return Status.RESPONDED, ""
    return Status.SKIPPED, next((action.detail for action in actions if action.detail), "nothing to do")
