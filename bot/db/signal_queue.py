"""The durable queue: signals on their way, claimed with a lease and moved on by compare-and-set."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.domain.signal import Stage
from bot.models import SignalRecord

_TABLE: Table = SignalRecord.__table__  # type: ignore[attr-defined]


class Standing(NamedTuple):
    """How a signal stands: what it says now, and whether it is erased."""

    stage: str
    content: str
    deleted_at: datetime | None


_STANDING = (
    sa_select(_TABLE.c.stage, _TABLE.c.content, _TABLE.c.deleted_at)
    .where(_TABLE.c.id == bindparam("id"))
    .with_for_update()  # PostgreSQL; on SQLite nobody writes beside a transaction
)


class SignalQueueRepository:
    """The unfinished signals seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def _lock(self, ids: Sequence[str]) -> None:
        """Hold these signals until the end of the transaction.

        Everybody takes them in the same order, so that nobody waits for somebody who waits for them.
        """
        if len(ids) > 1 and self._session.get_bind().dialect.name == "postgresql":
            query = sa_select(_TABLE.c.id).where(_TABLE.c.id.in_(ids)).order_by(_TABLE.c.id)
            await (await self._session.connection()).execute(query.with_for_update())

    async def claim(
        self, ids: Sequence[str], stage: Stage, now: datetime, lease_until: datetime
    ) -> Sequence[SignalRecord]:
        """Lease those of `ids` that are in `stage` and that no one else holds; return their rows."""
        if not ids:
            return []
        await self._lock(ids)
        statement = (
            update(SignalRecord)
            .where(col(SignalRecord.id).in_(ids), col(SignalRecord.stage) == stage)
            .where(or_(col(SignalRecord.lease_until).is_(None), col(SignalRecord.lease_until) <= now))
            .values(lease_until=lease_until, attempts=SignalRecord.attempts + 1)
            .returning(SignalRecord)
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).scalars().all()

    async def unedited(self, contents: Mapping[str, str]) -> set[str]:
        """Return which signals still have the text given by their id; until the end nobody edits them."""
        query = (
            sa_select(_TABLE.c.id, _TABLE.c.content)
            .where(_TABLE.c.id.in_(contents))
            .order_by(_TABLE.c.id)
            .with_for_update()  # PostgreSQL; on SQLite nobody writes beside a transaction
        )
        rows = await (await self._session.connection()).execute(query)
        return {each.id for each in rows if each.content == contents[each.id]}

    async def standing(self, signal_id: str) -> Standing | None:
        """Return how a signal stands, until the end of the transaction; None when it is gone."""
        connection = await self._session.connection()
        row = (await connection.execute(_STANDING, {"id": signal_id})).one_or_none()
        return Standing(*row) if row else None

    async def advance(self, ids: Sequence[str], old: Stage, values: dict[str, Any]) -> Sequence[str]:
        """Set `values` (the new `stage` among them) where the stage is `old` and end the leases.

        Returns the ids that were set; the others have been moved on by someone else.
        """
        if not ids:
            return []
        statement = (  # of the table, not the class: nothing is loaded, and it is built in half the time
            _TABLE.update()
            .where(_TABLE.c.id.in_(ids), _TABLE.c.stage == old.value)
            .values({"lease_until": None, **values})
            .returning(_TABLE.c.id)
        )
        moved: Sequence[str] = (await (await self._session.connection()).execute(statement)).scalars().all()
        return moved

    async def list_waiting(self, stage: Stage, now: datetime, limit: int) -> Sequence[str]:
        """Return ids of signals in `stage` that no one holds, oldest first."""
        query = (
            select(SignalRecord.id)
            .where(SignalRecord.stage == stage)
            .where(or_(col(SignalRecord.lease_until).is_(None), col(SignalRecord.lease_until) <= now))
            .order_by(col(SignalRecord.id))
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def hold(self, ids: Sequence[str], stage: Stage, until: datetime, reason: str) -> None:
        """Have nobody take these signals up before `until`; the reason says why."""
        if not ids:
            return
        statement = (
            _TABLE.update()
            .where(_TABLE.c.id.in_(ids), _TABLE.c.stage == stage.value)
            .values(lease_until=until, reason=reason)
        )
        await (await self._session.connection()).execute(statement)

    async def release(self, stage: Stage) -> None:
        """End every lease of a stage."""
        leased = col(SignalRecord.lease_until).is_not(None)
        statement = update(SignalRecord).where(col(SignalRecord.stage) == stage, leased)
        await self._session.exec(statement.values(lease_until=None))

    async def count_held(self, stage: Stage, after: datetime) -> int:
        """Return how many signals of a stage nobody takes up before `after`."""
        query = select(func.count()).select_from(SignalRecord).where(SignalRecord.stage == stage)
        return (await self._session.exec(query.where(col(SignalRecord.lease_until) > after))).one()

    async def count_unfinished(self) -> int:
        """Return how many signals are still on their way."""
        query = select(func.count()).select_from(SignalRecord).where(SignalRecord.stage != Stage.DONE)
        return (await self._session.exec(query)).one()

    async def release_all(self) -> None:
        """End every lease; only for a process that knows it is the only one."""
        leased = col(SignalRecord.lease_until).is_not(None)
        statement = update(SignalRecord).where(col(SignalRecord.stage) != Stage.DONE, leased)
        await self._session.exec(statement.values(lease_until=None))
