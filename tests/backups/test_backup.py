"""Making a backup: consistent beside writers, whole or not there, without secrets."""

import asyncio
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import __version__
from bot.db.schema import HEAD
from bot.db.sqlite_copies import copy_sqlite
from bot.domain.errors import BackupError
from bot.services.backups import making
from bot.services.backups.automatic import make_apart
from bot.services.backups.files import MAKING, work_folder
from bot.services.backups.making import Place, make_backup
from tests.backups.support import parts, place_of, put

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A folder of configuration with things in it that are no configuration."""
    folder = tmp_path / "config"
    (folder / "prompts").mkdir(parents=True)
    (folder / "settings.yaml").write_text("maintenance_mode: false\n")
    (folder / "prompts" / "reply.md").write_text("Answer.\n")
    for name in (".env", "server.pem", ".hidden.yaml", "notes.yaml~"):
        (folder / name).write_text("DISCORD_BOT_TOKEN=a-secret-token\n")
    return folder


class TestArchive:
    async def test_it_has_the_database_the_configuration_and_says_what_it_is(
        self, engine: AsyncEngine, config: Path, tmp_path: Path
    ) -> None:
        await put(engine, "a", "kept")
        made = await make_backup(place_of(engine, config), tmp_path / "b.tar.gz", NOW)
        files = parts(made.path)
        name = "database.sqlite" if engine.dialect.name == "sqlite" else "database.dump"
        assert list(files) == ["manifest.json", name, "config/prompts/reply.md", "config/settings.yaml"]
        manifest = json.loads(files["manifest.json"])
        assert manifest["revision"] == HEAD
        assert manifest["lookout"] == __version__
        assert manifest["database"] == engine.dialect.name
        assert manifest["created_at"] == "2026-03-01T12:00:00Z"
        assert b"a-secret-token" not in b"".join(files.values())

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
    async def test_nobody_else_may_read_it(self, engine: AsyncEngine, tmp_path: Path) -> None:
        made = await make_backup(place_of(engine), tmp_path / "b.tar.gz", NOW)
        assert stat.S_IMODE(made.path.stat().st_mode) == 0o600

    async def test_what_was_deleted_is_not_in_it(self, sqlite_file: Path, tmp_path: Path) -> None:
        with closing(sqlite3.connect(sqlite_file)) as connection:
            connection.execute("PRAGMA secure_delete=OFF")
            connection.execute("INSERT INTO kv VALUES ('s', 'k', '\"words that were erased\"')")
            connection.commit()
            connection.execute("DELETE FROM kv")
            connection.commit()
        assert b"words that were erased" in b"".join(
            path.read_bytes() for path in tmp_path.glob("lookout.db*")
        )
        made = await make_backup(place_of_file(sqlite_file), tmp_path / "b.tar.gz", NOW)
        assert b"words that were erased" not in parts(made.path)["database.sqlite"]

    async def test_a_file_that_is_there_is_replaced_only_when_told(
        self, sqlite_file: Path, tmp_path: Path
    ) -> None:
        target = tmp_path / "b.tar.gz"
        target.write_text("mine")
        with pytest.raises(BackupError, match=r"exists already.*--replace"):
            await make_backup(place_of_file(sqlite_file), target, NOW)
        assert target.read_text() == "mine"
        await make_backup(place_of_file(sqlite_file), target, NOW, replace=True)
        assert "database.sqlite" in parts(target)


class TestBesideWriters:
    def test_a_writer_never_waits_for_the_copy(self, sqlite_file: Path, tmp_path: Path) -> None:
        """Each time that SQLite looks at the clock amid the copy, somebody else writes, without patience."""
        fill(sqlite_file, 20_000)
        written = 0
        with closing(sqlite3.connect(sqlite_file, timeout=0, isolation_level=None)) as writer:

            def monotonic() -> float:
                nonlocal written
                writer.execute("INSERT INTO kv VALUES ('during', ?, NULL)", (str(written),))
                written += 1
                return 0.0

            copy_sqlite(sqlite_file, tmp_path / "copy.db", 60, monotonic)
        assert written > 10
        with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
            [kept] = copy.execute("SELECT count(*) FROM kv WHERE scope = 'during'").fetchone()
        assert kept < written, "the copy is of one moment"

    async def test_what_is_written_together_is_in_it_together(
        self, engine: AsyncEngine, tmp_path: Path
    ) -> None:
        """A process of its own moves amounts between two keys; the sum is the same at every moment."""
        url = engine.url.render_as_string(hide_password=False)
        await put(engine, "left", "0")
        await put(engine, "right", "0")
        mover = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.backups.mover", url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert mover.stdout is not None
            assert await mover.stdout.readline() == b"moving\n"
            made = await make_backup(place_of(engine), tmp_path / "b.tar.gz", NOW)
            assert mover.returncode is None, "it moved all the while"
        finally:
            mover.kill()
            await mover.wait()
        if engine.dialect.name == "sqlite":
            copy = tmp_path / "copy.db"
            copy.write_bytes(parts(made.path)["database.sqlite"])
            with closing(sqlite3.connect(copy)) as connection:
                rows = [row[0] for row in connection.execute("SELECT value FROM kv WHERE scope = 'test'")]
        else:
            dump = tmp_path / "copy.dump"
            dump.write_bytes(parts(made.path)["database.dump"])
            command = ["pg_restore", "--data-only", "--table", "kv", "--file", "-", str(dump)]
            text = await asyncio.to_thread(subprocess.check_output, command, text=True)
            rows = re.findall(r"^test\t\w+\t(.*)$", text, re.MULTILINE)
        amounts = [int(json.loads(row)["is"]) for row in rows]
        assert len(amounts) == 2
        assert sum(amounts) == 0
        assert amounts != [0, 0], "it had begun"


class TestInterrupted:
    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
    async def test_a_full_disk_leaves_nothing_behind(self, sqlite_file: Path, tmp_path: Path) -> None:
        fill(sqlite_file, 5_000)
        target = tmp_path / "out" / "b.tar.gz"
        target.parent.mkdir()
        # Files of a process can't become larger than this, as if the disk were full then.
        code = (
            "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
            "from bot.services.backups.automatic import main; sys.exit(main())"
        )
        order = json.dumps(
            {"url": f"sqlite+aiosqlite:///{sqlite_file}", "sqlite": str(sqlite_file), "config": None,
             "target": str(target), "now": NOW.isoformat()}
        )  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", code],
            input=order,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 1, done.stderr
        assert "free some space" in done.stdout
        assert list(target.parent.iterdir()) == []

    async def test_it_is_refused_before_it_fills_the_disk(
        self, sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nearly = os.statvfs_result((1, 1, 0, 0, 0, 0, 0, 0, 0, 255)) if hasattr(os, "statvfs") else None
        monkeypatch.setattr(os, "statvfs", lambda _: nearly)
        with pytest.raises(BackupError, match=r"MB left.*Fix: free some space"):
            await make_backup(place_of_file(sqlite_file), tmp_path / "b.tar.gz", NOW)
        assert not (tmp_path / "b.tar.gz").exists()

    async def test_what_a_killed_one_left_is_removed_by_the_next(
        self, sqlite_file: Path, tmp_path: Path
    ) -> None:
        left = tmp_path / "out" / MAKING
        left.mkdir(parents=True)
        (left / "lock").touch()
        (left / "database").write_text("half a copy")
        made = await make_backup(place_of_file(sqlite_file), tmp_path / "out" / "b.tar.gz", NOW)
        assert list((tmp_path / "out").iterdir()) == [made.path]

    async def test_one_that_is_cancelled_leaves_nothing(
        self, sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is cancelled while a thread copies the database, which goes on until it is done."""
        begun, may_end = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def slowly(source: Path, target: Path, seconds: float) -> str | None:
            loop.call_soon_threadsafe(begun.set)
            may_end.wait(10)
            return copy_sqlite(source, target, seconds)

        monkeypatch.setattr(making, "copy_sqlite", slowly)
        (tmp_path / "out").mkdir()
        work = asyncio.create_task(make_backup(place_of_file(sqlite_file), tmp_path / "out" / "b", NOW))
        async with asyncio.timeout(10):
            await begun.wait()
            work.cancel()
            for _ in range(10):
                await asyncio.sleep(0)
            assert not work.done(), "the copy would go on in a folder that is removed"
            may_end.set()
            with pytest.raises(asyncio.CancelledError):
                await work
        assert list((tmp_path / "out").iterdir()) == []

    async def test_two_at_once_do_not_mix(self, sqlite_file: Path, tmp_path: Path) -> None:
        with work_folder(tmp_path, MAKING), pytest.raises(BackupError, match="Another backup"):
            await make_backup(place_of_file(sqlite_file), tmp_path / "b.tar.gz", NOW)

    async def test_one_that_is_given_up_is_killed_and_leaves_nothing(
        self, sqlite_file: Path, tmp_path: Path
    ) -> None:
        fill(sqlite_file, 200_000)
        out = tmp_path / "out"
        work = asyncio.create_task(make_apart(place_of_file(sqlite_file), out / "b.tar.gz", NOW))
        async with asyncio.timeout(20):
            while not (out / MAKING).exists():  # noqa: ASYNC110  (another process makes it)
                await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert list(out.iterdir()) == []


