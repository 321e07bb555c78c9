"""Erasing what is left of a member: rows about them, their id wherever it stands, and mentions of it.

It goes by the schema: a table that comes later is swept, too.
"""

import json
import re
from collections.abc import Iterable, Sequence
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
    bindparam,
    cast,
    delete,
    func,
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
    ("members", "user_id"),
)
# Where no id would mean the bot itself, or that it went by itself.
_SOMEBODY: Final = {("ticket_events", "actor_id"), ("incidents", "resolved_by"), ("setting_changes", "by_id")}
_LEFT_ALONE: Final = {"opt_outs"}  # hashes alone
_NOBODYS: Final = {("training_changes", "undone_by")}  # a change
_BY_KEY: Final = {"kv", "plugin_values"}  # whose keys may name somebody
SHORTEST_ID: Final = (
    17  # digits: shorter texts can't hold one (https://discord.com/developers/docs/reference)
)
SOMEONE: Final = "@someone"


class Named(NamedTuple):
    """A column that may name somebody, and whether its row goes with them or stays as nobody's."""

    table: str
    column: str
    goes: bool


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

    async def keys(self, named: Named, whose: Whose) -> list[tuple[Any, ...]]:
        """Return the keys of the rows that name them; may look at all there are: read it beside writers."""
        table = table_of(named.table)
        query = select(*table.primary_key).where(*whose.owns(table.c[named.column]))
        return [tuple(row) for row in (await (await self._session.connection()).execute(query)).all()]

    async def clear(self, named: Named, keys: Sequence[tuple[Any, ...]], user_id: int) -> None:
        """Delete these rows, or take the id out of them, as far as they still name somebody."""
        table = table_of(named.table)
        column = table.c[named.column]
        names = [f"key_{number}" for number in range(len(table.primary_key.columns))]
        bound = [each == bindparam(name) for each, name in zip(table.primary_key, names, strict=True)]
        these = and_(*bound, column == user_id)
        somebody = (named.table, named.column) in _SOMEBODY or not column.nullable
        blanked = update(table).where(these).values({named.column: 0 if somebody else None})
        connection = await self._session.connection()
        await connection.execute(
            delete(table).where(these) if named.goes else blanked,
            [dict(zip(names, key, strict=True)) for key in keys],
        )

    async def mentions(self, table_name: str, whose: Whose) -> list[Found]:
        """Return rows whose texts hold the digits of their id; looks at all there are, as above.

        Some hold a longer number: `holding` tells.
        """
        table = table_of(table_name)
        columns = _texts(table)
        digits = str(whose.user_id)
        within = func.instr if self._session.get_bind().dialect.name == "sqlite" else func.strpos
        held = [within(cast(column, Text), digits) > 0 for column in columns]
        keys = list(table.primary_key)
        query = select(*keys, *columns).where(or_(*held), *_within(whose, table))
        rows = (await (await self._session.connection()).execute(query)).all()
        names, count = [each.name for each in columns], len(keys)
        return [
            Found(table_name, tuple(row[:count]), dict(zip(names, row[count:], strict=True))) for row in rows
        ]

    async def unname(self, found: Sequence[Found], user_id: int) -> None:
        """Have these rows mention nobody in the place of them; what is kept for them alone goes."""
        connection = await self._session.connection()
        for row in found:
            table = table_of(row.table)
            this = and_(*(each == key for each, key in zip(table.primary_key, row.key, strict=True)))
            if row.table == "kv" or any(name in table.primary_key for name in row.values):
                await connection.execute(delete(table).where(this))
                continue
            values = {name: _without(value, user_id) for name, value in row.values.items()}
            await connection.execute(update(table).where(this).values(values))


def holding(found: Iterable[Found], user_id: int) -> list[Found]:
    """Return the rows that mention somebody, with the columns that do."""
    token = _token(user_id)
    held = (
        row._replace(values={name: each for name, each in row.values.items() if token.search(_written(each))})
        for row in found
    )
    return [row for row in held if row.values]


def texts_in() -> list[str]:
    """Return the tables that have texts."""
    return [table.name for table in _tables() if _texts(table)]


def columns_with_ids() -> list[Named]:
    """Return every column that may name somebody, those whose rows go last.

    By what goes last somebody is known by their hash, should it be interrupted.
    """
    blanked = [
        Named(table.name, column.name, goes=False)
        for table, column in _id_columns()
        if (table.name, column.name) not in ROWS_OF
    ]
    return blanked + [Named(table, column, goes=True) for table, column in ROWS_OF]


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
    by_key = table.name in _BY_KEY
    return [
        column
        for column in table.columns
        if isinstance(column.type, String | JSON)
        and not isinstance(column.type, LargeBinary)
        and (getattr(column.type, "length", None) or SHORTEST_ID) >= SHORTEST_ID
        and (by_key or not column.primary_key)
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
