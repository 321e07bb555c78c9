"""What is posted when tickets close, and the locks that keep it from being posted twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, exists, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.tickets import TicketState
from bot.models import DeliveryKind, DeliveryStatus, Guild, Ticket, TicketDelivery


class TicketDeliveryRepository:
    """The deliveries seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, delivery: TicketDelivery) -> bool:
        """Insert a pending delivery; False when it was begun before."""
        insert = insert_for(self._session, TicketDelivery).values(**delivery.model_dump(exclude={"id"}))
        statement = insert.on_conflict_do_nothing().returning(col(TicketDelivery.id))
        return (await self._session.exec(statement)).first() is not None

    async def get(self, ticket_id: int, closing: int, kind: DeliveryKind) -> TicketDelivery | None:
        """Return one delivery."""
        query = select(TicketDelivery).where(*_this(ticket_id, closing, kind))
        return (await self._session.exec(query)).first()

    async def finish(  # noqa: PLR0913  (which one, how and when)
        self,
        ticket_id: int,
        closing: int,
        kind: DeliveryKind,
        status: DeliveryStatus,
        now: datetime,
        *,
        message_id: int | None = None,
        detail: str = "",
    ) -> None:
        """Give a pending delivery its final state."""
        pending = col(TicketDelivery.status) == DeliveryStatus.PENDING.value
        values = {"status": status.value, "message_id": message_id, "detail": detail, "finished_at": now}
        await self._session.exec(
            update(TicketDelivery).where(*_this(ticket_id, closing, kind), pending).values(**values)
        )

    async def posted(self, ticket_id: int) -> set[int]:
        """Return what was posted for a ticket, at any of its closings."""
        query = select(col(TicketDelivery.message_id)).where(col(TicketDelivery.ticket_id) == ticket_id)
        return {each for each in (await self._session.exec(query)).all() if each is not None}

    async def unserved(self, since: datetime, after_id: int, limit: int) -> Sequence[Ticket]:
        """Return tickets after `after_id`, closed after `since`, whose closing isn't all delivered.

        Only of servers the bot is in.
        """
        present = select(Guild.id).where(col(Guild.left_at).is_(None))
        served = exists().where(
            col(TicketDelivery.ticket_id) == col(Ticket.id),
            col(TicketDelivery.closing) == col(Ticket.reopened),
            col(TicketDelivery.kind) == DeliveryKind.ALL.value,
        )
        query = select(Ticket).where(
            col(Ticket.id) > after_id,
            col(Ticket.guild_id).in_(present),
            col(Ticket.closed_at) > since,
            col(Ticket.state) == TicketState.CLOSED.value,
            col(Ticket.thread_id).is_not(None),
            ~served,
        )
        return (await self._session.exec(query.order_by(col(Ticket.id)).limit(limit))).all()


def _this(ticket_id: int, closing: int, kind: DeliveryKind) -> tuple[Any, Any, Any]:
    return (
        col(TicketDelivery.ticket_id) == ticket_id,
        col(TicketDelivery.closing) == closing,
        col(TicketDelivery.kind) == kind.value,
    )
