"""Carries decisions out, in the background: a channel that is slow holds up nothing but itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from loguru import logger

from bot.db.database import Database, is_passing
from bot.domain.maintenance import was_held
from bot.domain.signal import Signal, Stage, Status
from bot.domain.summons import was_summoned
from bot.models import Action, ActionStatus
from bot.services.actions import ActionLog
from bot.services.clock import Clock
from bot.services.compose import ESCALATE, REPLY, SUGGEST, Composer
from bot.services.failpoints import fail_point
from bot.services.metrics import Metrics
from bot.services.tasks import OrderedTasks, TaskSet
from bot.services.throttle import Throttle
from bot.services.trained_replies import Known

PARALLEL = 32  # signals acted on at the same time
MOST = 256  # signals begun and not finished, before planning waits


class Acting:
    """The signals whose actions are being carried out by this process, in order for each place."""

    def __init__(  # noqa: PLR0913  (the road's last stage meets everything)
        self,
        *,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        throttle: Throttle,
        composer: Composer,
        actions: ActionLog,
        max_age: timedelta,
    ) -> None:
        """Make the stage; a message older than `max_age` is no longer answered when a model took long."""
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._throttle = throttle
        self._composer = composer
        self._actions = actions
        self._max_age = max_age
        self._tasks = OrderedTasks(PARALLEL)
        self._writing = TaskSet()  # in no order: who waits for a model holds up nobody in the same place
        self._kept = OrderedTasks(PARALLEL)  # answers to what maintenance kept: in order for each place
        self.in_hand: set[str] = set()  # ids; no lease that ends meanwhile makes them anyone else's

    def begin(
        self, signal: Signal, actions: Sequence[Action], taken_at: datetime, *, interrupted: bool
    ) -> None:
        """Carry the signal's pending actions out, after those begun before in its place.

        Args:
            signal: what they are about.
            actions: their rows.
            taken_at: when the turns to speak were taken.
            interrupted: an earlier try may have reached Discord.
        """
        self.in_hand.add(signal.id)
        work = partial(self._act_safely, signal, list(actions), taken_at, interrupted=interrupted)
        task = self._tasks.spawn_after(signal.message.place_id, work, f"acting on {signal.id}")
        task.add_done_callback(lambda _: self.in_hand.discard(signal.id))

    def write(self, signal: Signal, taken_at: datetime) -> None:
        """Have the answer to a planned signal written, then carry it out as `begin` does."""
        self.in_hand.add(signal.id)
        name, work = f"writing the answer to {signal.id}", partial(self._write_safely, signal, taken_at)
        if was_held(signal):
            self._kept.spawn_after(signal.message.place_id, work, name)
        else:
            self._writing.spawn(work(), name)

    def say(self, signal: Signal, action: Action, *, interrupted: bool) -> None:
        """Carry out an action that ends nothing, after what was begun before in its place."""
        work = partial(self._actions.execute, action, signal, interrupted=interrupted)
        self._tasks.spawn_after(signal.message.place_id, work, f"telling of {signal.id}")

    async def room(self) -> None:
        """Wait until there is room for more."""
        while len(self._tasks) >= MOST:
            await self._tasks.wait_for_one()
        while len(self._writing) >= MOST:
            await self._writing.wait_for_one()
        while len(self._kept) >= MOST:
            await self._kept.wait_for_one()

    async def cancel(self) -> None:
        """Stop acting; what isn't finished is taken up by the next start."""
        await self._writing.cancel()
        await self._kept.cancel()
        await self._tasks.cancel()

    async def _write_safely(self, signal: Signal, taken_at: datetime) -> None:
        row = None
        try:
            row = await self._write(signal, taken_at)
        except Exception as error:  # noqa: BLE001  (its lease ends, then it is taken up again)
            _log_failure(signal, error)
        finally:
            if row is None:
                self.in_hand.discard(signal.id)
        if row is not None:
            self.begin(signal, [row], taken_at, interrupted=False)

    async def _write(self, signal: Signal, taken_at: datetime) -> Action | None:
        """Decide the text of the answer, once, and store its action; None when there is nothing to post.

        A message that was edited meanwhile gets the template: the model answered the text before.
        """
        draft, known = None, Known()
        if not self._is_old(signal):
            draft, known = await self._composer.write(self._database, signal)
        fail_point("reply.after_write")
        now = self._clock.now()
        async with self._database.transaction() as tx:
            stands = await tx.queue.standing(signal.id)
            if stands is None or stands.stage != Stage.ACT:
                return None  # it is done, or its server gone
            if draft is None or stands.content != signal.message.content:
                draft, known = await self._composer.answer(tx, signal), Known()
            off = self._composer.closed(signal)  # chosen while it was written
            if stands.deleted_at is None and not off and not self._is_old(signal):
                draft.created_at = now
                begun = await tx.actions.begin(draft)  # None: somebody else's, who carries it out
                if begun is not None:
                    await self._composer.note(tx, signal, begun, known)
                return begun
        detail = "message deleted" if stands.deleted_at else off or "too old to answer"
        skipped = draft.sqlmodel_update({"status": ActionStatus.SKIPPED.value, "detail": detail})
        await self._finish(signal, [skipped], taken_at)
        return None

    def _is_old(self, signal: Signal) -> bool:
        if was_held(signal) or was_summoned(signal):
            return False
        return self._clock.now() - signal.created_at > self._max_age

    async def _act_safely(
        self, signal: Signal, actions: list[Action], taken_at: datetime, *, interrupted: bool
    ) -> None:
        try:
            await self._act(signal, actions, taken_at, interrupted=interrupted)
        except Exception as error:  # noqa: BLE001  (its lease ends, then it is taken up again)
            _log_failure(signal, error)

    async def _act(
        self, signal: Signal, actions: list[Action], taken_at: datetime, *, interrupted: bool
    ) -> None:
        """Carry out the signal's pending actions in order, then finish the signal."""
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
        await self._finish(signal, done, taken_at)

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
            channels, guild_id = tx.channels, action.guild_id
            if guild_id is None or not await channels.claim_telling_owner(action.channel_id, now, guild_id):
                return []
            draft = self._composer.missing_permission(signal, action)
            draft.created_at = now
            row = await tx.actions.begin(draft)
            fail_point("owner.before_commit")
        fail_point("owner.after_commit")
        return [await self._actions.execute(row, signal, interrupted=False)] if row else []

    async def _finish(self, signal: Signal, actions: Sequence[Action], taken_at: datetime) -> None:
        now = self._clock.now()
        status, reason = _status_of(actions)
        values = {"stage": Stage.DONE.value, "status": status.value, "finished_at": now}
        if reason:
            values["reason"] = reason
        async with self._database.transaction() as tx:
            finished = await tx.queue.advance([signal.id], Stage.ACT, values)
            for action in actions:
                if action.kind in (REPLY, SUGGEST) and action.status == ActionStatus.SKIPPED:
                    await self._throttle.give_back(tx, signal, taken_at)
        fail_point("signal.after_finish")
        if not finished:
            return  # somebody else finished it, and counted it
        posted = status is not Status.SKIPPED
        seconds = (now - (signal.observed_at or now)).total_seconds() if posted else None
        self._metrics.replied(status.value, seconds)
        logger.bind(signal=signal.id, guild_id=signal.message.guild_id).info(
            "Done: {} {}", status.value, reason
        )


def _log_failure(signal: Signal, error: Exception) -> None:
    log = logger.bind(signal=signal.id, guild_id=signal.message.guild_id)
    if is_passing(error):
        log.warning("The database did not take what came of {}; trying again later", signal.id)
    else:
        log.opt(exception=error).error("Could not carry out {}; trying again later", signal.id)


def _alert_failed(done: Sequence[Action]) -> bool:
    return any(action.kind == ESCALATE and action.status != ActionStatus.SENT for action in done)


def _status_of(actions: Sequence[Action]) -> tuple[Status, str]:
    """Return what came of a signal with these actions, and why when nothing did."""
    sent = {action.kind for action in actions if action.status == ActionStatus.SENT}
    if ESCALATE in sent:
        return Status.ESCALATED, ""
    if REPLY in sent:
        return Status.RESPONDED, ""
    if SUGGEST in sent and REPLY not in {action.kind for action in actions}:
        return Status.SUGGESTED, ""
    return Status.SKIPPED, next((action.detail for action in actions if action.detail), "nothing to do")
