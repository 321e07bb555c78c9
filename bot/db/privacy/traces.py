"""Erasing what is left of a member: rows about them, their id wherever it stands, and mentions of it.

It goes by the schema: a table that comes later is swept, too.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    cast,
    delete,
    or_,
    select,
    union,
    update,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.privacy.scope import Whose, table_of
from bot.models.types import metadata

# Rows that are about a member, or that hold what they themselves said of something.
ROWS_OF: Final = (
    ("members", "user_id"),
    ("message_reactions", "user_id"),
    ("daily_user_statistics", "user_id"),
    ("monthly_user_statistics", "user_id"),
    ("feedback", "user_id"),
    ("summary_feedback", "user_id"),
    ("summary_notes", "user_id"),
    ("summaries", "reader_id"),
    ("summary_posts", "target_id"),
    ("ticket_drafts", "opener_id"),
    ("incident_reports", "author_id"),
    ("plugin_values", "user_id"),
)
# Where no id would mean the bot itself, or that it went by itself.
_SOMEBODY: Final = {("ticket_events", "actor_id"), ("incidents", "resolved_by"), ("setting_changes", "by_id")}
_LEFT_ALONE: Final = {"opt_outs"}  # hashes alone
_NOBODYS: Final = {("training_changes", "undone_by")}  # a change
SOMEONE: Final = "@someone"


class Found(NamedTuple):
    """A row that mentions somebody."""

    table: str
    key: tuple[Any, ...]
    values: dict[str, Any]  # the columns that do


class TraceErasing:
    """Every table as one open session sees it; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def guilds_of(self, user_id: int) -> Sequence[int]:
        """Return the servers of which anything is kept about somebody."""
        parts = []
        for table, column in _id_columns():
            if "guild_id" in table.c:
                parts.append(select(table.c.guild_id).where(column == user_id, table.c.guild_id.is_not(None)))
        for name, parent in (("ticket_messages", "tickets"), ("summary_sources", "summaries")):
            table, owner = table_of(name), table_of(parent)
            [key] = [each for each in table.foreign_keys if each.column.table is owner]
            joined = select(owner.c.guild_id).join(table, key.parent == key.column)
            parts.append(joined.where(table.c.author_id == user_id))
        rows = await (await self._session.connection()).execute(union(*parts))
        return sorted(rows.scalars())

    async def people(self, after: tuple[str, str] | None = None) -> set[tuple[int, int]]:
        """Return (server or 0, user) of everybody of whom anything is kept; for looking hashes up."""
        found: set[tuple[int, int]] = set()
        connection = await self._session.connection()
        for table, column in _id_columns():
            home: Any = table.c.guild_id if "guild_id" in table.c else None
            if home is None:
                for key in table.foreign_keys:
                    if "guild_id" in key.column.table.c:
                        owner = key.column.table
                        query = select(owner.c.guild_id, column).join(table, key.parent == key.column)
                        found |= {(row[0], row[1]) for row in await connection.execute(query.distinct())}
                        break
                continue
            query = select(home, column).where(column.is_not(None)).distinct()
            found |= {(row[0] or 0, row[1]) for row in await connection.execute(query)}
        return {(guild_id, user_id) for guild_id, user_id in found if user_id}

    async def erase_rows(self, whose: Whose) -> int:
        """Delete every row that is about them; return how many."""
        total = 0
        connection = await self._session.connection()
        for name, column in ROWS_OF:
            table = table_of(name)
            done = await connection.execute(delete(table).where(*whose.owns(table.c[column])))
            total += done.rowcount or 0
        return total

    async def blank_ids(self, whose: Whose) -> int:
        """Take their id out of every other row that names them; return of how many."""
        total = 0
        connection = await self._session.connection()
        for table, column in _id_columns():
            if (table.name, column.name) in ROWS_OF:
                continue
            somebody = (table.name, column.name) in _SOMEBODY or not column.nullable
            value = 0 if somebody else None
            done = await connection.execute(
                update(table).where(*whose.owns(column)).values({column.name: value})
            )
            total += done.rowcount or 0
        return total

    async def mentions(self, whose: Whose) -> list[Found]:
        """Return the rows whose texts hold their id; looks at all there is, so read it beside the writers."""
        found: list[Found] = []
        connection = await self._session.connection()
        token = _token(whose.user_id)
        for table in _tables():
            columns = _texts(table)
            if not columns:
                continue
            holding = [cast(column, Text).like(f"%{whose.user_id}%") for column in columns]
            keys = list(table.primary_key)
            query = select(*keys, *columns).where(or_(*holding), *_within(whose, table))
            for row in (await connection.execute(query)).all():
                values = dict(zip([each.name for each in columns], row[len(keys) :], strict=True))
                held = {name: value for name, value in values.items() if token.search(_written(value))}
                if held:
                    found.append(Found(table.name, tuple(row[: len(keys)]), held))
        return found

    async def unname(self, found: Sequence[Found], user_id: int) -> None:
        """Have these rows mention nobody in the place of them; what is kept for them alone goes."""
        connection = await self._session.connection()
        for row in found:
            table = table_of(row.table)
            this = and_(*(each == key for each, key in zip(table.primary_key, row.key, strict=True)))
            if row.table == "kv":
                await connection.execute(delete(table).where(this))
                continue
            values = {name: _without(value, user_id) for name, value in row.values.items()}
            await connection.execute(update(table).where(this).values(values))


def _tables() -> list[Table]:
    return [table for name, table in sorted(metadata.tables.items()) if name not in _LEFT_ALONE]


_PEOPLE: Final = (
    "user_id",
    "author_id",
    "opener_id",
    "actor_id",
    "reader_id",
    "member_id",
    "target_id",
    "by_id",
    "_by",
)


def _id_columns() -> list[tuple[Table, Column[Any]]]:
    """Return the columns that may hold somebody's id."""
    return [
        (table, column)
        for table in _tables()
        for column in table.columns
        if type(column.type) is BigInteger
        and not column.foreign_keys
        and column.name.endswith(_PEOPLE)
        and (table.name, column.name) not in _NOBODYS
    ]


def _texts(table: Table) -> list[Column[Any]]:
    kv = table.name == "kv"
    return [
        column
        for column in table.columns
        if isinstance(column.type, String | JSON)
        and not isinstance(column.type, LargeBinary)
        and (kv or not column.primary_key)
        and not column.foreign_keys
    ]


def _within(whose: Whose, table: Table) -> list[Any]:
    """Return the conditions for rows of the server meant; key-value pairs name theirs in scope or key."""
    if table.name != "kv" or whose.guild_id is None:
        return whose.within(table)
    guild = str(whose.guild_id)
    return [or_(table.c.scope.like(f"%{guild}%"), table.c.key.like(f"%{guild}%"))]


def _token(user_id: int) -> re.Pattern[str]:
    return re.compile(rf"<@!?{user_id}>|(?<!\d){user_id}(?!\d)")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _without(value: Any, user_id: int) -> Any:
    if value is None:
        return None

    def instead(match: re.Match[str]) -> str:
        return SOMEONE if match[0].startswith("<") else "0"

    if isinstance(value, list):  # of ids and mentions
        value = [each for each in value if each not in (user_id, str(user_id), f"user:{user_id}")]
    text = _token(user_id).sub(instead, _written(value))
    return text if isinstance(value, str) else json.loads(text)
