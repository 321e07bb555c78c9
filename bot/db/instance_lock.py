"""One bot per database: two on the same one would answer twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import IO

from loguru import logger
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.db.engine import sqlite_path
from bot.domain.errors import StartupError

CHECK_SECONDS = 30.0
CHECK_TIMEOUT = 10.0  # seconds
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
            sqlalchemy.exc.SQLAlchemyError: the database can't be reached.
        """
        path = sqlite_path(self._engine.url.render_as_string(hide_password=False))
        if path is not None:
            self._file = lock_file(path.with_name(path.name + ".lock"))
            return
        connection = await self._engine.connect()
        taken = await connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
        free = bool(taken.scalar())
        await connection.commit()
        if not free:
            await connection.close()
            raise StartupError(_TAKEN)
        self._connection = connection

    async def keep(self, lost: Callable[[], None]) -> None:
        """Hold the lock over lost connections until cancelled; call `lost` when another process has it.

        PostgreSQL frees it when it restarts or when something on the way cuts an idle connection.
        """
        while self._file is None:  # a file's lock can't be lost
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.check()
            except StartupError as error:
                logger.critical("{}", error)
                lost()
                return
            except Exception as error:  # noqa: BLE001  (out of reach: nobody else can take it either)
                logger.warning(
                    "Can't look after the lock on the database: {}", str(error) or type(error).__name__
                )

    async def check(self) -> None:
        """Make sure that the lock is still held, taking it again when its connection is lost.

        Raises:
            StartupError: another process took it meanwhile.
            TimeoutError, OSError, sqlalchemy.exc.SQLAlchemyError: the database can't be reached.
        """
        async with asyncio.timeout(CHECK_TIMEOUT):
            if self._connection is not None:
                try:
                    await self._connection.execute(text("SELECT 1"))
                    await self._connection.commit()
                except Exception:  # noqa: BLE001  (whatever it is, the connection is of no use)
                    await self.release()
                else:
                    return
            await self.acquire()
            logger.warning("The connection that held the lock on the database was lost; it is held again")

    async def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._connection is not None:
            await self._connection.invalidate()
            await self._connection.close()
            self._connection = None


def lock_file(path: Path) -> IO[str]:
    """Return a file that is locked for as long as it is open.

    Raises:
        StartupError: another process has it locked.
    """
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
