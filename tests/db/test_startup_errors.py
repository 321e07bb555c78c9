import os
import re
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import bot.db.engine
from bot.db.engine import create_engine
from bot.db.schema import prepare_database
from bot.domain.errors import StartupError
from tests.db.postgres import refusing
from tests.db.support import NOW

SECRET = "s3cr3t-Passw0rd"  # noqa: S105  (looked for in every text)


async def refusal(url: str) -> str:
    """Return what an owner reads when the bot starts with this database."""
    engine = create_engine(url)
    try:
        with pytest.raises(StartupError) as caught:
            await prepare_database(engine, NOW)
    finally:
        await engine.dispose()
    shown = str(caught.value)
    assert SECRET not in shown
    assert "\n" not in shown
    return shown


@contextmanager
def powerless() -> Iterator[None]:
    """Become a user whom file permissions bind; root is not bound by any."""
    if not hasattr(os, "geteuid"):
        pytest.skip("file permissions are POSIX's")
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def read_only_file(open_folder: Path, sqlite_template: Path) -> Path:
    path = open_folder / "lookout.db"
    shutil.copy(sqlite_template, path)
    path.chmod(0o444)
    return path


@pytest.fixture
def read_only_folder(open_folder: Path) -> Path:
    open_folder.chmod(0o555)
    return open_folder


async def test_a_file_that_is_not_writable(read_only_file: Path) -> None:
    with powerless():
        shown = await refusal(f"sqlite+aiosqlite:///{read_only_file}")

    assert re.search(r"readonly|unable to open", shown)
    assert "this user may write to it" in shown
    assert str(read_only_file) in shown


@pytest.mark.parametrize(
    ("name", "cause"), [("x.db", "unable to open"), ("data/x.db", "ermission denied")], ids=["file", "folder"]
)
async def test_a_folder_that_is_not_writable(read_only_folder: Path, name: str, cause: str) -> None:
    with powerless():
        shown = await refusal(f"sqlite+aiosqlite:///{read_only_folder / name}")

    assert cause in shown
    assert "this user may write to it" in shown


async def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "data" / "lookout.db"
    engine = create_engine(f"sqlite+aiosqlite:///{path}")
    await prepare_database(engine, NOW)
    await engine.dispose()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM signals").fetchone() == (0,)


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    shown = await refusal(f"sqlite+aiosqlite:///{tmp_path / 'file' / 'lookout.db'}")
    assert "check that the folder exists" in shown


async def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert "unable to open database file" in await refusal(f"sqlite+aiosqlite:///{tmp_path}")


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "lookout.db"
    path.write_text("dear diary " * 1_000)

    shown = await refusal(f"sqlite+aiosqlite:///{path}")
    assert "file is not a database" in shown
    assert "DB_PATH" in shown
    assert path.read_text().startswith("dear diary")


async def test_a_file_that_another_program_holds(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.db.engine, "BUSY_TIMEOUT_MS", 20)
    path = tmp_path / "lookout.db"
    shutil.copy(sqlite_template, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        shown = await refusal(f"sqlite+aiosqlite:///{path}")

    assert "locked" in shown
    assert "stop the other program" in shown


@pytest.mark.parametrize(
    ("sqlstate", "message", "fix"),
    [
        ("28P01", 'password authentication failed for user "lookout"', "check user, password"),
        ("28000", "no pg_hba.conf entry for host", "check user, password"),
        ("3D000", 'database "lookout" does not exist', "check user, password and database name"),
        ("57P03", "the database system is starting up", "check that the server runs"),
        ("53300", "sorry, too many clients already", "Fix:"),
    ],
)
async def test_a_postgres_server_that_refuses(sqlstate: str, message: str, fix: str) -> None:
    async with refusing(sqlstate, message) as server:
        shown = await refusal(f"postgresql+asyncpg://lookout:{SECRET}@127.0.0.1:{server.port}/lookout")

    assert message in shown
    assert fix in shown
    assert server.refused >= 1


async def test_no_postgres_server() -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = unused.getsockname()[1]
        shown = await refusal(f"postgresql+asyncpg://lookout:{SECRET}@127.0.0.1:{port}/lookout")

    assert "check that the server runs" in shown
    assert f"127.0.0.1:{port}" in shown


async def test_a_password_in_the_query_of_the_address_is_not_shown() -> None:
    async with refusing("28P01", "password authentication failed") as server:
        shown = await refusal(
            f"postgresql+asyncpg:///lookout?host=127.0.0.1:{server.port}&user=lookout&password={SECRET}"
        )
    assert "password authentication failed" in shown


def test_no_driver_for_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)  # as where the optional extra isn't installed

    with pytest.raises(StartupError, match="Fix: pip install asyncpg") as caught:
        create_engine(f"postgresql+asyncpg://lookout:{SECRET}@db/lookout")
    assert SECRET not in str(caught.value)
