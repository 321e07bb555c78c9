"""An erasure keeps no writer waiting: it looks for rows beside them, and changes few at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.db.database import Database
from bot.db.engine import READ_ONLY, sqlite_path
from bot.db.privacy.traces import TraceErasing
from bot.services.privacy import erasing
from bot.services.statistics import counting
from tests.db.support import GUILD, MEMBER
from tests.privacy.support import fill, holding
from tests.privacy.test_erasing import eraser


@contextmanager
def written(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Note the statements of transactions that write, with their values."""
    noted: list[tuple[str, Any]] = []
    engine = database._engine.sync_engine

    def note(connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if not connection.get_execution_options().get(READ_ONLY):
            noted.append((statement, values[0] if many else values))

    event.listen(engine, "before_cursor_execute", note)
    yield noted
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("guild_id", [GUILD, None], ids=["one server", "everywhere"])
async def test_nothing_that_locks_the_database_looks_through_a_table(
    database: Database, guild_id: int | None
) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL locks rows, not the database")
    await fill(database, GUILD)
    with written(database) as noted:
        await eraser(database).erase(guild_id, MEMBER)
    path = sqlite_path(str(database._engine.url))
    assert isinstance(path, Path)
    found, explained = [], 0
    with closing(sqlite3.connect(path)) as connection:
        for statement, values in noted:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                explained += 1
                plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
                whole = [each for each in plan if each.startswith("SCAN")]
                # What SQLAlchemy makes of an empty list.
                if any(each not in {"SCAN CONSTANT ROW", "SCAN (subquery-1)"} for each in whole):
                    found.append((statement, plan))
    assert explained > 80
    assert found == []


async def test_what_is_too_much_for_one_transaction_is_erased_as_well(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "CHUNK", 1)
    monkeypatch.setattr(erasing._parts, "__defaults__", (1,))
    monkeypatch.setattr(counting, "DAYS", 1)
    monkeypatch.setattr(counting, "PORTION", 1)
    await fill(database, GUILD)
    await eraser(database).erase(GUILD, MEMBER)
    assert await holding(database, str(MEMBER)) == {str(MEMBER): []}


async def test_one_who_is_half_erased_is_still_known_by_their_row(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crash after each change: as long as anything is left of them, `people` finds them."""
    await fill(database, GUILD)
    cleared, found, mentioned = TraceErasing.clear, TraceErasing.keys, TraceErasing.mentions
    changes = 0

    async def clear(self: Any, *values: Any) -> None:
        nonlocal changes
        changes += 1
        await cleared(self, *values)

    async def keys(self: Any, *values: Any) -> Any:
        if changes:
            raise RuntimeError("the power is gone")
        return await found(self, *values)

    async def mentions(self: Any, *values: Any) -> Any:
        if changes:
            raise RuntimeError("the power is gone")
        return await mentioned(self, *values)

    monkeypatch.setattr(TraceErasing, "mentions", mentions)
    monkeypatch.setattr(TraceErasing, "clear", clear)
    monkeypatch.setattr(TraceErasing, "keys", keys)
    crashes = 0
    while (await holding(database, str(MEMBER)))[str(MEMBER)] and crashes < 100:
        async with database.reading() as tx:
            assert (GUILD, MEMBER) in await tx.erasing.traces.people()
        with suppress(RuntimeError):
            await eraser(database).erase(GUILD, MEMBER)
        crashes, changes = crashes + 1, 0
    assert 5 < crashes < 100
