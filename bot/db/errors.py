"""Faults of the bot's own, one row for each kind in a place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import ErrorRecord


class ErrorRepository:
    """The faults seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def note(self, fault: ErrorRecord) -> None:
        """Store a fault, or add its count to the one with its reference."""
        insert = insert_for(self._session, ErrorRecord)
        values = insert.values(fault.model_dump())
        newest: dict[str, Any] = {
            name: values.excluded[name] for name in ("place", "about", "trace", "last_at")
        }
        # What was critical and isn't told yet stays so, though it happens in a milder way meanwhile.
        told_at = col(ErrorRecord.told_at)
        untold = or_(told_at.is_(None), told_at < col(ErrorRecord.last_at))
        newest["is_critical"] = or_(
            values.excluded["is_critical"], and_(col(ErrorRecord.is_critical), untold)
        )
        newest["count"] = col(ErrorRecord.count) + values.excluded["count"]
        await self._session.exec(values.on_conflict_do_update(index_elements=["reference"], set_=newest))

    async def get(self, reference: str) -> ErrorRecord | None:
        """Return a fault, None where there is none."""
        return await self._session.get(ErrorRecord, reference, populate_existing=True)

    async def page(self, guild_id: int | None, offset: int, limit: int) -> Sequence[ErrorRecord]:
        """Return faults, the newest first: of one server, or (None) of all and of none."""
        query = select(ErrorRecord).order_by(col(ErrorRecord.last_at).desc(), col(ErrorRecord.reference))
        if guild_id is not None:
            query = query.where(col(ErrorRecord.guild_id) == guild_id)
        return (await self._session.exec(query.offset(offset).limit(limit))).all()

    async def unreported(self, limit: int) -> Sequence[ErrorRecord]:
        """Return faults that happened since they were last listed for the owner, the most frequent first."""
        query = (
            select(ErrorRecord)
            .where(col(ErrorRecord.count) > col(ErrorRecord.reported))
            .order_by((col(ErrorRecord.count) - col(ErrorRecord.reported)).desc(), col(ErrorRecord.reference))
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def reported(self, before: datetime) -> None:
        """Note that the owner was told of everything that happened before `before`."""
        statement = update(ErrorRecord).where(col(ErrorRecord.last_at) <= before)
        await self._session.exec(statement.values(reported=ErrorRecord.count))

    async def urgent(self, told_before: datetime) -> Sequence[ErrorRecord]:
        """Return critical faults that happened again after `told_before`, or were never told."""
        query = select(ErrorRecord).where(
            col(ErrorRecord.is_critical),
            or_(
                col(ErrorRecord.told_at).is_(None),
                (col(ErrorRecord.told_at) <= told_before)
                & (col(ErrorRecord.last_at) > col(ErrorRecord.told_at)),
            ),
        )
        return (await self._session.exec(query.order_by(col(ErrorRecord.first_at)).limit(20))).all()

    async def change(self, reference: str, values: dict[str, Any]) -> None:
        """Set the named columns of a fault."""
        await self._session.exec(
            update(ErrorRecord).where(col(ErrorRecord.reference) == reference).values(**values)
        )

    async def purge(self, before: datetime, most: int) -> int:
        """Delete faults that last happened before `before`, and all but the newest `most`."""
        newest = select(ErrorRecord.reference).order_by(col(ErrorRecord.last_at).desc()).limit(most)
        statement = delete(ErrorRecord).where(
            or_(col(ErrorRecord.last_at) < before, col(ErrorRecord.reference).not_in(newest))
        )
        return (await self._session.exec(statement)).rowcount or 0

    async def delete_of(self, guild_id: int) -> None:
        """Delete every fault of a guild."""
        await self._session.exec(delete(ErrorRecord).where(col(ErrorRecord.guild_id) == guild_id))
