"""Many rows inserted at once whose ids are needed in the rows' order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.models import TrainingChange, TrainingEntry


async def insert_in_order(
    session: AsyncSession, table: type[TrainingEntry] | type[TrainingChange], rows: Sequence[dict[str, Any]]
) -> Sequence[int]:
    """Insert `rows`, all with the same keys, and return their ids in their order.

    SQLite says nothing of the order in which RETURNING tells of rows, so SQLAlchemy would send it one row at
    a time. There the ids are chosen here, as SQLite itself would: whoever writes is alone until the end of
    the transaction.
    """
    if not rows:
        return []
    if session.get_bind().dialect.name != "sqlite":
        statement = insert(table).returning(col(table.id), sort_by_parameter_order=True)
        return (await session.exec(statement, params=list(rows))).scalars().all()
    last = (await session.exec(select(func.max(table.id)))).one() or 0
    ids = range(last + 1, last + 1 + len(rows))
    await session.exec(insert(table), params=[{"id": id_, **row} for id_, row in zip(ids, rows, strict=True)])
    return ids
