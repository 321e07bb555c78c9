"""What training lacks: questions that were not answered, and entries that no longer serve."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, case, false, func, or_
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.domain.tickets import question_text
from bot.models import (
    Outcome,
    Question,
    SignalRecord,
    Ticket,
    TicketMessage,
    TrainingEntry,
    TrainingPhrasing,
)


class Unanswered(NamedTuple):
    """A question that got no answer, or none that helped, by whom and where it was asked."""

    id: int
    text: str
    asked_at: datetime
    ticket_id: int | None
    author_id: int
    channel_id: int  # of the ticket's thread, or where it was asked
    thread_id: int | None
    is_private: bool


class Stale(NamedTuple):
    """An entry to look at, with its first question."""

    entry: TrainingEntry
    question: str


class TrainingGapRepository:
    """What is missing, seen by one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def unanswered(self, guild_id: int, limit: int) -> Sequence[Unanswered]:
        """Return the newest questions without an answer that helped; what was deleted is left out."""
        lost = col(Question.outcome).in_((Outcome.HANDED_OVER, Outcome.SILENT, Outcome.CLARIFIED))
        is_opening = and_(col(Question.ticket_id).is_not(None), col(Question.message_id).is_(None))
        text = case(
            (is_opening, col(Ticket.question)),
            else_=func.coalesce(col(TicketMessage.content), col(SignalRecord.content)),
        )
        columns: list[Any] = [
            Question.id, text, Question.asked_at, Question.ticket_id,
            func.coalesce(col(TicketMessage.author_id), col(Ticket.opener_id), col(SignalRecord.author_id)),
            func.coalesce(col(Ticket.parent_id), col(SignalRecord.channel_id)),
            func.coalesce(col(Ticket.thread_id), col(SignalRecord.thread_id)),
            func.coalesce(col(Ticket.is_private), false()),
            case((is_opening, col(Ticket.title))),
        ]  # fmt: skip
        query: Any = (
            select_columns(*columns)
            .outerjoin(TicketMessage, col(TicketMessage.message_id) == col(Question.message_id))
            .outerjoin(Ticket, col(Ticket.id) == col(Question.ticket_id))
            .outerjoin(SignalRecord, col(SignalRecord.id) == col(Question.signal_id))
            .where(
                col(Question.guild_id) == guild_id,
                or_(lost, col(Question.helpful).is_(False)),
                col(Question.helpful).is_not(True),
                text != "",
                or_(
                    col(Ticket.thread_id).is_not(None),  # else it was never there, or is gone
                    and_(col(Question.ticket_id).is_(None), col(SignalRecord.id).is_not(None)),
                ),
            )
            .order_by(col(Question.asked_at).desc(), col(Question.id).desc())
            .limit(limit)
        )
        return [
            Unanswered(id_, question_text(title, text) if title else text, *rest)
            for id_, text, *rest, title in (await self._session.exec(query)).all()
        ]

    async def stale(
        self, guild_id: int, now: datetime, unused_since: datetime, rejections: int, limit: int
    ) -> Sequence[Stale]:
        """Return living entries that are often rejected, expired, or unused since then; worst first.

        Often rejected: at least `rejections` times, and more often than not.
        """
        entry = TrainingEntry
        rejected = and_(col(entry.unhelpful) >= rejections, col(entry.unhelpful) > col(entry.helpful))
        unused = func.coalesce(col(entry.last_used_at), col(entry.created_at)) <= unused_since
        first = (
            select(col(TrainingPhrasing.text))
            .where(col(TrainingPhrasing.entry_id) == col(entry.id))
            .order_by(col(TrainingPhrasing.id))
            .limit(1)
            .correlate(entry)
            .scalar_subquery()
        )
        query: Any = (
            select_columns(entry, first)
            .where(
                col(entry.guild_id) == guild_id,
                col(entry.deleted_at).is_(None),
                or_(rejected, col(entry.valid_until) <= now, unused),
            )
            .order_by(col(entry.unhelpful).desc(), col(entry.id))
            .limit(limit)
        )
        rows = (await self._session.exec(query)).all()
        return [Stale(found, question or "") for found, question in rows]

    async def last_taught(self, guild_id: int) -> datetime | None:
        """Return when a living entry was last added or changed."""
        living = (col(TrainingEntry.guild_id) == guild_id, col(TrainingEntry.deleted_at).is_(None))
        newest = select(func.max(col(TrainingEntry.updated_at))).where(*living)
        return (await self._session.exec(newest)).one()
