"""What language models were asked, and what a day's answers took."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import col, delete, insert, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.models import LlmCall


class GuildSpend(NamedTuple):
    """What hosted providers took for one guild."""

    guild_id: int | None  # None: calls of no guild alone
    tokens: int
    cost: float  # US dollars


class LlmCallRepository:
    """The calls seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, calls: Sequence[LlmCall]) -> None:
        """Store calls, in one statement."""
        if calls:
            await self._session.exec(
                insert(LlmCall), params=[call.model_dump(exclude={"id"}) for call in calls]
            )

    async def spend(self, start: datetime, end: datetime) -> Sequence[GuildSpend]:
        """Return what each guild's calls took that were asked from `start` until before `end`.

        All of them together are the total.
        """
        query = (
            select(LlmCall.guild_id, func.sum(LlmCall.billed_tokens), func.sum(LlmCall.cost))
            .where(col(LlmCall.created_at) >= start, col(LlmCall.created_at) < end)
            .where((col(LlmCall.billed_tokens) > 0) | (col(LlmCall.cost) > 0))
            .group_by(col(LlmCall.guild_id))
        )
        found = (await self._session.exec(query)).all()
        return [GuildSpend(guild_id, int(tokens), float(cost)) for guild_id, tokens, cost in found]

    async def list_latest(self, limit: int = 100) -> Sequence[LlmCall]:
        """Return the calls asked last, newest first."""
        query = select(LlmCall).order_by(col(LlmCall.created_at).desc(), col(LlmCall.id).desc()).limit(limit)
        return (await self._session.exec(query)).all()

    async def purge(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` calls asked before `before`; return how many."""
        old = select(LlmCall.id).where(col(LlmCall.created_at) < before).limit(limit)
        return (await self._session.exec(delete(LlmCall).where(col(LlmCall.id).in_(old)))).rowcount or 0

    async def delete_of(self, guild_id: int) -> None:
        """Delete every call of a guild."""
        await self._session.exec(delete(LlmCall).where(col(LlmCall.guild_id) == guild_id))
