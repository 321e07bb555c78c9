import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ExceptionContext, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

import bot.db.engine
from bot.db.database import Database, is_passing
from bot.db.engine import create_engine, sqlite_path
from tests.db.postgres import refusing
from tests.db.support import GUILD, NOW, see_guild, signal_row, store

DEADLINE = 10.0  # seconds; only a broken test reaches it


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the file's write lock from outside, as another program would."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def can_write(path: Path) -> bool:
    """Whether another program could start writing now."""
    try:
        with locked(path) as other:
            other.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite gives up on a lock after 20 ms, so that our own retries are what is tested."""
    monkeypatch.setattr(bot.db.engine, "BUSY_TIMEOUT_MS", 20)


@pytest.fixture
async def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    path = tmp_path / "lookout.db"
    shutil.copy(sqlite_template, path)
    engine = create_engine(f"sqlite+aiosqlite:///{path}")
    yield engine
    await engine.dispose()


@pytest.fixture
def path(sqlite_engine: AsyncEngine) -> Path:
    found = sqlite_path(str(sqlite_engine.url))
    assert found is not None
    return found


@pytest.fixture
async def postgres_engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(postgres_url)
    yield engine
    await engine.dispose()


def failures(engine: AsyncEngine) -> asyncio.Queue[str]:
    """Return a queue that gets the text of every error the driver reports."""
    seen: asyncio.Queue[str] = asyncio.Queue()

    def note(context: ExceptionContext) -> None:
        seen.put_nowait(str(context.original_exception))

    event.listen(engine.sync_engine, "handle_error", note)
    return seen


def statements(engine: AsyncEngine) -> asyncio.Queue[str]:
    """Return a queue that gets the text of every statement before it is executed."""
    seen: asyncio.Queue[str] = asyncio.Queue()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.put_nowait(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    return seen


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 5_000), ("synchronous", 1)],
)
async def test_every_sqlite_connection_has_its_pragmas(
    sqlite_engine: AsyncEngine, pragma: str, value: Any
) -> None:
    async with sqlite_engine.connect() as first, sqlite_engine.connect() as second:
        for connection in (first, second):
            assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value
            await connection.rollback()  # one writer at a time


async def test_a_row_of_a_guild_that_was_never_seen_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            await tx.channels.see([{"id": 1, "guild_id": GUILD, "parent_id": None, "name": "x"}])


async def test_a_transaction_is_a_writer_from_the_start_and_reading_never_is(
    sqlite_engine: AsyncEngine, path: Path
) -> None:
    database = Database(sqlite_engine)
    async with database.transaction():
        assert not can_write(path)
    async with database.reading() as tx:
        await tx.signals.count()
        assert can_write(path)


async def test_reading_goes_on_beside_an_open_writer_and_sees_what_is_committed(database: Database) -> None:
    await store(database, signal_row(0))
    async with database.transaction() as writing:
        await writing.signals.add_batch([signal_row(1)])
        async with asyncio.timeout(DEADLINE), database.reading() as tx:
            assert await tx.signals.count() == 1
    async with database.reading() as tx:
        assert await tx.signals.count() == 2


async def test_many_waiting_writers_do_not_keep_readers_out(sqlite_engine: AsyncEngine, path: Path) -> None:
    database = Database(sqlite_engine)
    seen = statements(sqlite_engine)

    with locked(path) as other:
        writers = [asyncio.create_task(store(database, signal_row(number))) for number in range(12)]
        assert await asyncio.wait_for(seen.get(), DEADLINE) == "BEGIN IMMEDIATE"
        async with asyncio.timeout(2):  # less than SQLite's busy timeout
            async with database.reading() as tx:
                assert await tx.signals.count() == 0
            assert not any(writer.done() for writer in writers)
        other.execute("ROLLBACK")
        await asyncio.wait_for(asyncio.gather(*writers), DEADLINE)
    async with database.reading() as tx:
        assert await tx.signals.count() == 12


async def test_writers_of_one_process_wait_for_their_turn_without_errors(sqlite_engine: AsyncEngine) -> None:
    database = Database(sqlite_engine, retry_seconds=DEADLINE)
    seen = failures(sqlite_engine)
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.transaction() as tx:
            await tx.signals.add_batch([signal_row(number)])
            order.append(number)

    await asyncio.wait_for(asyncio.gather(*(write(number) for number in range(30))), DEADLINE)
    assert order == list(range(30))
    assert seen.empty()


async def test_a_writer_that_goes_ahead_waits_for_one_other_and_lets_others_in_between(
    sqlite_engine: AsyncEngine,
) -> None:
    database = Database(sqlite_engine, retry_seconds=DEADLINE)
    order: list[str] = []
    is_open, go_on = asyncio.Event(), asyncio.Event()

    async def write(name: str, *, ahead: bool = False) -> None:
        async with database.transaction(ahead=ahead):
            order.append(name)
            if name == "first":
                is_open.set()
                await go_on.wait()

    async def write_twice() -> None:
        await write("ahead 1", ahead=True)
        await write("ahead 2", ahead=True)

    waiting = [asyncio.create_task(write(name)) for name in ("first", "second", "third", "fourth")]
    await asyncio.wait_for(is_open.wait(), DEADLINE)
    hurried = asyncio.create_task(write_twice())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait_for(asyncio.gather(*waiting, hurried), DEADLINE)
    assert order == ["first", "ahead 1", "second", "ahead 2", "third", "fourth"]


async def test_a_locked_database_is_tried_again_until_it_is_free(
    sqlite_engine: AsyncEngine, path: Path, impatient: None
) -> None:
    database = Database(sqlite_engine, retry_seconds=DEADLINE)
    seen = failures(sqlite_engine)
    with locked(path) as other:
        writing = asyncio.create_task(see_guild(database))
        for _ in range(2):
            assert "locked" in await asyncio.wait_for(seen.get(), DEADLINE)
        other.execute("ROLLBACK")
        await asyncio.wait_for(writing, DEADLINE)

    async with database.reading() as tx:
        assert await tx.guilds.get(GUILD) is not None


async def test_a_database_that_stays_locked_is_given_up_at_the_deadline(
    sqlite_engine: AsyncEngine, path: Path, impatient: None
) -> None:
    database = Database(sqlite_engine, retry_seconds=0.1)
    with locked(path), pytest.raises(OperationalError, match="locked"):
        async with asyncio.timeout(DEADLINE), database.transaction():
            pytest.fail("the body must not run")
    await asyncio.wait_for(see_guild(database), DEADLINE)


async def test_a_writer_whose_turn_does_not_come_is_given_up_at_the_deadline(
    sqlite_engine: AsyncEngine,
) -> None:
    database = Database(sqlite_engine, retry_seconds=0.05)
    async with database.transaction():
        with pytest.raises(TimeoutError) as caught:
            async with database.transaction():
                pytest.fail("the body must not run")
    assert is_passing(caught.value)
    await asyncio.wait_for(see_guild(database), DEADLINE)


async def test_cancelling_a_waiting_writer_leaves_nothing_locked(
    sqlite_engine: AsyncEngine, path: Path, impatient: None
) -> None:
    database = Database(sqlite_engine, retry_seconds=DEADLINE)
    seen = failures(sqlite_engine)
    with locked(path) as other:
        writing = asyncio.create_task(see_guild(database))
        await asyncio.wait_for(seen.get(), DEADLINE)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        other.execute("ROLLBACK")
    await asyncio.wait_for(see_guild(database), DEADLINE)
    assert can_write(path)


async def test_an_error_in_the_body_rolls_everything_back_and_is_not_retried(database: Database) -> None:
    runs = 0

    async def fail() -> None:
        nonlocal runs
        async with database.transaction() as tx:
            runs += 1
            await tx.signals.add_batch([signal_row(0)])
            raise ConnectionError("not the database's")

    with pytest.raises(ConnectionError):
        await fail()
    assert runs == 1
    async with database.reading() as tx:
        assert await tx.signals.count() == 0


async def test_cancelling_a_body_rolls_back(database: Database) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with database.transaction() as tx:
            await tx.signals.add_batch([signal_row(0)])
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await asyncio.wait_for(inside.wait(), DEADLINE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(DEADLINE), database.transaction() as tx:
        assert await tx.signals.count() == 0


async def test_records_stay_readable_after_their_transaction(database: Database) -> None:
    async with database.transaction() as tx:
        guild = await tx.guilds.see(GUILD, "Guild", NOW)

    assert (guild.name, guild.first_seen_at) == ("Guild", NOW)


async def test_ping_says_whether_the_database_can_be_written_to(
    sqlite_engine: AsyncEngine, path: Path, impatient: None
) -> None:
    database = Database(sqlite_engine, retry_seconds=0.2)
    await database.ping()
    with locked(path), pytest.raises(SQLAlchemyError, match="locked"):
        await database.ping()


async def test_ping_and_close_work_on_both_databases(database: Database, engine: AsyncEngine) -> None:
    await database.ping()
    assert database.dialect == engine.dialect.name
    await database.close()
    await database.ping()  # opens anew


async def _end_other_connections(url: str) -> None:
    killer = create_engine(url)
    async with killer.begin() as connection:
        query = (
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "AND datname = current_database() AND backend_type = 'client backend'"
        )
        assert (await connection.execute(text(query))).all()
    await killer.dispose()


async def test_a_lost_postgres_connection_is_replaced_by_the_next_transaction(
    postgres_engine: AsyncEngine, postgres_url: str
) -> None:
    database = Database(postgres_engine, retry_seconds=DEADLINE)
    await see_guild(database)
    await _end_other_connections(postgres_url)

    await asyncio.wait_for(see_guild(database), DEADLINE)


async def test_a_postgres_connection_lost_inside_a_transaction_fails_it_and_no_other(
    postgres_engine: AsyncEngine, postgres_url: str
) -> None:
    database = Database(postgres_engine, retry_seconds=DEADLINE)

    async def write() -> None:
        async with database.transaction() as tx:
            await tx.kv.put("test", "lost", {})
            await _end_other_connections(postgres_url)
            await tx.kv.put("test", "lost", {"again": True})

    with pytest.raises(DBAPIError) as caught:
        await write()
    assert is_passing(caught.value)

    async with asyncio.timeout(DEADLINE), database.transaction() as tx:
        assert await tx.kv.get("test", "lost") is None


async def test_a_server_that_is_starting_up_is_tried_again_until_the_deadline() -> None:
    async with refusing("57P03", "the database system is starting up") as server:
        engine = create_engine(f"postgresql+asyncpg://lookout:pw@127.0.0.1:{server.port}/lookout")
        with pytest.raises(Exception, match="starting up"):
            async with asyncio.timeout(DEADLINE), Database(engine, retry_seconds=0.2).transaction():
                pytest.fail("the body must not run")
        await engine.dispose()
    assert server.refused > 1


async def test_a_wrong_password_is_not_tried_again() -> None:
    async with refusing("28P01", 'password authentication failed for user "lookout"') as server:
        engine = create_engine(f"postgresql+asyncpg://lookout:pw@127.0.0.1:{server.port}/lookout")
        with pytest.raises(Exception, match="password authentication failed") as caught:
            async with asyncio.timeout(DEADLINE), Database(engine, retry_seconds=DEADLINE).transaction():
                pytest.fail("the body must not run")
        await engine.dispose()
    assert not is_passing(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite+aiosqlite:////var/x.db", Path("/var/x.db")),
        ("sqlite+aiosqlite:///data/x.db", Path("data/x.db")),
        ("sqlite+aiosqlite:///:memory:", None),
        ("sqlite+aiosqlite://", None),
        ("postgresql+asyncpg://u:p@h/d", None),
    ],
)
def test_the_file_of_a_database_address(url: str, expected: Path | None) -> None:
    assert sqlite_path(url) == expected
