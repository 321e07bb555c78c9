"""Copies of a SQLite database while others write to it. Blocks: call it in a thread."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from bot.domain.errors import BackupError

STEPS: Final = 5_000  # of SQLite's virtual machine, between two looks at the clock
BUSY_SECONDS: Final = 30.0
NO_SPACE: Final = "Fix: free some space, or write to another disk."


def copy_sqlite(
    path: Path, target: Path, seconds: float, monotonic: Callable[[], float] = time.monotonic
) -> str | None:
    """Write a consistent copy of the database at `path` to `target`; return its schema revision.

    VACUUM INTO reads in one transaction, which in WAL mode keeps no writer waiting, and copies nothing of
    what was deleted (https://www.sqlite.org/lang_vacuum.html).

    Args:
        path: the database.
        target: where nothing is yet.
        seconds: how long it may take.
        monotonic: the clock for that, looked at all the while.

    Raises:
        BackupError: it can't be read, or the copy can't be written; the text says the fix.
    """
    if not path.is_file():
        raise BackupError(
            f"There is no database at {path}. Fix: start the bot once, or set DB_PATH to the file it uses."
        )
    end = monotonic() + seconds
    try:
        # Not made when it is missing, and readable though a journal lies beside it.
        address = f"{path.resolve().as_uri()}?mode=rw"
        with closing(
            sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        ) as source:
            source.set_progress_handler(lambda: monotonic() > end, STEPS)
            source.execute("VACUUM INTO ?", (str(target),))
        return revision_of_file(target)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise BackupError(f"Can't copy the database {path}: {error}. {_fix(str(error))}") from error


def revision_of_file(path: Path) -> str | None:
    """Return the schema revision that a database file names, None when it names none.

    Raises:
        sqlite3.Error: it is no database.
    """
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        [tables] = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        ).fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
    return str(row[0]) if row else None


def check_file(path: Path) -> None:
    """Look through a database file for damage.

    Raises:
        BackupError: it is damaged.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise BackupError(f"The database in the backup is damaged: {found}. Fix: restore another backup.")


def let_go(path: Path) -> None:
    """Have all of a database be in its one file, without a journal beside it; nobody else may have it open.

    Raises:
        sqlite3.Error: it is damaged or in use.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        [mode] = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        if mode != "delete":
            raise sqlite3.OperationalError("database is locked")


def _fix(cause: str) -> str:
    if "full" in cause or "disk I/O" in cause:
        return NO_SPACE
    if "locked" in cause:
        return "Fix: try again when the other program that writes to it is done."
    if "interrupted" in cause:
        return "Fix: it took too long; try again when the machine has less to do."
    if "malformed" in cause or "not a database" in cause:
        return "Fix: the file is damaged; restore a backup of it with `python run.py restore FILE`."
    return "Fix: check that this user may read it and write where the backup goes."
