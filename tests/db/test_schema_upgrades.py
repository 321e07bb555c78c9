"""Upgrading what an older version left: a copy is kept first, and what is newer is left alone."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.schema import HEAD, KEPT_BACKUPS, migrate, prepare_database
from bot.domain.errors import StartupError
from tests.db.revisions import (
    ADD_MOOD,
    DROP_MOOD,
    EMPTY_KV,
    AddRevision,
    backups_of,
    counts,
    file_of,
    fill,
    revision_of,
)
from tests.db.support import (
    NOW,
    later,
)


async def test_the_file_is_backed_up_before_it_is_migrated(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    file_of(empty)
    await prepare_database(empty, NOW)
    await fill(empty)
    add_revision(ADD_MOOD + EMPTY_KV, DROP_MOOD)
    await prepare_database(empty, NOW)

    [backup] = backups_of(empty)
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT count(*) FROM kv").fetchone() == (1,)
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "20260301T120000Z" in backup.name
    assert (await counts(empty))["kv"] == 0


async def test_only_the_newest_backups_are_kept(empty: AsyncEngine, add_revision: AddRevision) -> None:
    other = file_of(empty).parent / "backups" / "holiday.db"
    await prepare_database(empty, NOW)
    add_revision("pass", "pass")
    for day in range(KEPT_BACKUPS + 2):
        await prepare_database(empty, later(day * 86_400))
        await migrate(empty, HEAD)
        other.touch()

    names = [path.name for path in backups_of(empty) if path != other]
    assert [name.removeprefix("lookout-")[:8] for name in names] == [f"202603{day:02}" for day in range(3, 8)]
    assert other in backups_of(empty)


async def test_a_schema_from_the_future_is_left_alone_with_its_backups(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    await prepare_database(empty, NOW)
    await fill(empty)
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StartupError, match=r"9999, which this version doesn't know.*update Lookout"):
        await prepare_database(empty, later(1))
    assert await revision_of(empty) == "9999"
    if empty.dialect.name == "sqlite":
        assert backups_of(empty) == []  # a bot that restarts all day would push out the good ones


async def test_migrating_a_schema_from_the_future_is_refused(empty: AsyncEngine) -> None:
    await prepare_database(empty, NOW)
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StartupError, match="9999"):
        await migrate(empty, "base")


SCRIPT = """
import asyncio, sys
from datetime import UTC, datetime
from bot.db.engine import create_engine
from bot.db.schema import prepare_database

async def main():
    engine = create_engine(sys.argv[1])
    await prepare_database(engine, datetime.now(UTC))
    await engine.dispose()

asyncio.run(main())
print("alembic" in sys.modules)
"""


@pytest.mark.parametrize("current", [True, False], ids=["current", "fresh"])
def test_alembic_is_loaded_only_when_there_is_something_to_migrate(
    sqlite_template: Path, tmp_path: Path, current: bool
) -> None:
    path = tmp_path / "lookout.db"
    if current:
        shutil.copy(sqlite_template, path)
    command = [sys.executable, "-c", SCRIPT, f"sqlite+aiosqlite:///{path}"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == [str(not current)]


async def test_a_failed_backup_is_said_and_nothing_is_migrated(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    path = file_of(empty)
    await prepare_database(empty, NOW)
    add_revision(ADD_MOOD, DROP_MOOD)
    (path.parent / "backups").touch()

    with pytest.raises(StartupError, match="Fix:") as caught:
        await prepare_database(empty, NOW)
    assert not isinstance(caught.value.__cause__, SQLAlchemyError)
    assert await revision_of(empty) == HEAD
