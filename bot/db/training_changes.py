"""The history of what staff taught the bot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.ordered import insert_in_order
from bot.db.training import CHUNK, chunks
from bot.models import TrainingChange


class Batch(NamedTuple):
    """What one command or import did."""

    batch: str
    first_id: int
    size: int  # changes
    kind: str
    actor_id: int
    at: datetime
    entry_id: int  # the first one's
    undone: int  # how many of its changes were taken back


class TrainingChangeRepository:
    """The changes seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, rows: Sequence[dict[str, Any]]) -> Sequence[int]:
        """Insert changes, all with the same keys, and return their ids in their order."""
        ids: list[int] = []
        for part in chunks(rows):
            ids += await insert_in_order(self._session, TrainingChange, part)
        return ids

    async def get(self, guild_id: int, change_id: int) -> TrainingChange | None:
        """Return one change of the guild."""
        query = select(TrainingChange).where(
            TrainingChange.guild_id == guild_id, TrainingChange.id == change_id
        )
        return (await self._session.exec(query)).first()

    async def of_batch(self, guild_id: int, batch: str) -> Sequence[TrainingChange]:
        """Return what one command or import changed, in its order."""
        found: list[TrainingChange] = []
        while True:
            query = select(TrainingChange).where(
                TrainingChange.guild_id == guild_id,
                TrainingChange.batch == batch,
                col(TrainingChange.id) > (found[-1].id if found else 0),
            )
            part = (await self._session.exec(query.order_by(col(TrainingChange.id)).limit(CHUNK))).all()
            found += part
            if len(part) < CHUNK:
                return found

    async def of_entry(self, guild_id: int, entry_id: int, limit: int) -> Sequence[TrainingChange]:
        """Return the last changes of an entry, newest first."""
        query = select(TrainingChange).where(
            TrainingChange.guild_id == guild_id, TrainingChange.entry_id == entry_id
        )
        return (await self._session.exec(query.order_by(col(TrainingChange.id).desc()).limit(limit))).all()

    async def batches(self, guild_id: int, limit: int) -> Sequence[Batch]:
        """Return the last commands and imports, newest first."""
        change = TrainingChange
        first, least = func.min(col(change.id)), func.min
        query: Any = (
            select_columns(
                col(change.batch), first, func.count(), least(col(change.kind)), least(col(change.actor_id)),
                least(col(change.at)), least(col(change.entry_id)), func.count(col(change.undone_by)),
            )
            .where(col(change.guild_id) == guild_id)
            .group_by(col(change.batch))
            .order_by(first.desc())
            .limit(limit)
        )  # fmt: skip
        return [Batch(*row) for row in (await self._session.exec(query)).all()]

    async def undone(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Note which changes were taken back by which, as (change, undoing change)."""
        for part in chunks(pairs):
            rows = [{"id": old, "undone_by": new} for old, new in part]
            await self._session.exec(update(TrainingChange), params=rows)
