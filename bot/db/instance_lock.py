"""One bot per database: two on the same one would answer twice."""

from pathlib import Path
from typing import IO

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.db.engine import sqlite_path
from bot.domain.errors import StartupError

_ADVISORY_KEY = 0x4C4F4F4B  # "LOOK"
_TAKEN = (
    "Another Lookout is running on this database. "
    "Fix: stop it, or give this one a database of its own (DB_PATH)."
)


class InstanceLock:
    """Held for as long as the process lives; the operating system or PostgreSQL frees it after a crash."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._file: IO[str] | None = None
        self._connection: AsyncConnection | None = None

    async def acquire(self) -> None:
        """Take the lock.

        Raises:
            StartupError: another process holds it.
        """
        path = sqlite_path(self._engine.url.render_as_string(hide_password=False))
        if path is not None:
            self._file = _lock_file(path.with_name(path.name + ".lock"))
            return
        connection = await self._engine.connect()
        taken = await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
        free = bool(taken.scalar())
        await connection.commit()
        if not free:
            await connection.close()
            raise StartupError(_TAKEN)
        self._connection = connection

    async def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._connection is not None:
            await self._connection.invalidate()
            await self._connection.close()
            self._connection = None


def _lock_file(path: Path) -> IO[str]:
    file = path.open("a+")
    try:
        try:
            import fcntl
        except ImportError:  # Windows
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StartupError(_TAKEN) from None
    return file
