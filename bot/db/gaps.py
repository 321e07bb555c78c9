"""Stretches of history still to be read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.models import Channel, Gap


class GapRepository:
    """The gaps seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(self, gap: Gap) -> Gap:
        """Insert `gap`, or widen an open one of its channel that it touches; return the row."""
        query = select(Gap).where(
            Gap.channel_id == gap.channel_id,
            col(Gap.closed_at).is_(None),
            Gap.from_id <= gap.to_id,
            Gap.to_id >= gap.from_id,
        )
        known = (await self._session.exec(query)).first()
        if known is None:
            self._session.add(gap)
            known = gap
        else:
            known.from_id = min(known.from_id, gap.from_id)
            known.to_id = max(known.to_id, gap.to_id)
        await self._session.flush()
        return known

    async def list_open(self, limit: int = 1_000) -> Sequence[Gap]:
        """Return open gaps, oldest first."""
        query = select(Gap).where(col(Gap.closed_at).is_(None)).order_by(col(Gap.id)).limit(limit)
        return (await self._session.exec(query)).all()

    async def count_open(self) -> int:
        """Return how many gaps are open."""
        query = select(func.count()).select_from(Gap).where(col(Gap.closed_at).is_(None))
        return (await self._session.exec(query)).one()

    async def shrink(self, gap_id: int, from_id: int) -> None:
        """Note that everything up to and including `from_id` has been read."""
        statement = (
            update(Gap).where(col(Gap.id) == gap_id, col(Gap.from_id) < from_id).values(from_id=from_id)
        )
        await self._session.exec(statement)

    async def close(self, gap: Gap, now: datetime, outcome: str) -> None:
        """Mark the gap as read and let its channel's cursor follow when it was the last one there."""
        statement = update(Gap).where(col(Gap.id) == gap.id, col(Gap.closed_at).is_(None))
        await self._session.exec(statement.values(closed_at=now, outcome=outcome))
        still_open = (
            select(Gap.id).where(Gap.channel_id == gap.channel_id, col(Gap.closed_at).is_(None)).exists()
        )
        behind = or_(col(Channel.cursor).is_(None), col(Channel.cursor) < gap.to_id)
        await self._session.exec(
            update(Channel)
            .where(col(Channel.id) == gap.channel_id, behind, ~still_open)
            .values(cursor=gap.to_id)
        )
