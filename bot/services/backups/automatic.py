"""What happens by itself: a backup each day, made by a process of its own, and the end of old ones."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from loguru import logger
from pydantic import BaseModel

from bot.domain.errors import BackupError
from bot.services.backups.files import BY_ITSELF, expire, free_name, made_at, of_kind, tidy
from bot.services.backups.making import SECONDS, Place, make_backup
from bot.services.clock import Clock

FIRST_AFTER: Final = 300.0  # seconds after the start, when there is less to do
EVERY_SECONDS: Final = 3_600.0
EVERY: Final = timedelta(hours=24)
_ROOT: Final = Path(__file__).resolve().parents[3]
MODULE: Final = "bot.services.backups.automatic"
_PRIORITY: Final = 10  # how far the process stands back behind others

Make = Callable[[Path, datetime], Awaitable[None]]


class Order(BaseModel):
    """What the process of its own is told, on its standard input: the address may hold a password."""

    url: str
    sqlite: Path | None
    config: Path | None
    target: Path
    now: datetime


class BackupService:
    """Makes the daily backup, if it is wanted, and deletes what has been kept long enough."""

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        make: Make | None,
        keep: int,
        days: int,
        home: Path | None = None,
    ) -> None:
        """Prepare.

        Args:
            clock: the time.
            folder: where backups lie.
            make: writes one; None to make none by itself.
            keep: how many daily ones are kept.
            days: how long any is kept.
            home: of the database, None for `folder`; a restore works there.
        """
        self._clock = clock
        self._folder = folder
        self._make = make
        self._keep = keep
        self._days = days
        self._places = {folder, home or folder}
        self._failed = False

    async def run(self) -> None:
        """Look every hour until cancelled."""
        await self._clock.sleep(FIRST_AFTER)
        while True:
            await self.look()
            await self._clock.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Make the day's backup if it is due, and delete old ones and what was left half-done."""
        now = self._clock.now()
        if self._make is not None and await asyncio.to_thread(self._is_due, now):
            await self._back_up(self._make, now)
        try:
            gone = await asyncio.to_thread(expire, self._folder, now, self._days, self._keep)
            for place in self._places:
                await asyncio.to_thread(tidy, place)
        except OSError as error:
            logger.warning("Can't delete old backups in {}: {}", self._folder, error.strerror or error)
        else:
            if gone:
                logger.info("Deleted {} old backups from {}", len(gone), self._folder)

    async def _back_up(self, make: Make, now: datetime) -> None:
        target = free_name(self._folder, BY_ITSELF, now)
        try:
            await make(target, now)
        except BackupError as error:  # tried again in an hour; said once
            logger.log("DEBUG" if self._failed else "ERROR", "No backup was made: {}", error)
            self._failed = True
        else:
            self._failed = False
            logger.info("Backed up to {}", target)

    def _is_due(self, now: datetime) -> bool:
        daily = of_kind(self._folder, BY_ITSELF)
        newest = max((made for path in daily if (made := made_at(path)) is not None), default=None)
        return newest is None or not timedelta(0) <= now - newest < EVERY


async def make_apart(place: Place, target: Path, now: datetime) -> None:
    """Make a backup in a process of its own, which leaves this one free for its work; all paths are absolute.

    Raises:
        BackupError: it failed; the text says the fix.
    """
    order = Order(url=place.url, sqlite=place.sqlite, config=place.config, target=target, now=now)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, stdin=pipe, stdout=pipe, stderr=pipe, cwd=_ROOT
    )
    try:
        async with asyncio.timeout(SECONDS + 60):
            out, err = await process.communicate(order.model_dump_json().encode())
    except TimeoutError:
        raise BackupError(
            "It took too long. Fix: set backup.automatic to false and make them by hand."
        ) from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await asyncio.to_thread(tidy, target.parent)
    if process.returncode:
        told = out.decode(errors="replace").strip() or err.decode(errors="replace").strip()[-500:]
        raise BackupError(told or f"Its process ended with code {process.returncode}.")


def main() -> int:
    """Make the backup that standard input orders; return 0, or 1 with the reason on standard output."""
    order = Order.model_validate_json(sys.stdin.buffer.read())
    if sys.platform != "win32":
        os.nice(_PRIORITY)
    try:
        order.target.parent.mkdir(parents=True, exist_ok=True)
        asyncio.run(make_backup(Place(order.url, order.sqlite, order.config), order.target, order.now))
    except (BackupError, OSError) as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
