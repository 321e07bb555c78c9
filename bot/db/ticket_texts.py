"""What is kept of members' words in tickets and around them, and forgetting it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.ticket_messages import TicketMessageRepository
from bot.domain.tickets import LIVING, TicketState
from bot.models import Question, Ticket, TicketDraft, TicketEvent, TicketMessage

_QUOTING = ("lesson", "rating_comment")  # kinds of events that repeat what was said


class TicketTextRepository:
    """The texts of tickets seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def forget(self, ticket_id: int, now: datetime) -> None:
        """Leave nothing of what was asked, said, answered and summarized in a ticket; staff's notes stay."""
        await TicketMessageRepository(self._session).erase_all(ticket_id, now)
        this = col(Ticket.id) == ticket_id
        drafts = select(Ticket.key).where(this)
        await self._session.exec(delete(TicketDraft).where(col(TicketDraft.key).in_(drafts)))
        quoting = (col(TicketEvent.ticket_id) == ticket_id, col(TicketEvent.kind).in_(_QUOTING))
        await self._session.exec(delete(TicketEvent).where(*quoting))
        theirs = col(Question.ticket_id) == ticket_id
        await self._session.exec(update(Question).where(theirs).values(answer=None))
        gone: dict[str, Any] = {"title": "", "question": "", "environment": "", "summary": None}
        await self._session.exec(update(Ticket).where(this).values(**gone))

    async def held_in(self, guild_id: int, channel_id: int, after_id: int, limit: int) -> Sequence[Ticket]:
        """Return tickets after `after_id` of a channel that live, have a thread or still have their text."""
        here = (col(Ticket.guild_id) == guild_id, col(Ticket.parent_id) == channel_id)
        held = or_(
            col(Ticket.thread_id).is_not(None), col(Ticket.state).in_(LIVING), col(Ticket.question) != ""
        )
        query = select(Ticket).where(*here, held, col(Ticket.id) > after_id).order_by(col(Ticket.id))
        return (await self._session.exec(query.limit(limit))).all()

    async def purge(self, before: datetime, now: datetime, limit: int) -> int:
        """Forget up to `limit` tickets that closed before `before`, but their numbers and times.

        Returns how many there were. Their threads aren't listened to any more.
        """
        old = select(Ticket).where(
            col(Ticket.state) == TicketState.CLOSED.value, col(Ticket.closed_at) < before,
            or_(col(Ticket.opener_id) != 0, col(Ticket.thread_id).is_not(None)),
        )  # fmt: skip
        found = (await self._session.exec(old.order_by(col(Ticket.id)).limit(limit))).all()
        for ticket in found:
            await self.forget(ticket.id, now)
            of_it = col(TicketMessage.ticket_id) == ticket.id
            await self._session.exec(delete(TicketMessage).where(of_it))
            await self._session.exec(delete(Question).where(col(Question.ticket_id) == ticket.id))
            await self._session.exec(delete(TicketEvent).where(col(TicketEvent.ticket_id) == ticket.id))
            values = {
                "opener_id": 0, "opener_name": "", "thread_id": None, "card_message_id": None,
                "queue_message_id": None, "claimed_by": None, "closed_by": None, "close_reason": "",
                "source_channel_id": None, "source_message_id": None, "shown_version": ticket.version,
            }  # fmt: skip
            await self._session.exec(update(Ticket).where(col(Ticket.id) == ticket.id).values(**values))
        return len(found)
