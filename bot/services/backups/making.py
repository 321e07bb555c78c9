"""Making a backup: of the database while the bot runs, of the configuration, and never of a secret."""

import errno
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from bot import __version__
from bot.db.postgres_copies import dump
from bot.db.schema import HEAD
from bot.db.sqlite_copies import copy_sqlite
from bot.domain.errors import BackupError
from bot.services.backups.archive import FORMAT, Manifest, write_archive
from bot.services.backups.files import MAKING, in_thread, put, work_folder

SECONDS: Final = 3_600.0  # for the copy of the database
SPARE: Final = 50_000_000  # bytes of a disk that a backup never takes
# What an owner edits. Anything else in that folder isn't ours to copy, keys and .env files least of all.
CONFIG_FILES: Final = frozenset({".yaml", ".yml", ".md", ".txt", ".toml"})
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Place:
    """What is backed up, or restored to.

    Attributes:
        url: of the database, with its driver; may hold a password.
        sqlite: the database's file, None on PostgreSQL.
        config: the folder of what an owner edits, None to leave it out.
    """

    url: str
    sqlite: Path | None
    config: Path | None


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    path: Path
    size: int  # bytes
    manifest: Manifest


async def make_backup(place: Place, target: Path, now: datetime, *, replace: bool = False) -> Made:
    """Write a backup to `target`, which appears when it is whole; safe while the bot runs.

    Raises:
        BackupError: it can't be made; the text says the fix, and nothing is left behind.
    """
    try:
        await in_thread(check_target, target, replace)
        with work_folder(target.parent, MAKING) as work:
            _check_space(place, work)
            manifest = await _written(place, work, now)
            size = await in_thread(_finish, work / "archive", target)
    except OSError as error:
        raise BackupError(_explained(target, error)) from error
    return Made(target, size, manifest)


def check_target(target: Path, replace: bool) -> None:
    """Make sure that nothing is overwritten unless that is wanted.

    Raises:
        BackupError: it would be.
    """
    if target.is_dir() or (target.exists() and not replace):
        raise BackupError(f"{target} exists already. Fix: choose another name, or add --replace.")


def _finish(made: Path, target: Path) -> int:
    put(made, target)
    return target.stat().st_size


async def _written(place: Place, work: Path, now: datetime) -> Manifest:
    copy = work / "database"
    if place.sqlite is not None:
        revision = await in_thread(copy_sqlite, place.sqlite, copy, SECONDS)
        if revision is None:
            raise BackupError(
                f"{place.sqlite} isn't a database of Lookout. Fix: set DB_PATH to the file that the bot uses."
            )
    else:
        revision = await dump(place.url, copy, SECONDS, HEAD)
    manifest = Manifest(
        format=FORMAT,
        lookout=__version__,
        database="sqlite" if place.sqlite is not None else "postgresql",
        revision=revision,
        created_at=now,
        files=[],
    )
    files = [(manifest.database_file, copy)]
    if place.config is not None:
        files += config_files(place.config)
    return await in_thread(_pack, work / "archive", manifest, files)


def config_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of the configuration with their names in a backup."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        if path.is_file() and not hidden and path.suffix in CONFIG_FILES:
            yield f"config/{inside.as_posix()}", path


def _pack(target: Path, manifest: Manifest, files: list[tuple[str, Path]]) -> Manifest:
    with target.open("xb") as out:
        target.chmod(0o600)  # what members wrote is in it
        return write_archive(out, manifest, files)


def _check_space(place: Place, work: Path) -> None:
    """Refuse to begin what would fill the disk: copy and archive lie there at the same time."""
    if place.sqlite is None or not place.sqlite.is_file():
        return
    needed = 2 * place.sqlite.stat().st_size + SPARE
    check_space(work, needed)


def check_space(folder: Path, needed: int) -> None:
    """Look whether `needed` bytes are free on a folder's disk.

    Raises:
        BackupError: they aren't.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"The disk of {folder.parent} has {free // 1_000_000} MB left, and {needed // 1_000_000} MB may "
            "be needed. Fix: free some space, or use another disk."
        )


def _explained(target: Path, error: OSError) -> str:
    if error.errno in _FULL:
        return (
            f"Can't write {target}: the disk is full. Fix: free some space, or name a file on another disk."
        )
    return (
        f"Can't write {target}: {error.strerror or error}. "
        "Fix: check that the folder exists and that this user may write to it."
    )
