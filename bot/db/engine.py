"""Engines that behave alike: SQLite with one writer, or PostgreSQL."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, ExceptionContext, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.domain.errors import StartupError

BUSY_TIMEOUT_MS = 5_000
READ_ONLY = "lookout_read_only"  # execution option: this connection's transactions only read


def sqlite_path(url: str) -> Path | None:
    """Return the database file of an SQLite `url`, None for any other database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def create_engine(url: str) -> AsyncEngine:
    """Return an engine for `url` (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`); opens nothing yet.

    Its errors don't tell the values of a statement: they are what members wrote, and errors are logged.

    Raises:
        StartupError: the driver for this kind of database isn't installed.
    """
    if make_url(url).get_backend_name() != "sqlite":
        try:
            engine = create_async_engine(
                url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=5, pool_timeout=10
            )
        except ModuleNotFoundError as error:
            raise StartupError("PostgreSQL needs a driver. Fix: pip install asyncpg") from error
        event.listen(engine.sync_engine, "handle_error", _hide_row)
        return engine
    # A connection is a thread of its own. Writers queue at SQLite anyway; the others are for readers.
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_size=4,
        max_overflow=0,
        pool_timeout=30,
        connect_args={"factory": _Connection},
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


class _Connection(sqlite3.Connection):
    """Gives up its lock when it is closed.

    One that is closed because its statement was cancelled has a cursor left that is not done. SQLite keeps
    such a connection, transaction and lock and all, until that cursor is collected as garbage
    (https://www.sqlite.org/c3ref/close.html), and a bot collects seldom.
    """

    _is_closed = False

    def close(self) -> None:
        if not self._is_closed and self.in_transaction:
            self.rollback()
        self._is_closed = True  # closing it again does nothing
        super().close()


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see `_begin`
    try:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten, not only forgotten
            "temp_store=MEMORY",
            "cache_size=-8000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except BaseException:
        connection.close()  # the pool forgets it, and its thread would outlive the loop
        raise


def _hide_row(context: ExceptionContext) -> None:
    """Take the failing row out of PostgreSQL's error, which quotes it."""
    error: BaseException | None = context.original_exception
    while error is not None:
        if getattr(error, "detail", None):
            error.detail = None  # type: ignore[attr-defined]
        error.args = tuple(
            arg.partition("\nDETAIL:")[0] if isinstance(arg, str) else arg for arg in error.args
        )
        error = error.__cause__


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns into a writer fails at once when another one writes; one that starts
    # as a writer waits for its turn.
    reads = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
