"""A worker that is cancelled must leave the connections clean, also in the worst moment."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.db.engine import create_engine

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def _write(database: Database, number: int) -> None:
    async with database.transaction() as tx:
        await tx.guilds.ensure(number, NOW)


async def test_cancelling_while_a_connection_goes_back_breaks_nothing(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(engine)
    await _write(database, 1)
    loop = asyncio.get_running_loop()

    def cancel_the_writer(*_: Any) -> None:
        loop.call_soon(task.cancel)

    task = asyncio.create_task(_write(database, 2))
    event.listen(engine.sync_engine, "reset", cancel_the_writer)
    await asyncio.gather(task, return_exceptions=True)
    event.remove(engine.sync_engine, "reset", cancel_the_writer)
    await _write(database, 3)
    async with database.reading() as tx:
        assert {guild.id for guild in await tx.guilds.list_all()} == {1, 2, 3}
    assert [record.getMessage() for record in caplog.records if record.name.startswith("sqlalchemy")] == []


async def test_a_connection_closed_with_a_query_half_read_leaves_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "lookout.db"
    engine = create_engine(f"sqlite+aiosqlite:///{file}")
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        await driver.execute("begin immediate")
        await driver.execute("create table numbers (number int)")
        await driver.execute("insert into numbers values (1), (2)")
        half_read = await driver.execute("select * from numbers")
        assert await half_read.fetchone() == (1,)
        await driver.close()  # as when a statement is cancelled; its cursor lives on in the traceback
        with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as other:
            other.execute("begin immediate")
        await connection.invalidate()
    await engine.dispose()
    del half_read
