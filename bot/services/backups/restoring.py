"""The way back: a backup is checked as a whole, what is there is kept, and only then replaced."""

import contextlib
import os
import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from bot.db.engine import create_engine
from bot.db.instance_lock import InstanceLock
from bot.db.postgres_copies import about, load
from bot.db.schema import HEAD, check_known, prepare_database
from bot.db.sqlite_copies import check_file, let_go, revision_of_file
from bot.domain.errors import BackupError, StartupError
from bot.services.backups.archive import Manifest, unpack
from bot.services.backups.files import BEFORE_RESTORE, RESTORING, free_name, in_thread, put, work_folder
from bot.services.backups.making import SECONDS, SPARE, Place, check_space, make_backup

_JOURNALS: Final = ("-wal", "-shm", "-journal")


@dataclass
class Restored:
    """What became of a restore."""

    manifest: Manifest
    migrated: bool  # from an older schema
    kept: Path | None  # what was there before; None: there was nothing
    config: list[str] = field(default_factory=list)  # the files put back


async def restore(place: Place, source: Path, backups: Path, now: datetime) -> Restored:
    """Put a backup in the place of the database and, if `place` has one, of the configuration.

    What members had erased since is erased again at the bot's next start, before it hears anything
    (`ErasureLog.reapply`).

    Args:
        place: where to.
        source: the backup.
        backups: the folder that keeps what was there.
        now: the time.

    Raises:
        BackupError: it can't be done; the text says the fix, and the database is as it was.
    """
    kind = "sqlite" if place.sqlite is not None else "postgresql"
    home = place.sqlite.parent if place.sqlite is not None else backups
    engine = create_engine(place.url)
    lock = InstanceLock(engine)
    try:
        for folder in (home, backups):
            folder.mkdir(parents=True, exist_ok=True)
        if place.sqlite is None:
            await about(place.url)  # says what is wrong when it can't be reached
        await _hold(lock)
        with work_folder(home, RESTORING) as work:
            manifest = await in_thread(unpack, source, work, lambda found: _check(found, kind, source, work))
            copy = work / manifest.database_file
            if place.sqlite is not None:
                result = await _restore_file(place, copy, backups, now, manifest)
            else:
                result = await _restore_server(place, copy, backups, now, manifest)
            if place.config is not None:
                result.config = await in_thread(_restore_config, work, place.config)
    except StartupError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        raise BackupError(
            f"{error.strerror or error} ({error.filename or home}). Fix: check that this user may write to "
            f"{home}, and that its disk isn't full."
        ) from error
    finally:
        await lock.release()
        await engine.dispose()
    return result


async def _hold(lock: InstanceLock) -> None:
    try:
        await lock.acquire()
    except StartupError:
        raise BackupError(
            "The bot is running on this database. Fix: stop it, restore, and start it again."
        ) from None


def _check(manifest: Manifest, kind: str, source: Path, work: Path) -> None:
    if manifest.database != kind:
        fix = (
            "unset DATABASE_URL"
            if manifest.database == "sqlite"
            else "set DATABASE_URL to a PostgreSQL server"
        )
        raise BackupError(f"{source} is of {manifest.database}, and the settings name {kind}. Fix: {fix}.")
    try:
        check_known(manifest.revision)
    except StartupError:
        raise BackupError(
            f"{source} has schema {manifest.revision}, which this version doesn't know: Lookout "
            f"{manifest.lookout} made it. Fix: update this one to that version or a newer one, then restore."
        ) from None
    # Unpacked, it lies beside the archive of what is there now.
    check_space(work, sum(each.size for each in manifest.files) + SPARE)


async def _restore_file(
    place: Place, copy: Path, backups: Path, now: datetime, manifest: Manifest
) -> Restored:
    path = place.sqlite
    assert path is not None
    await in_thread(check_file, copy)
    if await in_thread(revision_of_file, copy) != manifest.revision:
        raise BackupError(
            "The database in the backup isn't as its manifest says. Fix: restore another backup."
        )
    migrated = manifest.revision != HEAD
    if migrated:
        fresh = create_engine(f"sqlite+aiosqlite:///{copy.as_posix()}")
        try:
            await prepare_database(fresh, now)
        finally:
            await fresh.dispose()
    await in_thread(let_go, copy)
    kept = await _keep_file(place, path, backups, now)
    await in_thread(_swap, copy, path)
    return Restored(manifest, migrated, kept)


async def _keep_file(place: Place, path: Path, backups: Path, now: datetime) -> Path | None:
    """Keep what is there: as a backup or, where it is too damaged for that, the files themselves."""
    if not await in_thread(path.exists):
        return None
    try:
        await in_thread(let_go, path)
        is_ours = await in_thread(revision_of_file, path) is not None
    except sqlite3.Error:
        is_ours = False
    if is_ours:
        with contextlib.suppress(BackupError):  # damaged further in
            return (await make_backup(place, free_name(backups, BEFORE_RESTORE, now), now)).path
    return await in_thread(_set_aside, path, free_name(backups, BEFORE_RESTORE, now, ".files"))


def _set_aside(path: Path, folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    try:
        for each in (path, *(path.with_name(path.name + ending) for ending in _JOURNALS)):
            if each.exists():
                shutil.copy2(each, folder / each.name)
    except OSError:  # half of it is of no use, and the disk may be full
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _swap(copy: Path, path: Path) -> None:
    if path.exists():  # whoever runs the bot goes on being its reader, and the only one
        owner = path.stat()
        shutil.copymode(path, copy)
        if os.name != "nt" and os.geteuid() == 0:
            os.chown(copy, owner.st_uid, owner.st_gid)
    for ending in _JOURNALS:  # of the old one: SQLite would take them for the new one's
        path.with_name(path.name + ending).unlink(missing_ok=True)
    put(copy, path)


async def _restore_server(
    place: Place, copy: Path, backups: Path, now: datetime, manifest: Manifest
) -> Restored:
    kept = None
    if (await about(place.url))[1] is not None:
        kept = (await make_backup(place, free_name(backups, BEFORE_RESTORE, now), now)).path
    await load(place.url, copy, copy.with_suffix(".sql"), SECONDS)
    migrated = manifest.revision != HEAD
    if migrated:
        fresh = create_engine(place.url)
        try:
            await prepare_database(fresh, now)
        finally:
            await fresh.dispose()
    return Restored(manifest, migrated, kept)


def _restore_config(work: Path, target: Path) -> list[str]:
    """Put the files of the configuration back; those that the backup doesn't have stay."""
    folder = work / "config"
    found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    for path in found:
        inside = path.relative_to(folder)
        (target / inside).parent.mkdir(parents=True, exist_ok=True)
        beside = (target / inside).with_name(f".{inside.name}.restoring")
        shutil.copyfile(path, beside)
        put(beside, target / inside)
    return [path.relative_to(folder).as_posix() for path in found]
