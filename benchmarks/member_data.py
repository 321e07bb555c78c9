"""A large database of one server: a million messages, and all that comes of them, written in SQL.

The same statements are for SQLite and PostgreSQL. What a table needs beside what is said here is filled in by
the type of its columns, so that the bot itself isn't asked.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

_EPOCH_MS: Final = 1_420_070_400_000  # Discord's, 2015-01-01
_SPAN_DAYS: Final = 20  # over which the messages are spread, so that no retention takes them
_ZEROS: Final = {"char": "''", "text": "''", "json": "'[]'", "bool": "FALSE", "time": ":now", "date": ":day"}


class Size(NamedTuple):
    """How much there is; all that isn't said follows from the number of messages."""

    messages: int = 1_000_000
    members: int = 50_000

    @property
    def busy(self) -> int:
        """Messages of the busy member."""
        return self.messages // 50


class Place(NamedTuple):
    """Where it all was said, and by whom."""

    guild: int
    channel: int
    busy: int
    quiet: int


class Column(NamedTuple):
    """A column, and whether it must be given a value."""

    name: str
    type: str
    is_needed: bool


class Store(Protocol):
    """A database as the measurement sees it, beside the bot.

    Attributes:
        vector: 1,536 bytes, in SQL.
    """

    vector: str

    async def columns(self, table: str) -> list[Column]:
        """Return the columns of a table that don't number themselves."""
        ...

    def typed(self, expression: str, kind: str) -> str:
        """Return an expression as a column of a type takes it."""
        ...

    async def execute(self, statement: str) -> None:
        """Run a statement and commit."""
        ...

    async def one(self, query: str) -> Any:
        """Return the first value of the first row."""
        ...


