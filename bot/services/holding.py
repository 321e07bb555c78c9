"""What maintenance does to decisions: what would be answered is kept, or refused; the member is told once."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from bot.db.database import Transaction
from bot.domain.maintenance import AFTER, HELD, REFUSED, Mode, was_held
from bot.domain.markdown import escape_markdown
from bot.domain.outgoing import prepare
from bot.domain.policy import Decision, Situation
from bot.domain.signal import PlanKind, Signal, Stage
from bot.domain.summons import SUMMONED, was_summoned
from bot.models import Action
from bot.nlp.redaction import redact
from bot.services.actions import action_of
from bot.services.compose import ESCALATE, REPLY, TELL_OWNER
from bot.services.maintenance import MaintenanceService
from bot.services.throttle import CHANNEL_BUSY, MEMBER_BUSY, Throttle
from bot.texts import text

NOTICE: Final = "maintenance"  # the kind of the action that tells
ACTION_KINDS: Final = (REPLY, ESCALATE, TELL_OWNER, NOTICE)
FOREVER: Final = timedelta(days=3_650)  # a lease that a restart or the end of maintenance ends
AGAIN: Final = timedelta(seconds=5)  # before the next look whether it is the bot's turn to speak
_REFUSAL: Final = Decision(PlanKind.NOOP, REFUSED)
_WAITING: Final = Decision(PlanKind.NOOP, HELD)


@dataclass
class Batch:
    """What is left undone of the signals that are planned together."""

    held: list[str] = field(default_factory=list)  # until maintenance ends
    called: set[str] = field(default_factory=set)  # of these, those that a member called the bot to
    busy: list[str] = field(default_factory=list)  # until it is the bot's turn
    notices: list[tuple[Signal, Action]] = field(default_factory=list)


class Holding:
    """Stands between a decision and what is done about it."""

    def __init__(self, maintenance: MaintenanceService | None, throttle: Throttle) -> None:
        """Make it; without `maintenance` there never is any."""
        self._maintenance = maintenance
        self._throttle = throttle

    @property
    def steady(self) -> AbstractAsyncContextManager[object]:
        """Return what is held while signals are planned, so that the mode stays what it is."""
        return self._maintenance.steady if self._maintenance is not None else nullcontext()

    @staticmethod
    def situation(signal: Signal, situation: Situation) -> Situation:
        """Return the situation of a signal; what was kept is answered however old it is."""
        return replace(situation, max_age=timedelta.max) if was_held(signal) else situation

    async def consider(
        self, tx: Transaction, signal: Signal, decision: Decision, now: datetime, batch: Batch
    ) -> Decision:
        """Return what is done about a signal now, and note in `batch` who is to be told."""
        if decision.plan is PlanKind.NOOP or self._maintenance is None:
            return decision
        mode = self._maintenance.now.mode
        if mode is Mode.OFF:
            return replace(decision, reason=decision.reason + AFTER) if was_held(signal) else decision
        await self._tell(tx, signal, decision, now, batch)
        return _WAITING if mode is Mode.SOFT or was_held(signal) else _REFUSAL

    @staticmethod
    def keeps(signal: Signal, decision: Decision, batch: Batch) -> bool:
        """Return whether a signal about which nothing is done stays in its stage, and note it."""
        if was_summoned(signal):
            batch.called.add(signal.id)
        if decision.reason == HELD:
            batch.held.append(signal.id)
        elif was_held(signal) and decision in (CHANNEL_BUSY, MEMBER_BUSY):
            batch.busy.append(signal.id)
        else:
            return False
        return True

    @staticmethod
    async def put(tx: Transaction, batch: Batch, now: datetime) -> None:
        """Keep what is kept, in the transaction that decides about the rest."""
        for ids, until in ((batch.held, now + FOREVER), (batch.busy, now + AGAIN)):
            await tx.queue.hold([each for each in ids if each not in batch.called], Stage.PLAN, until, HELD)
            called = [each for each in ids if each in batch.called]
            await tx.queue.hold(called, Stage.PLAN, until, f"{SUMMONED}, {HELD}")

    async def _tell(
        self, tx: Transaction, signal: Signal, decision: Decision, now: datetime, batch: Batch
    ) -> None:
        assert self._maintenance is not None  # there is some
        message = signal.message
        if not decision.aloud or was_held(signal):
            return
        taken = await self._throttle.take(tx, signal, decision, now)
        if taken.plan is PlanKind.NOOP:
            return  # no flood; they are told with the next one
        if not await self._maintenance.is_first(tx, message.guild_id, message.place_id, message.author_id):
            await self._throttle.give_back(tx, signal, now)
            return
        words = text(
            "maintenance.notice", member=escape_markdown(message.author_name), words=self._maintenance.words()
        )
        # No reply: an interrupted answer is known again by the message it replies to.
        notice = action_of(signal, NOTICE, redact(prepare(words)), message.place_id, None)
        notice.created_at = now
        begun = await tx.actions.begin(notice)
        if begun is not None:
            batch.notices.append((signal, begun))
