"""Figures about a server's tickets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import case, exists, func
from sqlalchemy import select as select_columns
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.domain.tickets import LIVING, TicketState
from bot.models import Ticket, TicketEvent, TicketMessage
from bot.models.types import UtcDateTime

_SOLVED = (TicketState.RESOLVED, TicketState.CLOSED)


class Times(NamedTuple):
    """When one ticket was opened, answered and solved, and whose it was."""

    opened_at: datetime
    first_response_at: datetime | None
    solved_at: datetime | None
    category_id: int | None
    claimed_by: int | None


class Count(NamedTuple):
    """How many tickets something has, how many of them are solved, and their mean rating."""

    opened: int
    solved: int
    rating: float | None  # 1 to 5


class TicketStatisticsRepository:
    """Tickets counted by one open session. Tickets that could not be opened don't count."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def times(self, guild_id: int, since: datetime, limit: int) -> Sequence[Times]:
        """Return the times of the newest tickets opened since then."""
        ticket = Ticket
        columns: list[Any] = [
            ticket.opened_at, ticket.first_response_at, _solved_at(), ticket.category_id, ticket.claimed_by
        ]  # fmt: skip
        query: Any = select_columns(*columns).where(*_opened(guild_id, since)).order_by(col(ticket.id).desc())
        return [Times._make(row) for row in (await self._session.exec(query.limit(limit))).all()]

    async def total(self, guild_id: int, since: datetime) -> Count:
        """Return all tickets opened since then."""
        query: Any = select_columns(*_counted()).where(*_opened(guild_id, since))
        return Count._make((await self._session.exec(query)).one())

    async def by_category(self, guild_id: int, since: datetime) -> Mapping[int | None, Count]:
        """Return the tickets opened since then, by the id of their category."""
        return await self._by(col(Ticket.category_id), *_opened(guild_id, since))

    async def by_holder(self, guild_id: int, since: datetime) -> Mapping[int, Count]:
        """Return the tickets opened since then, by who claimed them."""
        claimed = col(Ticket.claimed_by).is_not(None)
        return await self._by(col(Ticket.claimed_by), claimed, *_opened(guild_id, since))

    async def written_by(self, guild_id: int, since: datetime, role: str) -> Mapping[int, int]:
        """Return how many messages people of a role wrote in tickets since then."""
        message = TicketMessage
        query: Any = (
            select_columns(col(message.author_id), func.count())
            .join(Ticket, col(Ticket.id) == col(message.ticket_id))
            .where(
                col(Ticket.guild_id) == guild_id,
                col(message.role) == role,
                col(message.created_at) >= since,
                col(message.deleted_at).is_(None),
            )
            .group_by(col(message.author_id))
        )
        return {row[0]: row[1] for row in (await self._session.exec(query)).all()}

    async def answered_by(self, guild_id: int, since: datetime) -> Mapping[str | None, int]:
        """Return how many tickets opened since then got their first answer from whom; None: from nobody."""
        return await self._count(col(Ticket.first_response_by), *_opened(guild_id, since))

    async def ratings(self, guild_id: int, since: datetime) -> Mapping[int, int]:
        """Return how often each rating was given since then."""
        rated = (col(Ticket.rating).is_not(None), col(Ticket.rated_at) >= since)
        return await self._count(col(Ticket.rating), col(Ticket.guild_id) == guild_id, *rated)

    async def living(self, guild_id: int) -> Mapping[str, int]:
        """Return how many tickets are open now, by their state."""
        living = (col(Ticket.guild_id) == guild_id, col(Ticket.state).in_(LIVING))
        return await self._count(col(Ticket.state), *living)

    async def _count(self, column: Any, *conditions: Any) -> Mapping[Any, int]:
        query: Any = select_columns(column, func.count()).where(*conditions).group_by(column)
        return {row[0]: row[1] for row in (await self._session.exec(query)).all()}

    async def _by(self, column: Any, *conditions: Any) -> Mapping[Any, Count]:
        query: Any = select_columns(column, *_counted()).where(*conditions).group_by(column)
        return {value: Count._make(counted) for value, *counted in (await self._session.exec(query)).all()}


def _counted() -> list[Any]:
    solved = func.count(case((col(Ticket.state).in_(_SOLVED), 1)))
    return [func.count(), solved, func.avg(col(Ticket.rating) * 1.0)]


def _solved_at() -> Any:
    at = func.coalesce(col(Ticket.resolved_at), col(Ticket.closed_at), type_=UtcDateTime())
    return case((col(Ticket.state).in_(_SOLVED), at))


def _opened(guild_id: int, since: datetime) -> list[Any]:
    lost = exists().where(col(TicketEvent.ticket_id) == col(Ticket.id), col(TicketEvent.kind) == "not_opened")
    return [col(Ticket.guild_id) == guild_id, col(Ticket.opened_at) >= since, ~lost]
