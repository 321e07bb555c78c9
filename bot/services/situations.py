"""The facts a decision about a signal rests on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.db.database import Transaction
from bot.domain.policy import Situation
from bot.domain.signal import Intent, Status
from bot.models import SignalRecord
from bot.settings import Settings


class SituationService:
    """Looks up what happened around signals, for a batch at once."""

    def __init__(self, settings: Settings) -> None:
        orchestrator = settings.orchestrator
        self._follow_up = timedelta(minutes=orchestrator.followup_window_minutes)
        self._repeat = timedelta(minutes=orchestrator.repeat_window_minutes)
        self._repeat_count = orchestrator.repeat_count
        self._max_age = timedelta(minutes=settings.ingest.backfill_answer_age_minutes)
        self._maintenance = settings.maintenance_mode

    async def of(
        self, tx: Transaction, records: Sequence[SignalRecord], now: datetime
    ) -> dict[str, Situation]:
        """Return the situation of each record, by its id."""
        if not records:
            return {}
        since = min(record.created_at for record in records) - max(self._follow_up, self._repeat)
        history = await tx.signals.flagged_by(list({record.author_id for record in records}), since)
        return {record.id: await self._one(tx, record, history, now) for record in records}

    async def _one(
        self, tx: Transaction, record: SignalRecord, history: Sequence[SignalRecord], now: datetime
    ) -> Situation:
        earlier = [
            other
            for other in history
            if other.author_id == record.author_id
            and other.guild_id == record.guild_id
            and other.message_id < record.message_id
        ]
        lately = [each for each in earlier if record.created_at - each.created_at <= self._follow_up]
        reports = [
            each
            for each in earlier
            if each.intent == Intent.PROBLEM_REPORT and record.created_at - each.created_at <= self._repeat
        ]
        return Situation(
            now=now,
            max_age=self._max_age,
            repeats=len(reports) if record.intent == Intent.PROBLEM_REPORT else 0,
            repeat_count=self._repeat_count,
            unanswered_follow_up=await self._unanswered(tx, record, lately),
            with_staff=any(each.status == Status.ESCALATED for each in lately),
            addressed_to_other=await self._addressed_to_other(tx, record),
            maintenance=self._maintenance,
        )

    @staticmethod
    async def _unanswered(tx: Transaction, record: SignalRecord, lately: Sequence[SignalRecord]) -> bool:
        """Whether the bot answered the member here before and nobody else has spoken since."""
        answered = [
            each for each in lately if each.place_id == record.place_id and each.status == Status.RESPONDED
        ]
        if not answered:
            return False
        first = min(each.message_id for each in answered)
        return not await tx.signals.others_wrote(record.place_id, record.author_id, first, record.message_id)

    @staticmethod
    async def _addressed_to_other(tx: Transaction, record: SignalRecord) -> bool:
        """Whether the message talks to another member: it mentions them, or replies to them."""
        mentions = record.mentions or []
        if "bot" in mentions:
            return False
        if any(mention.startswith("user:") and mention != f"user:{record.author_id}" for mention in mentions):
            return True
        if record.reply_to_id is None:
            return False
        if await tx.actions.sent_as([record.reply_to_id]):
            return False
        return await tx.signals.author_of(record.source, record.reply_to_id) != record.author_id
