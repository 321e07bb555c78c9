"""Many rows in one statement on SQLite, with the values written as SQLAlchemy's types would write them.

SQLAlchemy takes some 25 µs a row to process parameters, and `executemany` hands the interpreter lock back and
forth for each row; one statement with many rows does neither. PostgreSQL keeps the usual way.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models.types import UtcDateTime

# Few sizes, so that SQLite prepares each statement once; it takes at most 32,766 values.
SIZES = (128, 16, 1)
_WITHOUT_ZONE = len("2026-01-31 12:00:00.000000")


async def insert_many(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert `rows`, all with the same keys and all columns that can't be NULL; known ids are left.

    Returns how many were new.
    """
    columns = tuple(rows[0])
    values = list(_rendered(table, columns, rows))
    start = new = 0
    for size in SIZES:
        while len(values) - start >= size:
            chunk = [value for row in values[start : start + size] for value in row]
            done = await connection.exec_driver_sql(_statement(table.name, columns, size), tuple(chunk))
            new += done.rowcount
            start += size
    return new


@cache
def _statement(table: str, columns: tuple[str, ...], size: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES {", ".join([row] * size)} ON CONFLICT DO NOTHING'  # noqa: S608


def _rendered(table: Table, columns: tuple[str, ...], rows: Sequence[dict[str, Any]]) -> Iterator[list[Any]]:
    """Yield each row's values in the order of `columns`, as the driver takes them."""
    moments = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, UtcDateTime)]
    documents = [i for i, name in enumerate(columns) if isinstance(table.c[name].type, JSON)]
    pick = itemgetter(*columns)
    for row in rows:
        values = list(pick(row))
        for i in moments:
            if values[i] is not None:
                values[i] = _moment(values[i])
        for i in documents:
            if values[i] is not None:
                values[i] = json.dumps(values[i])
        yield values


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:_WITHOUT_ZONE]
