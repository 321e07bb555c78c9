"""Where backups lie, what they are called, and which of them have been kept long enough. Blocks."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from bot.db.instance_lock import lock_file
from bot.domain.errors import BackupError, StartupError

P = ParamSpec("P")
T = TypeVar("T")

SUFFIX: Final = ".tar.gz"
BY_HAND, BY_ITSELF, BEFORE_RESTORE = "lookout", "lookout-daily", "lookout-before-restore"
MAKING, RESTORING = ".lookout-backup", ".lookout-restore"  # folders to work in
_STAMP: Final = "%Y%m%dT%H%M%SZ"
# Copies made before an upgrade end with .db; a folder of files is what was too damaged for a backup.
_OURS: Final = re.compile(r"(?P<kind>[\w.-]+?)-(?P<stamp>\d{8}T\d{6}Z)(?:-\d+)?(?:\.tar\.gz|\.db|\.files)")


def free_name(folder: Path, kind: str, now: datetime, suffix: str = SUFFIX) -> Path:
    """Return a name in `folder` that nothing has."""
    path = folder / f"{kind}-{now:{_STAMP}}{suffix}"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{kind}-{now:{_STAMP}}-{number}{suffix}"
    return path


def made_at(path: Path) -> datetime | None:
    """Return when a backup was made, by its name; None for other files."""
    found = _OURS.fullmatch(path.name)
    if found is None:
        return None
    try:
        return datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def of_kind(folder: Path, kind: str) -> list[Path]:
    """Return the backups of a kind in `folder`, the oldest first."""
    found = [path for path in _inside(folder) if _kind(path) == kind]
    return sorted(found, key=lambda path: path.name)


def expire(folder: Path, now: datetime, days: int, keep: int) -> list[Path]:
    """Delete backups in `folder` that are older than `days`, and daily ones beyond the newest `keep`.

    Only files named as the bot names them; one called otherwise is its owner's. Returns those deleted.
    """
    daily = of_kind(folder, BY_ITSELF)
    before = now - timedelta(days=days)
    gone = set(daily[: max(0, len(daily) - keep)])
    gone |= {path for path in _inside(folder) if (made := made_at(path)) is not None and made < before}
    for path in gone:
        _remove(path)
    return sorted(gone)


@contextlib.contextmanager
def work_folder(beside: Path, name: str) -> Iterator[Path]:
    """Have a folder to work in, on the disk of `beside`; it is gone afterwards, and what a kill left in it.

    Raises:
        BackupError: somebody else works there.
    """
    folder = beside / name
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock = lock_file(folder / "lock")
        except FileNotFoundError:
            continue  # the one before us has just tidied up
        except StartupError:
            raise BackupError(
                f"Another backup is being written to {beside}, or restored. Fix: wait until it is done."
            ) from None
        if (folder / "lock").exists():
            break
        lock.close()
    with lock:
        for left in folder.iterdir():
            if left.name != "lock":
                _remove(left)
        try:
            yield folder
        finally:
            if os.name == "nt":
                lock.close()  # an open file can't be deleted there
            shutil.rmtree(folder, ignore_errors=True)


def tidy(folder: Path) -> None:
    """Remove what a backup or restore that was killed left in `folder`; one that is at work keeps its own."""
    for name in (MAKING, RESTORING):
        if (folder / name).is_dir():
            with contextlib.suppress(BackupError), work_folder(folder, name):
                pass


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call what blocks and return what it returns; who is cancelled waits until it is done.

    Else it would go on to write into a folder that is being removed.
    """
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def put(made: Path, target: Path) -> None:
    """Give a finished file its name, so that it is there whole or not at all."""
    made.replace(target)
    if os.name != "nt":  # a folder can't be opened there
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _kind(path: Path) -> str:
    found = _OURS.fullmatch(path.name)
    return found["kind"] if found else ""


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
