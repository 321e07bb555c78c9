"""Feedback on the bot's judgements: stored now, so that a guild's threshold can be fitted to it later."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.db.database import Database, Transaction
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.policy import undiscounted
from bot.domain.signal import Intent
from bot.models import Feedback, FeedbackKind, Giver, SignalRecord, Verdict
from bot.services.arrival_rows import SOURCE
from bot.services.clock import Clock
from bot.services.compose import REPLY
from bot.texts import text

VERDICTS = {"\N{THUMBS UP SIGN}": Verdict.RIGHT, "\N{THUMBS DOWN SIGN}": Verdict.WRONG}
_VARIATIONS = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # emoji style and skin tones


def verdict_of(emoji: str | None) -> Verdict | None:
    """Return what a reaction says, None when it says nothing about being right."""
    return VERDICTS.get((emoji or "").rstrip(_VARIATIONS))  # a deleted one has no name


class Example(NamedTuple):
    """One piece of feedback as a fit takes it."""

    confidence: float  # 0 to 1, comparable with a guild's `min_confidence`
    intent: Intent  # as judged
    verdict: Verdict
    correct_intent: Intent | None  # where staff said it
    giver: Giver


class FeedbackService:
    """Keeps what members and staff say of judgements, one verdict per member and message."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._in_order = asyncio.Lock()  # a reaction and its removal come as tasks of their own
        self.opted_out: Callable[[int, int], bool] = lambda _guild_id, _user_id: False  # whose isn't kept

    async def react(
        self, guild_id: int, message_id: int, user_id: int, verdict: Verdict, *, is_staff: bool
    ) -> bool:
        """Store a reaction to one of the bot's answers; False when the message is no answer of its own."""
        if self.opted_out(guild_id, user_id):
            return False
        async with self._in_order:
            async with self._database.reading() as tx:
                if await _answered(tx, guild_id, message_id) is None:
                    return False
            async with self._database.transaction() as tx:
                record = await _answered(tx, guild_id, message_id, hold=True)
                if record is None:  # deleted just now
                    return False
                other = Giver.STAFF if is_staff else Giver.MEMBER
                giver = Giver.ASKER if record.author_id == user_id else other
                await tx.feedback.put(
                    self._feedback(record, FeedbackKind.REACTION, message_id, user_id, giver, verdict)
                )
        return True

    async def press(
        self, guild_id: int, message_id: int, user_id: int, verdict: Verdict, *, is_staff: bool
    ) -> None:
        """Store what a button under an answer says, as a reaction would.

        Raises:
            UserFacingError: who presses neither asked nor is staff, or the answer isn't known.
        """
        async with self._database.reading() as tx:
            record = await _answered(tx, guild_id, message_id)
        if record is None:
            raise NotFoundError(text("feedback.unknown"))
        if record.author_id != user_id and not is_staff:
            raise UserFacingError(text("feedback.not_yours"))
        if not await self.react(guild_id, message_id, user_id, verdict, is_staff=is_staff):
            raise NotFoundError(text("feedback.unknown"))

    async def figures(self, guild_id: int) -> Mapping[str, Mapping[str, int]]:
        """Return how replies did, by what they were made of ("help_request/1", "trained #12", "model")."""
        async with self._database.reading() as tx:
            return await tx.feedback.figures(guild_id)

    async def take_back(
        self, message_id: int, user_id: int | None = None, verdict: Verdict | None = None
    ) -> None:
        """Delete reactions to a message: of one member or all, with one verdict or any."""
        async with self._in_order:
            async with self._database.reading() as tx:
                known = await tx.feedback.is_given(message_id)
            if known:  # thumbs are taken back under anything; writers needn't wait for that
                async with self._database.transaction() as tx:
                    await tx.feedback.take_back(message_id, user_id, verdict)

    async def decided(self, tx: Transaction, record: SignalRecord, user_id: int, verdict: Verdict) -> None:
        """Keep what staff made of a suggested reply, in the transaction of their decision."""
        kind, message_id = FeedbackKind.SUGGESTION, record.message_id
        await tx.feedback.put(self._feedback(record, kind, message_id, user_id, Giver.STAFF, verdict))

    async def correct(self, guild_id: int, message_id: int, user_id: int, intent: Intent) -> Feedback:
        """Store what staff say a message meant; the judgement and what was done about it stay.

        Raises:
            NotFoundError: that guild has no such message here, or it was deleted.
        """
        async with self._in_order, self._database.transaction() as tx:
            record = await tx.signals.get(f"{SOURCE}:{message_id}", hold=True)
            if record is None or record.guild_id != guild_id or record.deleted_at is not None:
                raise NotFoundError(text("audit.unknown_message"))
            verdict = Verdict.RIGHT if record.intent == intent else Verdict.WRONG
            feedback = self._feedback(
                record, FeedbackKind.CORRECTION, message_id, user_id, Giver.STAFF, verdict
            )
            feedback.correct_intent = intent.value
            await tx.feedback.put(feedback)
        return feedback

    async def examples(self, guild_id: int) -> Sequence[Example]:
        """Return everything said in a guild, oldest first, as a fit of its threshold takes it."""
        async with self._database.reading() as tx:
            found = await tx.feedback.list_of(guild_id)
        return [
            Example(
                each.confidence,
                Intent(each.intent),
                Verdict(each.verdict),
                Intent(each.correct_intent) if each.correct_intent else None,
                Giver(each.giver),
            )
            for each in found
            if each.confidence > 0  # else a member called the bot, which had recognised nothing
        ]

    def _feedback(
        self,
        record: SignalRecord,
        kind: FeedbackKind,
        message_id: int,
        user_id: int,
        giver: Giver,
        verdict: Verdict,
    ) -> Feedback:
        assert record.guild_id is not None  # both callers compared it
        return Feedback(
            guild_id=record.guild_id,
            signal_id=record.id,
            kind=kind.value,
            message_id=message_id,
            user_id=user_id,
            giver=giver.value,
            verdict=verdict.value,
            intent=record.intent,
            confidence=undiscounted(record.confidence, record.language),
            created_at=self._clock.now(),
        )


async def _answered(
    tx: Transaction, guild_id: int, message_id: int, *, hold: bool = False
) -> SignalRecord | None:
    """Return the signal that a message of the bot answers; None for other messages and erased signals."""
    for action in await tx.actions.sent_as([message_id]):
        record = await tx.signals.get(action.signal_id, hold=hold) if action.kind == REPLY else None
        if record is not None and record.guild_id == guild_id and record.deleted_at is None:
            return record
    return None
