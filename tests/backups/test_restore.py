"""The way back: what is there afterwards, and that nothing is touched when a backup is no good."""

import asyncio
import errno
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.db.engine import create_engine
from bot.db.instance_lock import InstanceLock
from bot.db.schema import HEAD, migrate
from bot.domain.errors import BackupError
from bot.models import TicketCategory
from bot.services.backups.making import Place, make_backup
from bot.services.backups.restoring import restore
from tests.backups.support import parts, place_of, put, rewrite, rewrite_manifest, there
from tests.db.postgres import postgres_database
from tests.db.support import GUILD, see_guild

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
async def backup(engine: AsyncEngine, tmp_path: Path) -> Path:
    """A backup from before what the test changes."""
    await put(engine, "a", "before")
    made = await make_backup(place_of(engine), tmp_path / "b.tar.gz", NOW)
    await put(engine, "a", "after")
    await put(engine, "b", "after")
    await engine.dispose()
    return made.path


class TestRoundTrip:
    async def test_everything_is_as_it_was(self, engine: AsyncEngine, backup: Path, backups: Path) -> None:
        done = await restore(place_of(engine), backup, backups, NOW)
        assert await there(engine) == {"a": "before"}
        assert not done.migrated

    async def test_what_was_there_is_kept_and_comes_back_the_same_way(
        self, engine: AsyncEngine, backup: Path, backups: Path
    ) -> None:
        done = await restore(place_of(engine), backup, backups, NOW)
        assert done.kept is not None
        await restore(place_of(engine), done.kept, backups, NOW)
        assert await there(engine) == {"a": "after", "b": "after"}
        assert len(list(backups.iterdir())) == 2

    @pytest.mark.skipif(os.name == "nt", reason="Windows keeps no modes")
    async def test_nobody_else_may_read_it_afterwards(self, sqlite_file: Path, tmp_path: Path) -> None:
        place = Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, None)
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        sqlite_file.chmod(0o600)
        await restore(place, made.path, tmp_path / "backups", NOW)
        assert sqlite_file.stat().st_mode & 0o777 == 0o600

    async def test_it_fills_an_empty_place(self, engine: AsyncEngine, backup: Path, tmp_path: Path) -> None:
        if engine.dialect.name == "sqlite":
            path = tmp_path / "new" / "lookout.db"
            done = await restore(
                Place(f"sqlite+aiosqlite:///{path}", path, None), backup, tmp_path / "new" / "backups", NOW
            )
            fresh = create_engine(f"sqlite+aiosqlite:///{path}")
            assert done.kept is None
            assert await there(fresh) == {"a": "before"}
            return
        with postgres_database("restored") as url:
            done = await restore(Place(url, None, None), backup, tmp_path / "backups", NOW)
            assert done.kept is None
            assert await there(create_engine(url)) == {"a": "before"}

    async def test_new_rows_get_new_numbers(self, engine: AsyncEngine, backup: Path, backups: Path) -> None:
        """The counters of PostgreSQL's keys come back, too."""
        database = Database(engine)
        await see_guild(database)
        async with database.transaction() as tx:
            [first] = await tx.ticket_settings.set_categories(
                GUILD, [TicketCategory(guild_id=GUILD, name="a")]
            )
        place = place_of(engine)
        made = await make_backup(place, backup.with_name("c.tar.gz"), NOW)
        await engine.dispose()
        await restore(place, made.path, backups, NOW)
        wanted = [TicketCategory(guild_id=GUILD, name=name) for name in "ab"]
        async with database.transaction() as tx:
            found = await tx.ticket_settings.set_categories(GUILD, wanted)
        assert [each.name for each in found] == ["a", "b"]
        assert found[0].id == first.id != found[1].id

    async def test_an_older_one_is_upgraded(self, empty: AsyncEngine, tmp_path: Path) -> None:
        """A backup of before this version's migrations, as an older version wrote it."""
        await migrate(empty, "head")
        await put(empty, "a", "old")
        place = place_of(empty)
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        await migrate(empty, "0014")
        old = tmp_path / "old"
        if place.sqlite is not None:
            await empty.dispose()
            with closing(sqlite3.connect(place.sqlite)) as connection:
                connection.execute("PRAGMA journal_mode=DELETE")
            old.write_bytes(place.sqlite.read_bytes())
        else:
            await _dump_all(place.url, old)
        name = "database.sqlite" if place.sqlite is not None else "database.dump"
        content = old.read_bytes()
        rewrite(made.path, lambda files: files.update({name: content}))
        digest = hashlib.sha256(content).hexdigest()
        rewrite_manifest(
            made.path, revision="0014", files=[{"name": name, "size": len(content), "sha256": digest}]
        )
        await migrate(empty, "head")
        await put(empty, "a", "new")
        await empty.dispose()
        done = await restore(place, made.path, tmp_path / "backups", NOW)
        assert done.migrated
        assert await there(empty) == {"a": "old"}
        async with empty.connect() as connection:
            found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
            await connection.execute(text("SELECT count(*) FROM incidents"))  # of the newest migration
        assert found == HEAD

    async def test_the_configuration_comes_back_when_asked(self, sqlite_file: Path, tmp_path: Path) -> None:
        config = tmp_path / "config"
        (config / "prompts").mkdir(parents=True)
        (config / "settings.yaml").write_text("old: true\n")
        (config / "prompts" / "reply.md").write_text("Old.\n")
        place = Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, config)
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        (config / "settings.yaml").write_text("new: true\n")
        (config / "prompts" / "reply.md").unlink()
        (config / "mine.yaml").write_text("mine: true\n")
        without = Place(place.url, sqlite_file, None)
        await restore(without, made.path, tmp_path / "backups", NOW)
        assert (config / "settings.yaml").read_text() == "new: true\n"
        done = await restore(place, made.path, tmp_path / "backups", NOW)
        assert (config / "settings.yaml").read_text() == "old: true\n"
        assert (config / "prompts" / "reply.md").read_text() == "Old.\n"
        assert (config / "mine.yaml").read_text() == "mine: true\n"
        assert done.kept is not None
        assert b"new: true" in parts(done.kept)["config/settings.yaml"], "what was there is kept"

    @pytest.mark.parametrize(
        "content", [b"SQLite format 3\0" + b"broken " * 999, b"", b"text"], ids=["damaged", "empty", "other"]
    )
    async def test_a_damaged_database_is_set_aside_as_it_is(
        self, sqlite_file: Path, tmp_path: Path, backups: Path, content: bytes
    ) -> None:
        place = Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, None)
        await put(engine := create_engine(place.url), "a", "before")
        await engine.dispose()
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        sqlite_file.write_bytes(content)
        done = await restore(place, made.path, backups, NOW)
        assert await there(engine) == {"a": "before"}
        assert done.kept is not None
        assert (done.kept / "lookout.db").read_bytes() == content

    async def test_what_can_not_be_set_aside_leaves_no_half_of_it(
        self, sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, None)
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        sqlite_file.write_bytes(b"no database any more" * 100)

        def full(_source: Path, target: Path) -> None:
            target.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("bot.services.backups.restoring.shutil.copy2", full)
        with pytest.raises(BackupError, match="No space left"):
            await restore(place, made.path, tmp_path / "backups", NOW)
        assert list((tmp_path / "backups").iterdir()) == []
        assert sqlite_file.read_bytes().startswith(b"no database")

    async def test_a_journal_without_its_database_is_not_mixed_into_the_backup(
        self, sqlite_file: Path, tmp_path: Path, backups: Path
    ) -> None:
        place = Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, None)
        engine = create_engine(place.url)
        await put(engine, "a", "before")
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        await put(engine, "a", "after")
        wal = sqlite_file.with_name("lookout.db-wal")
        journal = wal.read_bytes()
        await engine.dispose()
        sqlite_file.unlink()
        wal.write_bytes(journal)
        await restore(place, made.path, backups, NOW)
        with closing(sqlite3.connect(sqlite_file)) as connection:  # as any program opens it
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            [value] = connection.execute("SELECT value FROM kv WHERE key = 'a'").fetchone()
        assert json.loads(value) == {"is": "before"}

    async def test_a_journal_left_by_a_crash_is_not_mixed_into_the_backup(
        self, sqlite_file: Path, tmp_path: Path, backups: Path
    ) -> None:
        place = Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, None)
        engine = create_engine(place.url)
        await put(engine, "a", "before")
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        await put(engine, "a", "after")
        wal = sqlite_file.with_name("lookout.db-wal")
        left = (sqlite_file.read_bytes(), wal.read_bytes())
        await engine.dispose()
        sqlite_file.write_bytes(left[0])
        wal.write_bytes(left[1])
        done = await restore(place, made.path, backups, NOW)
        assert await there(engine) == {"a": "before"}
        assert done.kept is not None
        await restore(place, done.kept, backups, NOW)
        assert await there(engine) == {"a": "after"}, "what was only in the journal is kept"


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _database_changed(path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        name = next(each for each in files if each.startswith("database"))
        files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])

    rewrite(path, change)


