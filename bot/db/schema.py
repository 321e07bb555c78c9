"""Brings a database to the current schema: Alembic, after a backup of the SQLite file."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import is_passing
from bot.db.engine import sqlite_path
from bot.domain.errors import StartupError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0023"  # the newest revision under migrations/versions; a test compares them
KEPT_BACKUPS = 5
MIGRATIONS = Path(__file__).parent / "migrations"


async def prepare_database(engine: AsyncEngine, now: datetime) -> None:
    """Create or upgrade the tables; does nothing, and doesn't load Alembic, when they are current.

    Raises:
        StartupError: the database can't be opened or written to, or belongs to a newer version.
    """
    doing = "open"
    path = sqlite_path(engine.url.render_as_string(hide_password=False))
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(_check_file, path)
        async with engine.connect() as connection:
            current = await connection.run_sync(_current_revision)
        if current == HEAD:
            return
        if current is not None:
            check_known(current)
        if path is not None and current is not None:
            _back_up(path, now)
        doing = "upgrade" if current else "set up"
        await migrate(engine, "head")
    except (SQLAlchemyError, OSError, sqlite3.Error) as error:
        raise StartupError(_explain(engine, error, doing)) from error
    logger.info("Database schema is now {} (was {})", HEAD, current or "empty")


async def check_current(engine: AsyncEngine) -> None:
    """Make sure that the tables are those of this version, and change nothing.

    Raises:
        StartupError: they are others, or the database can't be opened.
    """
    try:
        async with engine.connect() as connection:
            current = await connection.run_sync(_current_revision)
    except (SQLAlchemyError, OSError) as error:
        raise StartupError(_explain(engine, error, "open")) from error
    if current is not None and current != HEAD:
        check_known(current)
    if current != HEAD:
        raise StartupError(
            f"The database has schema {current}, not {HEAD}. Fix: start this version of the bot once."
        )


async def migrate(engine: AsyncEngine, revision: str) -> None:
    """Upgrade or downgrade to `revision` ("head", "base" or an id).

    On SQLite foreign keys are off meanwhile, because recreating a table would delete the rows that point to
    it; they are checked before the commit.

    Raises:
        StartupError: the database's revision is unknown, or rows would be left without what they point to.
    """
    async with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            await connection.run_sync(_run, revision)
            await connection.commit()
            return
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute("PRAGMA foreign_keys=OFF")
        try:
            await connection.run_sync(_run, revision)
            broken = (await connection.execute(text("PRAGMA foreign_key_check"))).first()
            if broken is not None:
                raise StartupError(f"Migration to {revision} would break references: {tuple(broken)}")
            await connection.commit()
        finally:
            await connection.rollback()
            await driver.execute("PRAGMA foreign_keys=ON")


def _check_file(path: Path) -> None:
    # aiosqlite leaves a thread behind when a file can't be opened, which complains once the loop is closed.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA schema_version")


def _current_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def check_known(revision: str) -> None:
    """Make sure that this version knows a schema.

    Raises:
        StartupError: it is newer.
    """
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        ScriptDirectory.from_config(_config()).get_revision(revision)
    except CommandError as error:
        raise StartupError(
            f"The database has schema {revision}, which this version doesn't know. Fix: update Lookout, or "
            "restore the backup (folder backups beside the database) that was made before the upgrade."
        ) from error


def _run(connection: Connection, revision: str) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    current = _current_revision(connection)
    if current is not None:
        check_known(current)
    if revision == "base" or _comes_before(config, revision, current):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)


def _comes_before(config: "Config", revision: str, current: str | None) -> bool:
    """Whether a revision is further back than the current one; their numbers needn't be in order."""
    from alembic.script import ScriptDirectory

    if current is None or revision in ("head", current):
        return False
    behind = ScriptDirectory.from_config(config).iterate_revisions(current, "base")
    return any(each.revision == revision for each in behind)


def _back_up(path: Path, now: datetime) -> None:
    folder = path.parent / "backups"
    folder.mkdir(exist_ok=True)
    target = folder / f"{path.stem}-{now:%Y%m%dT%H%M%SZ}.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    logger.info("Backed up the database to {} before migrating it", target)
    for old in sorted(folder.glob(f"{path.stem}-*.db"))[:-KEPT_BACKUPS]:
        old.unlink()


def _explain(engine: AsyncEngine, error: Exception, doing: str) -> str:
    shown = engine.url.set(query={}).render_as_string(hide_password=True)  # a query may hold a password too
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    if "locked" in cause:
        fix = "stop the other program that is writing to it"
    elif "not a database" in cause or "malformed" in cause:
        fix = "move that file away or restore a backup of it, or choose another file with DB_PATH"
    elif doing == "upgrade" and not is_passing(error) and "readonly" not in cause and "full" not in cause:
        fix = "start the version you had before, which finds everything as it was, and report this"
    elif engine.dialect.name == "sqlite":
        fix = "check that the folder exists, that this user may write to it, and that the disk isn't full"
    elif is_passing(error):
        fix = "check that the server runs and that DATABASE_URL names its host and port"
    else:
        fix = "check user, password and database name in DATABASE_URL"
    return f"Can't {doing} the database {shown}: {cause}. Fix: {fix}."
