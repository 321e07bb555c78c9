"""Stretches of history still to be read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.models import Channel, Gap, SignalRecord


class GapRepository:
    """The gaps seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(self, gap: Gap) -> Gap:
        """Insert `gap`, or widen an open one of its channel up to its end; return the row.

        A gap that begins below an open one gets a row of its own: whoever reads the open one began above it.
        """
        query = (
            select(Gap)
            .where(Gap.channel_id == gap.channel_id, col(Gap.closed_at).is_(None))
            .where(Gap.from_id <= gap.from_id, Gap.to_id >= gap.from_id)
            .with_for_update()  # so that no one closes it meanwhile
            .execution_options(populate_existing=True)
        )
        known = (await self._session.exec(query)).first()
        if known is None:
            known = Gap(**gap.model_dump(exclude={"id"}))  # `gap` stays free, for another try
            self._session.add(known)
        else:
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

    async def close_all(self, channel_id: int, now: datetime, outcome: str) -> None:
        """Close every gap of a channel that is gone."""
        statement = update(Gap).where(col(Gap.channel_id) == channel_id, col(Gap.closed_at).is_(None))
        await self._session.exec(statement.values(closed_at=now, outcome=outcome))

    async def close_guild(self, guild_id: int, now: datetime, outcome: str) -> None:
        """Close every gap of a guild that is left."""
        statement = update(Gap).where(col(Gap.guild_id) == guild_id, col(Gap.closed_at).is_(None))
        await self._session.exec(statement.values(closed_at=now, outcome=outcome))

    async def purge(self, before: datetime) -> int:
        """Delete gaps closed before `before`; return how many."""
        statement = delete(Gap).where(col(Gap.closed_at) < before)
        return (await self._session.exec(statement)).rowcount or 0

    async def close(self, gap: Gap, now: datetime, outcome: str) -> bool:
        """Mark the gap as read and let its channel's cursor follow when it was the last one there.

        Returns False and changes nothing when it was closed before, or reaches further by now than the
        caller's `gap`, which is what has been read.
        """
        statement = (
            update(Gap)
            .where(col(Gap.id) == gap.id, col(Gap.closed_at).is_(None), col(Gap.to_id) <= gap.to_id)
            .values(closed_at=now, outcome=outcome)
            .returning(col(Gap.id))
            .execution_options(synchronize_session=False)
        )
        if (await self._session.exec(statement)).first() is None:
            return False
        still_open = (
            select(Gap.id).where(Gap.channel_id == gap.channel_id, col(Gap.closed_at).is_(None)).exists()
        )
        # What was heard meanwhile could not move the cursor; after the last gap nothing is missing below it.
        query = select(func.max(SignalRecord.message_id)).where(SignalRecord.place_id == gap.channel_id)
        newest = max(gap.to_id, (await self._session.exec(query)).one() or 0)
        behind = or_(col(Channel.cursor).is_(None), col(Channel.cursor) < newest)
        await self._session.exec(
            update(Channel)
            .where(col(Channel.id) == gap.channel_id, behind, ~still_open)
            .values(cursor=newest)
        )
        return True
