"""The facts a decision about a signal rests on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.db.database import Transaction
from bot.db.signals import Flagged
from bot.domain.policy import Situation
from bot.domain.signal import Intent, PlanKind, Signal, Stage, Status, signal_id
from bot.domain.summons import was_summoned
from bot.settings import Settings


class SituationService:
    """Looks up what happened around signals, for a batch at once."""

    def __init__(self, settings: Settings) -> None:
        orchestrator = settings.orchestrator
        self._follow_up = timedelta(minutes=orchestrator.followup_window_minutes)
        self._repeat = timedelta(minutes=orchestrator.repeat_window_minutes)
        self._repeat_count = orchestrator.repeat_count
        self.max_age = timedelta(minutes=settings.ingest.backfill_answer_age_minutes)  # of what is answered
        self._maintenance = settings.maintenance_mode

    async def of(self, tx: Transaction, signals: Sequence[Signal], now: datetime) -> dict[str, Situation]:
        """Return the situation of each signal, by its id."""
        if not signals:
            return {}
        since = min(signal.created_at for signal in signals) - max(self._follow_up, self._repeat)
        history: dict[tuple[int, int | None], list[Flagged]] = {}
        for row in await tx.signals.flagged_by(list({s.message.author_id for s in signals}), since):
            history.setdefault((row.author_id, row.guild_id), []).append(row)
        addressed = await self._addressed_to_other(tx, signals)
        tickets = await tx.tickets.threads_among({signal.message.place_id for signal in signals})
        awaited = await tx.ticket_settings.awaiting({signal.message.channel_id for signal in signals})
        found = {}
        for signal in signals:
            message = signal.message
            earlier = [
                row
                for row in history.get((message.author_id, message.guild_id), ())
                if row.message_id < message.message_id
            ]
            situation = await self._one(tx, signal, earlier, now, addressed[signal.id])
            is_new = message.place_id > awaited.get(message.channel_id, message.place_id)
            found[signal.id] = replace(situation, in_ticket=is_new or message.place_id in tickets)
        return found

    async def _one(
        self, tx: Transaction, signal: Signal, earlier: Sequence[Flagged], now: datetime, addressed: bool
    ) -> Situation:
        lately = [row for row in earlier if signal.created_at - row.created_at <= self._follow_up]
        reports = sum(
            row.intent == Intent.PROBLEM_REPORT and signal.created_at - row.created_at <= self._repeat
            for row in earlier
        )
        return Situation(
            now=now,
            max_age=self.max_age,
            repeats=reports if signal.observer.intent is Intent.PROBLEM_REPORT else 0,
            repeat_count=self._repeat_count,
            unanswered_follow_up=await self._unanswered(tx, signal, lately),
            with_staff=any(row.place_id == signal.message.place_id and _escalated(row) for row in lately),
            addressed_to_other=addressed,
            maintenance=self._maintenance,
            summoned=was_summoned(signal),
        )

    @staticmethod
    async def _unanswered(tx: Transaction, signal: Signal, lately: Sequence[Flagged]) -> bool:
        """Whether the bot answered the member here before and nobody else has spoken since."""
        message = signal.message
        answered = [
            row.message_id
            for row in lately
            if row.place_id == message.place_id and row.status == Status.RESPONDED
        ]
        if not answered:
            return False
        return not await tx.signals.others_wrote(
            message.place_id, message.author_id, min(answered), message.message_id
        )

    @staticmethod
    async def _addressed_to_other(tx: Transaction, signals: Sequence[Signal]) -> dict[str, bool]:
        """Return, by id, whether a message talks to another member: it mentions them, or replies to them."""
        replies = {s.id: s.message.reply_to_id for s in signals if s.message.reply_to_id is not None}
        ours = {action.message_id for action in await tx.actions.sent_as(list(replies.values()))}
        authors = await tx.signals.authors_of(
            [signal_id(s.source, replies[s.id]) for s in signals if s.id in replies]
        )
        found = {}
        for signal in signals:
            message, reply_to_id = signal.message, replies.get(signal.id)
            own = f"user:{message.author_id}"
            to_others = any(each.startswith("user:") and each != own for each in message.mentions)
            if not to_others and reply_to_id is not None and reply_to_id not in ours:
                to_others = authors.get(signal_id(signal.source, reply_to_id)) != message.author_id
            found[signal.id] = to_others and "bot" not in message.mentions
        return found


def _escalated(row: Flagged) -> bool:
    """Whether staff were told of it, or are being told."""
    return row.plan == PlanKind.ESCALATE and (row.stage == Stage.ACT or row.status == Status.ESCALATED)
