"""Marks of what has changed since it was counted: the cursor of the figures."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, literal_column, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.statistics import SLOT_BITS
from bot.models import SignalRecord, StatisticsMark

_TABLE: Table = StatisticsMark.__table__  # type: ignore[attr-defined]
_SIGNALS: Table = SignalRecord.__table__  # type: ignore[attr-defined]


class StatisticsMarkRepository:
    """The marks seen by one open session; flushes, never commits.

    Set them last in a transaction. On PostgreSQL the row of a mark is then held until the commit, so whoever
    counts waits for it and misses nothing; and whoever changes something while it is counted marks it anew.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def mark(self, slots: Iterable[int]) -> None:
        """Have the messages of these slots looked at again, from the first."""
        rows = [{"slot": slot, "after_id": 0} for slot in sorted(set(slots))]
        if rows:
            await (await self._session.connection()).execute(self._again(), rows)

    async def slots_of_place(self, place_id: int) -> set[int]:
        """Return the slots of every message of a channel (its threads included) or thread."""
        there = (_SIGNALS.c.place_id == place_id) | (_SIGNALS.c.channel_id == place_id)
        query = select(_SIGNALS.c.message_id.op(">>")(literal_column(str(SLOT_BITS)))).where(there).distinct()
        return set((await (await self._session.connection()).execute(query)).scalars())

    async def take(self, limit: int) -> Sequence[tuple[int, int]]:
        """Return the oldest marks as (slot, counted up to); nobody else changes them until the end."""
        query = select(_TABLE.c.slot, _TABLE.c.after_id).order_by(_TABLE.c.slot).limit(limit)
        found = await (await self._session.connection()).execute(query.with_for_update())
        return [(slot, after_id) for slot, after_id in found]

    async def settle(self, slots: Sequence[int], partly: int | None = None, after_id: int = 0) -> None:
        """Drop these marks; slot `partly` has been counted up to `after_id` only."""
        connection = await self._session.connection()
        if slots:
            await connection.execute(_TABLE.delete().where(_TABLE.c.slot.in_(slots)))
        if partly is not None:
            this = _TABLE.update().where(_TABLE.c.slot == partly)
            await connection.execute(this.values(after_id=after_id))

    async def waiting(self) -> bool:
        """Whether anything is left to be counted."""
        found = await (await self._session.connection()).execute(select(_TABLE.c.slot).limit(1))
        return found.first() is not None

    def _again(self) -> Any:
        insert = insert_for(self._session, _TABLE)
        return insert.on_conflict_do_update(index_elements=["slot"], set_={"after_id": 0})