class TestRefused:
    @pytest.mark.parametrize(
        ("content", "told"),
        [(None, "no database.*start the bot once"), (b"no database, certainly. " * 99, "damaged"),
         (b"", "isn't a database of Lookout")],
        ids=["missing", "something else", "empty"],
    )  # fmt: skip
    async def test_without_a_database(self, tmp_path: Path, content: bytes | None, told: str) -> None:
        path = tmp_path / "lookout.db"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BackupError, match=told):
            await make_backup(place_of_file(path), tmp_path / "b.tar.gz", NOW)
        assert {each.name for each in tmp_path.iterdir()} <= {"lookout.db"}

    async def test_a_folder_that_does_not_exist(self, sqlite_file: Path, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(BackupError, match=r"Can't write.*Fix"):
            await make_backup(place_of_file(sqlite_file), tmp_path / "file" / "b.tar.gz", NOW)

    def test_one_that_takes_too_long(self, sqlite_file: Path, tmp_path: Path) -> None:
        fill(sqlite_file, 5_000)
        times = iter(range(1_000))
        with pytest.raises(BackupError, match="took too long"):
            copy_sqlite(sqlite_file, tmp_path / "copy.db", 2, lambda: next(times))
        assert not (tmp_path / "copy.db").exists()


class TestPostgresPrograms:
    async def test_without_pg_dump_it_says_what_to_install(
        self, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(BackupError, match=r"pg_dump isn't installed.*postgresql-client-\d+"):
            await make_backup(Place(postgres_url, None, None), tmp_path / "b.tar.gz", NOW)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="a script with #!")
    async def test_an_older_pg_dump_is_refused(
        self, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = tmp_path / "bin" / "pg_dump"
        old.parent.mkdir()
        old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
        old.chmod(0o755)
        monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
        with pytest.raises(BackupError, match="version 9, older than the server's"):
            await make_backup(Place(postgres_url, None, None), tmp_path / "b.tar.gz", NOW)

    async def test_a_server_that_is_away(self, tmp_path: Path) -> None:
        place = Place("postgresql+asyncpg://u:very-secret@127.0.0.1:1/x", None, None)
        with pytest.raises(BackupError, match="Can't reach the database") as caught:
            await make_backup(place, tmp_path / "b.tar.gz", NOW)
        assert "very-secret" not in str(caught.value)


def place_of_file(path: Path) -> Place:
    return Place(f"sqlite+aiosqlite:///{path}", path, None)


def fill(path: Path, rows: int) -> None:
    """Make a database some megabytes large."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executemany(
            "INSERT INTO kv VALUES ('fill', ?, ?)",
            ((str(number), f'"{number:0200}"') for number in range(rows)),
        )
        connection.commit()
