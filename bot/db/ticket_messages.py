"""What was said in tickets."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.tickets import LIVING
from bot.models import Ticket, TicketMessage


class TicketMessageRepository:
    """The messages of tickets seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, message: TicketMessage) -> bool:
        """Store a message; False when it is known, or was deleted before it could be stored."""
        insert = insert_for(self._session, TicketMessage).values(**message.model_dump())
        statement = insert.on_conflict_do_nothing().returning(col(TicketMessage.message_id))
        return (await self._session.exec(statement)).first() is not None

    async def get(self, message_id: int) -> TicketMessage | None:
        """Return a message, deleted or not."""
        return await self._session.get(TicketMessage, message_id, populate_existing=True)

    async def edit(self, message_id: int, content: str, edited_at: datetime) -> bool:
        """Replace the text of a message unless it is deleted; False when it isn't known."""
        this = (col(TicketMessage.message_id) == message_id, col(TicketMessage.deleted_at).is_(None))
        statement = update(TicketMessage).where(*this).values(content=content, edited_at=edited_at)
        return bool((await self._session.exec(statement)).rowcount)

    async def erase(self, ticket_id: int, message_ids: Collection[int], now: datetime) -> None:
        """Leave nothing of these messages but that they were; unknown ones can't come back either."""
        gone = _gone(now)
        rows = [
            TicketMessage(
                message_id=each, ticket_id=ticket_id, author_id=0, role="other", created_at=now, **gone
            ).model_dump()
            for each in message_ids
        ]
        if rows:
            insert = insert_for(self._session, TicketMessage).values(rows)
            await self._session.exec(insert.on_conflict_do_update(index_elements=["message_id"], set_=gone))

    async def erase_all(self, ticket_id: int, now: datetime) -> None:
        """Leave nothing of what was said in a ticket."""
        left = (col(TicketMessage.ticket_id) == ticket_id, col(TicketMessage.deleted_at).is_(None))
        await self._session.exec(update(TicketMessage).where(*left).values(**_gone(now)))

    async def newest(self, ticket_id: int) -> int | None:
        """Return the newest message known of a ticket, deleted or not."""
        query = select(func.max(TicketMessage.message_id)).where(TicketMessage.ticket_id == ticket_id)
        return (await self._session.exec(query)).one()

    async def newest_of(self, guild_id: int) -> dict[int, int]:
        """Return the newest message known of each living ticket of a server, by ticket."""
        ticket_id = col(TicketMessage.ticket_id)
        living = select(Ticket.id).where(col(Ticket.guild_id) == guild_id, col(Ticket.state).in_(LIVING))
        query = select(ticket_id, func.max(TicketMessage.message_id)).where(ticket_id.in_(living))
        return dict((await self._session.exec(query.group_by(ticket_id))).all())

    async def list_of(self, ticket_id: int, limit: int | None = None) -> Sequence[TicketMessage]:
        """Return what was said and isn't deleted, oldest first; only the newest `limit` where given."""
        query = select(TicketMessage).where(
            TicketMessage.ticket_id == ticket_id, col(TicketMessage.deleted_at).is_(None)
        )
        query = query.order_by(col(TicketMessage.message_id).desc())
        if limit is not None:
            query = query.limit(limit)
        return list((await self._session.exec(query)).all())[::-1]


def _gone(now: datetime) -> dict[str, Any]:
    return {"content": "", "author_name": "", "attachments": None, "deleted_at": now}
