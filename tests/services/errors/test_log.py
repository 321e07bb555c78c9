"""The log of errors: bounded, the same ones together, never about itself, safe against an absent database."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from loguru import logger
from sqlalchemy.exc import OperationalError

from bot.db.database import Database
from bot.db.errors import ErrorRepository
from bot.logs import Masker
from bot.models import ErrorRecord
from bot.services.errors import log as module
from bot.services.errors.log import ErrorLog
from bot.services.tasks import LONGEST_PAUSE, TaskSet, Worker
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.services.support import GUILD, eventually, running


@pytest.fixture
async def log(database: Database, clock: FakeClock) -> AsyncIterator[ErrorLog]:
    """A log that hears the process's own."""
    made = ErrorLog(database, clock, Masker(["a-secret-of-ours"]), capacity=5)
    sink = logger.add(made.sink, level="ERROR", format="{message}")
    yield made
    logger.remove(sink)


async def rows(database: Database, guild_id: int | None = None) -> list[ErrorRecord]:
    async with database.reading() as tx:
        return list(await tx.errors.page(guild_id, 0, 100))


def fail(words: str = "x") -> Exception:
    try:
        raise RuntimeError(words)
    except RuntimeError as error:
        return error


async def test_the_same_fault_is_one_row_that_counts(
    log: ErrorLog, database: Database, clock: FakeClock
) -> None:
    first_at = clock.now()
    first = log.note(fail(), "/status", GUILD)
    clock.advance(60)
    assert log.note(fail("y"), "/status", GUILD) == first
    await log.flush()
    clock.advance(60)
    log.note(fail(), "/status", GUILD)
    await log.flush()
    [row] = await rows(database)
    assert (row.reference, row.count, row.kind, row.place) == (first, 3, "RuntimeError", "/status")
    assert (row.first_at, row.last_at) == (first_at, clock.now())
    assert log.waiting(first) is None


async def test_it_is_known_before_it_is_written(log: ErrorLog) -> None:
    waiting = log.waiting(log.note(fail(), "/status"))
    assert waiting is not None
    assert waiting.kind == "RuntimeError"


async def test_lines_of_the_log_are_kept_with_their_place_and_server(
    log: ErrorLog, database: Database
) -> None:
    logger.bind(guild_id=GUILD).opt(exception=fail()).error("Could not do {}", "a thing")
    logger.bind(place="worker x").error("It can't with a-secret-of-ours")
    logger.warning("nothing of note")
    logger.bind(reference="known").error("It was noted already")
    await log.flush()
    found = {row.place: row for row in await rows(database)}
    assert set(found) == {__name__, "worker x"}
    assert (found[__name__].guild_id, found[__name__].kind) == (GUILD, "RuntimeError")
    assert (found["worker x"].kind, found["worker x"].guild_id) == ("", None)
    assert "a-secret" not in found["worker x"].about


async def test_what_a_library_quotes_is_left_out(log: ErrorLog, database: Database) -> None:
    words = "my own words"
    with logger.contextualize():
        patched = logger.patch(lambda record: record.__setitem__("name", "asyncio"))
        patched.error("Task exception was never retrieved: {}\nfuture: {}", words, words)
    await log.flush()
    [row] = await rows(database)
    assert row.about == "Task exception was never retrieved"


async def test_what_the_logging_of_the_bot_has_prepared_still_tells_its_exception(
    log: ErrorLog, database: Database
) -> None:
    from bot.logs import _prepare

    with logger.contextualize():
        masker = Masker([])
        patched = logger.patch(lambda record: _prepare(record, masker))
        patched.opt(exception=fail()).error("It failed")
    await log.flush()
    [row] = await rows(database)
    assert row.kind == "RuntimeError"


async def test_of_too_many_different_ones_the_rest_are_counted_and_said(
    log: ErrorLog, database: Database, logged: Logged
) -> None:
    for number in range(9):
        log.note(fail(), f"place {chr(97 + number)}")
    assert log.depth == 5
    await log.flush()
    assert len(await rows(database)) == 5
    assert logged.of("WARNING", "4 faults were not written down")


async def test_while_the_database_is_away_they_wait_and_nothing_is_said_of_that_here(
    log: ErrorLog, database: Database, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    is_away = True
    note = ErrorRepository.note

    async def refuse(self: ErrorRepository, fault: ErrorRecord) -> None:
        if is_away:
            raise OperationalError("INSERT", {}, Exception("connection refused"))
        await note(self, fault)

    monkeypatch.setattr(ErrorRepository, "note", refuse)
    async with running(log.run):
        log.note(fail(), "/status", GUILD)

        async def told() -> bool:
            return bool(logged.of("WARNING", "can't be written down now"))

        await eventually(told)
        log.note(fail(), "/status", GUILD)
        is_away = False

        async def written() -> bool:
            return [row.count for row in await rows(database)] == [2]

        await eventually(written)
    assert logged.of("ERROR") == []


async def test_errors_of_its_own_are_not_taken(log: ErrorLog) -> None:
    patched = logger.patch(lambda record: record.__setitem__("name", module.__name__))
    patched.error("It goes round in circles")
    assert log.depth == 0


async def test_lines_of_another_thread_are_written_too(log: ErrorLog, database: Database) -> None:
    async with running(log.run):
        thread = threading.Thread(target=lambda: logger.error("from elsewhere"))
        thread.start()
        await asyncio.to_thread(thread.join)

        async def written() -> bool:
            return len(await rows(database)) == 1

        await eventually(written)


async def test_a_failing_worker_is_an_error_and_one_that_keeps_failing_critical(
    log: ErrorLog, database: Database, clock: FakeClock
) -> None:
    pauses: list[float] = []
    enough = asyncio.Event()

    class Counting(FakeClock):
        async def sleep(self, seconds: float) -> None:
            pauses.append(seconds)
            if pauses.count(LONGEST_PAUSE) > 1:
                enough.set()
                await asyncio.Event().wait()
            await super().sleep(0)

    async def work() -> None:
        raise fail()

    worker = Worker("mill", work, Counting())
    worker.start()
    await log.flush()
    await enough.wait()
    await worker.stop()
    await log.flush()
    [row] = await rows(database)
    assert (row.place, row.is_critical, row.count) == ("worker mill", True, len(pauses))


async def test_a_background_task_that_fails_is_kept(log: ErrorLog, database: Database) -> None:
    tasks = TaskSet()

    async def work() -> Any:
        raise fail()

    tasks.spawn(work(), "answer in 123456789")
    await tasks.wait_for_one()
    await asyncio.sleep(0)
    await log.flush()
    [row] = await rows(database)
    assert row.place == "task answer in #"