class Sqlite:
    """A file."""

    vector = "randomblob(1536)"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def columns(self, table: str) -> list[Column]:
        """Return the columns of a table that don't number themselves."""
        rows = await asyncio.to_thread(self._all, f"PRAGMA table_info({table})")
        return [
            Column(row[1], row[2].lower(), bool(row[3]) and not (row[5] and row[2] == "INTEGER"))
            for row in rows
        ]

    def typed(self, expression: str, _kind: str) -> str:
        """Return an expression as it is: any column takes it."""
        return expression

    async def execute(self, statement: str) -> None:
        """Run a statement and commit."""
        await asyncio.to_thread(self._all, statement)

    async def one(self, query: str) -> Any:
        """Return the first value of the first row."""
        return (await asyncio.to_thread(self._all, query))[0][0]

    def _all(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
            return connection.execute(statement).fetchall()


class Postgres:
    """A database of a server."""

    vector = "decode(repeat('a7', 1536), 'hex')"

    def __init__(self, url: str) -> None:
        self._url = url

    async def columns(self, table: str) -> list[Column]:
        """Return the columns of a table."""
        query = (
            "SELECT column_name, data_type, is_nullable = 'NO' AND column_default IS NULL"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1"
        )
        return [Column._make(row) for row in await self._all(query, table)]

    def typed(self, expression: str, kind: str) -> str:
        """Return an expression as a column of a type takes it."""
        return f"CAST({expression} AS {kind})"

    async def execute(self, statement: str) -> None:
        """Run a statement and commit."""
        await self._all(statement)

    async def one(self, query: str) -> Any:
        """Return the first value of the first row."""
        return (await self._all(query))[0][0]

    async def _all(self, statement: str, *values: Any) -> list[Any]:
        import asyncpg  # type: ignore[import-untyped]

        connection = await asyncpg.connect(self._url)
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()


async def fill(store: Store, place: Place, size: Size) -> None:
    """Write everything; the tables must be there, and the server known."""
    now = datetime.now(UTC)
    first = int((now - timedelta(days=_SPAN_DAYS)).timestamp() * 1_000 - _EPOCH_MS) << 22
    step = (int(timedelta(days=_SPAN_DAYS - 1).total_seconds() * 1_000) << 22) // size.messages
    zone = "+00" if isinstance(store, Postgres) else ""
    values = {
        "guild": place.guild, "channel": place.channel, "busy": place.busy, "quiet": place.quiet,
        "now": f"'{now - timedelta(days=1):%Y-%m-%d %H:%M:%S.%f}{zone}'",
        "day": f"'{now:%Y-%m-%d}'", "first": first, "step": step, "members": size.members,
        "other": 1 << 50, "vector": store.vector,
    }  # fmt: skip
    for table, count, columns in _tables(size):
        await _insert(store, table, count, columns, values)
    await store.execute("ANALYZE")


async def _insert(
    store: Store, table: str, count: int, columns: Mapping[str, str], values: Mapping[str, Any]
) -> None:
    """Add `count` rows; `i` counts them from 0."""
    known = await store.columns(table)
    every = {each.name: _zero(each.type) for each in known if each.is_needed} | dict(columns)
    types = {each.name: each.type for each in known}
    chosen = ", ".join(store.typed(text, types[name]) for name, text in every.items())
    for name, value in values.items():
        chosen = chosen.replace(f":{name}", str(value))
    await store.execute(
        "WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL"  # noqa: S608  (all of it stands here)
        f" SELECT i + 1 FROM n WHERE i < {count - 1}) INSERT INTO {table} ({', '.join(every)})"
        f" SELECT {chosen} FROM n WHERE TRUE ON CONFLICT DO NOTHING"
    )


def _zero(kind: str) -> str:
    return next((zero for part, zero in _ZEROS.items() if part in kind), "0")


_MESSAGE: Final = "(:first + i * :step)"
_MEMBER: Final = "(:other + i * 7919 % :members)"


def _who(busy: int, quiet: str = "FALSE") -> str:
    """Return whose a row is: every so many the busy member's, some the quiet one's."""
    return f"CASE WHEN i % {busy} = 0 THEN :busy WHEN {quiet} THEN :quiet ELSE {_MEMBER} END"


def _tables(size: Size) -> list[tuple[str, int, dict[str, str]]]:
    """Return what to write: tables, how many rows of each, and what these hold."""
    every = size.messages
    few = f"i IN (1, {every // 2 + 1}, {every - 1})"  # the quiet member's messages
    said = "'message ' || i || ' says that the printer of the second floor is out of paper again'"
    mention = "CASE WHEN i % 1009 = 1 THEN ' <@:busy>' ELSE '' END"
    here = {"guild_id": ":guild"}
    place = {"place_id": ":channel", "channel_id": ":channel"}
    claims = (
        """'{"sentences": [{"text": "It is out of paper ' || i || '", "messages": ["' ||"""
        ' (:first + i * 50 * :step) || \'"]}], "title": []}\''
    )
    return [
        ("members", size.members, here | {"user_id": ":other + i", "name": "'member ' || i"}),
        ("signals", every, here | place | {
            "id": f"'discord:' || {_MESSAGE}", "source": "'discord'", "message_id": _MESSAGE,
            "author_id": _who(50, few), "author_name": "'member ' || i", "content": f"{said} || {mention}",
            "language": "'en'", "purpose": "'unknown'", "sentiment": "'neu'", "urgency": "'low'",
            "intent": "CASE WHEN i % 12 = 0 THEN 'help_request' ELSE 'other' END", "stage": "'done'",
            "status": "'skipped'", "rationale": "'no question'",
        }),
        ("counted_messages", every, here | {
            "message_id": _MESSAGE, "user_id": _who(50, few), "channel_id": ":channel",
        }),
        ("actions", every // 5, here | {
            "signal_id": "'discord:' || (:first + i * 5 * :step)", "kind": "'reply'",
            "channel_id": ":channel", "nonce": "'n' || i", "status": "'sent'",
            "content": "'Put paper ' || i || ' into the lower tray.'",
        }),
        ("daily_user_statistics", size.members * 4, here | {
            "user_id": f":other + i % {size.members}", "channel_id": f":channel + i / {size.members}",
        }),
        ("daily_user_statistics", 400, here | {"user_id": ":busy", "channel_id": ":channel + i"}),
        ("message_reactions", every // 5, here | {
            "message_id": _MESSAGE, "user_id": _who(100, few), "emoji": "'+'", "kind": "'other'",
        }),
        ("tickets", every // 50, here | {
            "id": "i + 1", "number": "i + 1", "key": "'bench:' || i", "thread_id": ":other + i",
            "opener_id": _who(100, "i = 1"), "state": "'closed'", "closed_at": ":now", "priority": "'normal'",
            "title": "'ticket ' || i", "question": "'The printer ' || i || ' is out of paper.'",
        }),
        ("ticket_messages", every // 5, {
            "message_id": ":other + i", "ticket_id": "1 + i / 10", "author_id": _who(40, "i = 11"),
            "role": "'member'", "content": "'ticket message ' || i || ' says that it is out of paper'",
        }),
        ("ticket_events", every // 25, {
            "id": "i + 1", "ticket_id": "1 + i / 2", "kind": "'note'", "actor_id": ":other",
            "detail": """'{"text": "note ' || i || ' about the printer"}'""",
        }),
        ("summaries", 400, here | {
            "id": "i + 1", "kind": "'asked'", "reading": "'short'", "place_ids": """'[":channel"]'""",
            "reader_id": "CASE WHEN i % 10 = 0 THEN :busy ELSE NULL END",
        }),
        ("summary_topics", 2_000, {
            "id": "i + 1", "summary_id": "1 + i / 5", "title": "'topic ' || i", "claims": claims,
        }),
        ("summary_sources", min(80_000, every // 2), {
            "summary_id": "1 + i / 200", "message_id": _MESSAGE, "author_id": _who(50, few), **place,
        }),
        ("training_entries", every // 100, here | {
            "id": "i + 1", "answer": "'Answer ' || i", "source_author_id": _who(100), "created_by": ":other",
        }),
        ("training_phrasings", every // 50, here | {
            "id": "i + 1", "entry_id": "1 + i / 2", "text": "'question ' || i", "normal": "'question ' || i",
            "same_key": "'k' || i", "encoder": "'bench'", "vector": ":vector",
        }),
        ("feedback", every // 50, here | {
            "signal_id": f"'discord:' || {_MESSAGE}", "message_id": _MESSAGE, "user_id": _who(20, few),
            "kind": "'reply'", "giver": "'author'", "verdict": "'up'",
        }),
        ("questions", every // 50, here | {
            "key": "'q' || i", "signal_id": f"'discord:' || {_MESSAGE}", "message_id": _MESSAGE,
            "outcome": "'answered'", "answer": "'Put paper ' || i || ' in.'", "finished_at": ":now",
        }),
        ("plugin_values", every // 50, here | {
            "plugin": "'bench'", "user_id": _who(100, few), "key": "'k' || i",
        }),
        ("llm_calls", every // 10, here | {"task": "'reply'", "provider": "'none'"}),
    ]  # fmt: skip