def _added(name: str) -> Callable[[Path], None]:
    return lambda path: rewrite(path, lambda files: files.update({name: b"more"}))


def _listed(name: str) -> Callable[[Path], None]:
    """Return what makes an archive hold a file of this name, and its manifest tell of it."""

    def change(path: Path) -> None:
        def add(files: dict[str, bytes]) -> None:
            manifest = json.loads(files["manifest.json"])
            digest = hashlib.sha256(b"more").hexdigest()
            manifest["files"].append({"name": name, "size": 4, "sha256": digest})
            files.update({name: b"more", "manifest.json": json.dumps(manifest).encode()})

        rewrite(path, add)

    return change


class TestRefused:
    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            pytest.param(_flip, "damaged", id="a flipped byte"),
            pytest.param(lambda p: p.write_bytes(p.read_bytes()[:-2_000]), "damaged", id="cut short"),
            pytest.param(_database_changed, "checksum", id="another database"),
            pytest.param(_added("config/settings.yaml"), "as its manifest says", id="a file more"),
            pytest.param(_listed("../evil"), "manifest that can't be read", id="a way out"),
            pytest.param(_listed("config/../../evil"), "manifest that can't be read", id="another way out"),
            pytest.param(_listed("/etc/evil"), "manifest that can't be read", id="an absolute name"),
            pytest.param(
                lambda p: rewrite(p, lambda files: files.pop(list(files)[1])), "isn't whole", id="no database"
            ),
            pytest.param(lambda p: rewrite_manifest(p, format=2), "newer Lookout.*update", id="newer format"),
            pytest.param(lambda p: rewrite_manifest(p, revision="9999"), "9999.*update", id="newer schema"),
            pytest.param(lambda p: rewrite_manifest(p, extra=1), "can't be read", id="unknown key"),
            pytest.param(lambda p: rewrite_manifest(p, revision="0014"), "manifest says", id="other schema"),
            pytest.param(lambda p: p.write_text("hello"), "no backup of Lookout", id="a text"),
            pytest.param(lambda p: p.unlink(), "Can't read.*Fix", id="missing"),
        ],
    )
    async def test_a_bad_archive_touches_nothing(
        self,
        engine: AsyncEngine,
        backup: Path,
        backups: Path,
        spoil: Callable[[Path], None],
        told: str,
        request: pytest.FixtureRequest,
    ) -> None:
        if engine.dialect.name != "sqlite" and "other schema" in request.node.callspec.id:
            pytest.skip("what a dump holds is only known once it is loaded; that is upgraded then")
        spoil(backup)
        with pytest.raises(BackupError, match=told):
            await restore(place_of(engine), backup, backups, NOW)
        assert await there(engine) == {"a": "after", "b": "after"}
        assert not backups.exists() or not list(backups.iterdir())
        assert not (backups.parent / "evil").exists()

    async def test_while_the_bot_runs(self, engine: AsyncEngine, backup: Path, backups: Path) -> None:
        other = create_engine(place_of(engine).url)
        running = InstanceLock(other)
        await running.acquire()
        try:
            with pytest.raises(BackupError, match=r"The bot is running.*stop it"):
                await restore(place_of(engine), backup, backups, NOW)
        finally:
            await running.release()
            await other.dispose()
        assert await there(engine) == {"a": "after", "b": "after"}

    async def test_of_the_other_kind_of_database(
        self, sqlite_file: Path, postgres_url: str, tmp_path: Path
    ) -> None:
        place = Place(f"sqlite+aiosqlite:///{sqlite_file}", sqlite_file, None)
        made = await make_backup(place, tmp_path / "b.tar.gz", NOW)
        with pytest.raises(BackupError, match=r"of sqlite, and the settings name postgresql.*DATABASE_URL"):
            await restore(Place(postgres_url, None, None), made.path, tmp_path / "backups", NOW)

    async def test_a_dump_that_fails_half_way_changes_nothing(
        self, postgres_url: str, tmp_path: Path, backups: Path
    ) -> None:
        engine = create_engine(postgres_url)
        await put(engine, "a", "before")
        made = await make_backup(place_of(engine), tmp_path / "b.tar.gz", NOW)
        await put(engine, "a", "after")
        await engine.dispose()
        psql = tmp_path / "bin" / "psql"
        psql.parent.mkdir()
        # The real one, which is told to do one thing more that fails, at the end.
        psql.write_text('#!/bin/sh\nPATH="$REAL_PATH"; exec psql "$@" --command "SELECT 1/0"\n')
        psql.chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REAL_PATH", os.environ["PATH"])
            patch.setenv("PATH", f"{psql.parent}:{os.environ['PATH']}")
            with pytest.raises(BackupError, match=r"psql failed: .*division by zero"):
                await restore(place_of(engine), made.path, backups, NOW)
        assert (await there(engine))["a"] == "after"


async def _dump_all(url: str, target: Path) -> None:
    plain = url.replace("+asyncpg", "")
    process = await asyncio.create_subprocess_exec("pg_dump", "-Fc", "-O", "-f", str(target), plain)
    assert await process.wait() == 0
