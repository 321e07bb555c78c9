"""Erasing a member from tickets: their own wholly, from others' what they said."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlmodel import col
from sqlmodel import select as select_rows
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.privacy.scope import Whose, table_of
from bot.db.ticket_deliveries import TicketDeliveryRepository
from bot.db.ticket_texts import TicketTextRepository
from bot.domain.tickets import LIVING, TicketState
from bot.models import DeliveryKind, DeliveryStatus, Ticket, TicketDelivery, TicketEvent

_TICKETS, _MESSAGES = table_of("tickets"), table_of("ticket_messages")
_CHANNELS = table_of("channels")
_EVENTS, _DELIVERIES, _QUESTIONS = (
    table_of("ticket_events"),
    table_of("ticket_deliveries"),
    table_of("questions"),
)
NOTE = "note"
QUOTING = ("lesson", "rating_comment")
CLOSED_BECAUSE = "its member had their data deleted"
MARK = "erased"  # in the detail of a note about somebody whose data was deleted
TO_REMOVE = "to be removed"  # the detail of a delivery
LEAST_QUOTE = 12  # characters, from where on the same text is a quotation


class Posted(NamedTuple):
    """A message of the bot that quotes a ticket."""

    delivery_id: int
    guild_id: int
    kind: str
    message_id: int


class TicketErasing:
    """The tickets seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def opened(self, whose: Whose) -> Sequence[int]:
        """Return the tickets they opened."""
        query = select(_TICKETS.c.id).where(*whose.owns(_TICKETS.c.opener_id)).order_by(_TICKETS.c.id)
        return (await (await self._session.connection()).execute(query)).scalars().all()

    async def spoken_in(self, whose: Whose) -> Sequence[tuple[int, int]]:
        """Return (ticket, message) of what they said in any; looks at every ticket's messages."""
        query = select(_MESSAGES.c.ticket_id, _MESSAGES.c.message_id).where(
            *whose.owns(_MESSAGES.c.author_id)
        )
        rows = await (await self._session.connection()).execute(query.order_by(_MESSAGES.c.message_id))
        return [(ticket_id, message_id) for ticket_id, message_id in rows]

    async def texts(self, ticket_ids: Sequence[int], message_ids: Sequence[int]) -> list[str]:
        """Return what these tickets began with and what these messages say."""
        connection = await self._session.connection()
        found: list[str] = []
        opened = select(_TICKETS.c.title, _TICKETS.c.question).where(_TICKETS.c.id.in_(ticket_ids))
        for row in (await connection.execute(opened)).all():
            found += row
        said = select(_MESSAGES.c.content).where(_MESSAGES.c.message_id.in_(message_ids))
        found += (await connection.execute(said)).scalars()
        return [each for each in found if each]

    async def to_remove(self, after_id: int, limit: int) -> list[Posted]:
        """Return messages after `after_id` that staff were shown and that quote somebody who was erased."""
        query = (
            select(_DELIVERIES.c.id, _TICKETS.c.guild_id, _DELIVERIES.c.kind, _DELIVERIES.c.message_id)
            .join(_TICKETS, _TICKETS.c.id == _DELIVERIES.c.ticket_id)
            .where(_DELIVERIES.c.detail == TO_REMOVE, _DELIVERIES.c.message_id.is_not(None))
            .where(_DELIVERIES.c.id > after_id)
            .order_by(_DELIVERIES.c.id)
            .limit(limit)
        )
        return [Posted._make(row) for row in (await (await self._session.connection()).execute(query)).all()]

    async def removed(self, delivery_id: int) -> None:
        """Note that such a message is gone."""
        this = update(_DELIVERIES).where(_DELIVERIES.c.id == delivery_id)
        await (await self._session.connection()).execute(this.values(message_id=None, detail="removed"))

    async def _remove_posted(self, ticket_ids: Sequence[int]) -> None:
        """Have transcripts and lessons that staff were shown of these tickets removed."""
        kinds = (DeliveryKind.LOG.value, DeliveryKind.LESSON.value)
        these = (_DELIVERIES.c.ticket_id.in_(ticket_ids), _DELIVERIES.c.kind.in_(kinds))
        shown = update(_DELIVERIES).where(*these, _DELIVERIES.c.message_id.is_not(None))
        await (await self._session.connection()).execute(shown.values(detail=TO_REMOVE))

    async def erase_said(
        self, spoken: Sequence[tuple[int, int]], quotes: Sequence[str], now: datetime
    ) -> None:
        """Take these messages, as (ticket, message), out of tickets of others."""
        connection = await self._session.connection()
        ids = [message_id for _, message_id in spoken]
        tickets = sorted({ticket_id for ticket_id, _ in spoken})
        gone = {"content": "", "author_name": "", "author_id": 0, "attachments": None}
        this = update(_MESSAGES).where(_MESSAGES.c.message_id.in_(ids))
        await connection.execute(this.where(_MESSAGES.c.deleted_at.is_(None)).values(deleted_at=now))
        await connection.execute(this.values(**gone))
        asked = update(_QUESTIONS).where(
            _QUESTIONS.c.ticket_id.in_(tickets), _QUESTIONS.c.message_id.in_(ids)
        )
        await connection.execute(asked.values(answer=None, message_id=None))
        await connection.execute(update(_TICKETS).where(_TICKETS.c.id.in_(tickets)).values(summary=None))
        about = _EVENTS.c.ticket_id.in_(tickets)
        await connection.execute(delete(_EVENTS).where(about, _EVENTS.c.kind.in_(QUOTING)))
        await self._remove_posted(tickets)
        await self._mark_notes(tickets, quotes, marks_all=False)

    async def erase_opened(self, ticket_id: int, quotes: Sequence[str], now: datetime) -> Ticket | None:
        """Leave of a ticket only its number, its times and staff's notes; return it as it is now.

        One that lives is closed. Notes are marked, and what they quote word for word goes.
        """
        ticket = await self._session.get(Ticket, ticket_id, populate_existing=True)
        if ticket is None:
            return None
        await TicketTextRepository(self._session).forget(ticket_id, now)
        connection = await self._session.connection()
        said = update(_MESSAGES).where(_MESSAGES.c.ticket_id == ticket_id)
        await connection.execute(said.where(_MESSAGES.c.author_id == ticket.opener_id).values(author_id=0))
        values: dict[str, Any] = {
            "opener_id": 0, "opener_name": "", "source_channel_id": None, "source_message_id": None,
            "rating": None, "rated_at": None, "close_reason": "", "remind_at": None, "close_at": None,
            "version": ticket.version + 1,
        }  # fmt: skip
        if ticket.state in LIVING:
            values |= {"state": TicketState.CLOSED.value, "closed_at": now, "closed_by": None}
        values["close_reason"] = CLOSED_BECAUSE
        await connection.execute(update(_TICKETS).where(_TICKETS.c.id == ticket_id).values(**values))
        # Its thread is called after it; it is renamed, but that may take Discord some minutes.
        thread = update(_CHANNELS).where(_CHANNELS.c.id == ticket.thread_id)
        await connection.execute(thread.values(name=""))
        await self._end_deliveries(ticket, now)
        await self._remove_posted([ticket_id])
        await self._mark_notes([ticket_id], quotes, marks_all=True)
        return await self._session.get(Ticket, ticket_id, populate_existing=True)

    async def _end_deliveries(self, ticket: Ticket, now: datetime) -> None:
        """Have nothing more posted of a ticket."""
        connection = await self._session.connection()
        left = (_DELIVERIES.c.ticket_id == ticket.id) & (_DELIVERIES.c.status == DeliveryStatus.PENDING.value)
        skipped = {"status": DeliveryStatus.SKIPPED.value, "finished_at": now}
        await connection.execute(update(_DELIVERIES).where(left).values(**skipped))
        end = TicketDelivery(
            ticket_id=ticket.id, closing=ticket.reopened, kind=DeliveryKind.ALL.value, created_at=now,
            status=DeliveryStatus.SKIPPED.value, finished_at=now,
        )  # fmt: skip
        await TicketDeliveryRepository(self._session).begin(end)

    async def _mark_notes(self, ticket_ids: Sequence[int], quotes: Sequence[str], *, marks_all: bool) -> None:
        """Take quotations out of what is noted about tickets; notes say that, and their reader the rest."""
        events = select_rows(TicketEvent).where(col(TicketEvent.ticket_id).in_(ticket_ids))
        for event in (await self._session.exec(events)).all():
            if not event.detail:
                continue
            detail = dict(event.detail)
            if event.kind != NOTE:
                if marks_all:
                    detail = {key: value for key, value in detail.items() if key not in ("reason", "text")}
            else:
                noted = str(detail.get("text", ""))
                for quote in quotes:
                    if quote in noted:
                        detail["text"] = noted = noted.replace(quote, "[erased]")
                if marks_all or detail != event.detail:
                    detail[MARK] = "yes"
            if json.dumps(detail) != json.dumps(event.detail):
                statement = update(TicketEvent).where(col(TicketEvent.id) == event.id)
                await self._session.exec(statement.values(detail=detail or None))
