"""Dumps of a PostgreSQL database, by PostgreSQL's own programs."""

import asyncio
import os
import re
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from bot.db.engine import create_engine
from bot.domain.errors import BackupError

VERSION_TABLE: Final = "alembic_version"
VERSION_SECONDS: Final = 20.0
LOCK_WAIT: Final = "-c lock_timeout=30s"  # for tables that somebody else is looking at
_ENVIRONMENT: Final = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
                       "ssl": "PGSSLMODE", "sslmode": "PGSSLMODE"}  # fmt: skip


async def dump(url: str, target: Path, seconds: float, newest: str) -> str:
    """Write the bot's tables to `target` in PostgreSQL's custom format; return their schema revision.

    Args:
        url: of the database, with its driver.
        target: where the dump goes.
        seconds: how long it may take.
        newest: the revision of this version's tables.

    Raises:
        BackupError: pg_dump is missing or too old, or it failed; the text says the fix.
    """
    server, revision = await about(url)
    if revision is None:
        raise BackupError("The database is empty. Fix: start the bot once, then there is something to keep.")
    if revision != newest:  # other tables than those this version knows
        raise BackupError(
            f"The database has schema {revision}, and this version's is {newest}. Fix: make the backup with "
            "the version that was used until now; an older database is upgraded at the bot's next start."
        )
    await program("pg_dump", server)
    tables = [part for name in known_tables() for part in ("--table", f'"{name}"')]
    what = ("--format=custom", "--no-owner", "--no-privileges", "--file", str(target), *tables)
    await _run("pg_dump", what, url, seconds)
    return revision


async def load(url: str, source: Path, script: Path, seconds: float) -> None:
    """Put what was dumped to `source` in the place of the bot's tables, all or nothing.

    Args:
        url: of the database, with its driver.
        source: a dump.
        script: where it may be unpacked.
        seconds: how long each step may take.

    Raises:
        BackupError: a program is missing or too old, or it failed; the database is then as before.
    """
    server, _ = await about(url)
    for name in ("pg_restore", "psql"):
        await program(name, server)
    listed = await _run("pg_restore", ("--list", str(source)), url, seconds)
    dumped = re.findall(r"^\d+; \d+ \d+ TABLE \S+ (\S+)", listed, re.MULTILINE)
    await _run(
        "pg_restore", ("--no-owner", "--no-privileges", "--file", str(script), str(source)), url, seconds
    )
    names = ", ".join(f'"{name}"' for name in sorted({*dumped, *known_tables()}))
    arguments = ("--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1",
                 "--output", os.devnull, "--command", f"DROP TABLE IF EXISTS {names} CASCADE",
                 "--file", str(script))  # fmt: skip
    await _run("psql", arguments, url, seconds)


def known_tables() -> Collection[str]:
    """Return the names of the bot's tables."""
    return sorted({*SQLModel.metadata.tables, VERSION_TABLE})


async def about(url: str) -> tuple[int, str | None]:
    """Return the server's major version and the schema revision in the database, None where there is none.

    Raises:
        BackupError: it can't be reached.
    """
    engine = create_engine(url)
    try:
        async with asyncio.timeout(VERSION_SECONDS), engine.connect() as connection:
            number = (await connection.execute(text("SHOW server_version_num"))).scalar_one()
            found = (
                await connection.execute(text("SELECT to_regclass(:name)"), {"name": VERSION_TABLE})
            ).scalar()
            query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  (a constant)
            revision = (await connection.execute(query)).scalar() if found else None
    except (SQLAlchemyError, OSError) as error:  # TimeoutError is an OSError
        cause = str(getattr(error, "orig", None) or error).strip().splitlines() or ["no answer"]
        raise BackupError(
            f"Can't reach the database: {cause[0]}. Fix: check that the server runs, and DATABASE_URL."
        ) from error
    finally:
        await engine.dispose()
    return int(number) // 10_000, revision


async def program(name: str, server: int) -> int:
    """Return the major version of one of PostgreSQL's programs, which must do for a server of `server`.

    Raises:
        BackupError: it is missing or too old.
    """
    fix = (
        f"Fix: install PostgreSQL's client programs of version {server} or newer (Debian and Ubuntu: "
        f"apt install postgresql-client-{server}), or use your server's own backups."
    )
    if shutil.which(name) is None:
        raise BackupError(f"{name} isn't installed, and without it PostgreSQL can't be backed up. {fix}")
    told = await _run(name, ("--version",), None, VERSION_SECONDS)
    found = re.search(r"(\d+)(?:\.\d+|devel|beta\d+|rc\d+)", told)
    version = int(found[1]) if found else 0
    if version < server:
        raise BackupError(f"{name} is version {version}, older than the server's {server}. {fix}")
    return version


async def _run(name: str, arguments: Collection[str], url: str | None, seconds: float) -> str:
    """Run a program to its end and return what it printed."""
    environment = {**os.environ, "LC_ALL": "C", **(_environment(url) if url else {})}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        name, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment
    )
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        raise BackupError(
            f"{name} wasn't done after {seconds:.0f} s. Fix: try again when the server has less to do."
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = err.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
        cause = next((line for line in lines if "error" in line.lower()), lines[0])
        raise BackupError(f"{name} failed: {cause.strip()[:300]}. {_fix(cause)}")
    return out.decode(errors="replace")


def _environment(url: str) -> Mapping[str, str]:
    """Return a database's address as PostgreSQL's programs read it; their arguments others could see."""
    parsed = make_url(url)
    values = {"host": parsed.host, "port": parsed.port, "user": parsed.username, "password": parsed.password}
    for key, value in parsed.query.items():
        values[key] = value if isinstance(value, str) else value[-1]
    found = {_ENVIRONMENT[key]: str(value) for key, value in values.items() if key in _ENVIRONMENT and value}
    return {**found, "PGDATABASE": parsed.database or "", "PGCONNECT_TIMEOUT": "10", "PGOPTIONS": LOCK_WAIT}


def _fix(cause: str) -> str:
    if "No space left" in cause or "File too large" in cause:
        return "Fix: free some space, or write to another disk."
    if "lock timeout" in cause:
        return "Fix: end what else uses the database, and try again."
    if "permission denied" in cause:
        return "Fix: give the user in DATABASE_URL the right to read and make tables."
    return "Fix: check that the server runs and that DATABASE_URL is right."
