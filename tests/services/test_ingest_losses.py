"""Faults that must not lose a message, and what is counted."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.arrival import Change
from bot.domain.signal import Stage
from bot.nlp.classifier import EmbeddedClassifier
from bot.services.ingest import IngestService
from bot.services.metrics import Metrics
from bot.settings import IngestSettings
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.services.ingesting import HELP, channel, gap, open_gaps, row, written
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    arrival,
    deletion,
    message_id,
    running,
)

IMPOSSIBLE = 2**80  # no moment that a datetime knows


async def limit_pages(engine: AsyncEngine, most: int | None) -> None:
    """Have the file grow no further than now (or to `most` pages), on every connection there will be."""
    connections = [await engine.connect() for _ in range(4)]
    for connection in connections:
        pages = most or (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        await connection.rollback()
    for connection in connections:
        await connection.close()


async def test_a_full_disk_loses_nothing(
    database: Database, engine: AsyncEngine, bus: MemoryBus, logged: Logged
) -> None:
    tries = 0

    class Freeing(FakeClock):
        async def sleep(self, seconds: float) -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                await limit_pages(engine, 1_000_000)
            await super().sleep(seconds)

    settings = IngestSettings(batch_size=8)
    ingest = IngestService(database, EmbeddedClassifier(), bus, Freeing(), Metrics(), settings)
    await written(ingest, arrival(0))
    await limit_pages(engine, None)
    await written(ingest, *(arrival(number, "x" * 1_900) for number in range(1, 40)))
    assert tries == 3
    assert [number for number in range(40) if await row(database, number) is None] == []
    assert logged.of("ERROR") == []


async def test_refused_rows_cost_one_line_of_the_log(
    ingest: IngestService, database: Database, engine: AsyncEngine, logged: Logged
) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER poison BEFORE INSERT ON signals WHEN NEW.content LIKE '%poison%' "
            "BEGIN SELECT RAISE(ABORT, 'poisonous'); END"
        )
    ingest.note_gap(gap(5, 9))
    await written(ingest, *(arrival(number, "a poison diary") for number in range(6)), arrival(6))
    assert await row(database, 6) is not None
    assert await open_gaps(database) != []
    assert len(logged.of("ERROR", "refuses 6 of")) == 1
    assert len(logged.of("ERROR")) == 2
    assert logged.of("ERROR", "diary") == []


@pytest.mark.parametrize("change", [Change.CREATE, Change.EDIT, Change.DELETE])
async def test_an_impossible_message_is_left_out_alone(
    ingest: IngestService, database: Database, logged: Logged, change: Change
) -> None:
    odd = arrival(1)._replace(change=change, message_id=IMPOSSIBLE)
    await written(ingest, arrival(0, HELP), odd, arrival(2))
    assert ingest.depth == 0
    first = await row(database, 0)
    assert first is not None
    assert first.stage == Stage.OBSERVE
    assert await row(database, 2) is not None
    seen = await channel(database)
    assert seen is not None
    assert seen.cursor == ingest.cursors[CHANNEL] == message_id(2)
    assert logged.of("ERROR", f"left out, no row can be made of them: [{IMPOSSIBLE}]")


async def test_one_in_a_guild_that_can_not_be_stored_takes_no_other_along(
    ingest: IngestService, database: Database
) -> None:
    await written(ingest, arrival(0, guild_id=2**70, channel_id=2**70 + 1), arrival(1))
    assert await row(database, 1) is not None
    seen = await channel(database)
    assert seen is not None
    assert seen.cursor == message_id(1)


async def test_a_new_places_turn_is_free_while_the_queue_is_busy(
    ingest: IngestService, database: Database, bus: MemoryBus, clock: FakeClock
) -> None:
    thread_id = CHANNEL + 999
    async with running(ingest.run), asyncio.timeout(20):
        for number in range(20):  # the cursors have just been written
            ingest.offer(arrival(number))
        await ingest.flushed()
        ingest.offer(arrival(100, HELP, thread_id=thread_id))
        for number in range(101, 140):
            ingest.offer(arrival(number))
        [asked] = await bus.take(Stage.OBSERVE, 8, 5)
        assert asked.message.thread_id == thread_id
        async with database.transaction() as tx:
            assert await tx.channels.reserve_reply(thread_id, clock.now(), clock.now())
        await ingest.flushed()


async def test_a_new_nickname_is_stored_with_the_next_message(
    ingest: IngestService, database: Database
) -> None:
    async def name() -> str:
        async with database.reading() as tx:
            member = await tx.members.get(GUILD, MEMBER)
        assert member is not None
        return member.name

    await written(ingest, arrival(0, author_name="Ada"))
    await written(ingest, arrival(1, author_name="Countess"))
    assert await name() == "Countess"
    await written(ingest, arrival(2, author_name="ada", backfilled=True))
    assert await name() == "Countess"


class TestCounting:
    @pytest.fixture
    def metrics(self) -> Metrics:
        return Metrics()

    @pytest.fixture
    def counted(
        self, database: Database, bus: MemoryBus, clock: FakeClock, metrics: Metrics
    ) -> IngestService:
        return IngestService(database, EmbeddedClassifier(), bus, clock, metrics, IngestSettings())

    async def test_each_message_counts_once(self, counted: IngestService, metrics: Metrics) -> None:
        await written(counted, arrival(0, HELP), arrival(1))
        await written(counted, arrival(0, HELP), arrival(2), deletion(3))  # a replay, a new one, a tombstone
        await written(counted, arrival(0, HELP, backfilled=True), arrival(4, HELP, backfilled=True))
        edited = {"change": Change.EDIT, "edited_at": NOW}
        await written(counted, arrival(0, HELP, **edited), arrival(5, HELP, backfilled=True, **edited))
        told = metrics.render().decode()
        assert "signals_ingested_total 5.0" in told


@pytest.mark.parametrize("when", ["judging", "writing", "waiting"])
async def test_what_is_in_hand_when_the_worker_is_stopped_is_stored_by_the_next(
    ingest: IngestService, database: Database, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def stuck(*_: object) -> None:
        reached.set()
        await never.wait()

    with monkeypatch.context() as patched:
        if when == "judging":
            patched.setattr(ingest, "_judge", stuck)
        else:
            patched.setattr(ingest, "_commit", stuck)
        ingest.note_gap(gap(1, 2))
        ingest._settings = IngestSettings(batch_size=1)
        numbers = (0, 1) if when == "waiting" else (0,)
        for number in numbers:
            ingest.offer(arrival(number))
        work = asyncio.create_task(ingest.run())
        async with asyncio.timeout(10):
            await reached.wait()
        for _ in range(50):  # the second is judged while the first is written, and waits for it
            await asyncio.sleep(0)
        assert len(ingest._in_hand) == (2 if when == "waiting" else 1)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    async with running(ingest.run), asyncio.timeout(10):
        await ingest.flushed()
    for number in numbers:
        assert await row(database, number) is not None
    assert len(await open_gaps(database)) == 1


async def test_what_is_not_kept_counts_as_read(ingest: IngestService, database: Database) -> None:
    ingest.opted_out = lambda _guild_id, user_id: user_id == MEMBER
    await written(ingest, arrival(0, author_id=MEMBER + 1), arrival(1, author_id=MEMBER))
    assert await row(database, 1) is None
    found = await channel(database)
    assert found is not None
    assert found.cursor == message_id(1)


async def test_what_is_not_kept_moves_no_cursor_past_a_gap(ingest: IngestService, database: Database) -> None:
    ingest.opted_out = lambda _guild_id, user_id: user_id == MEMBER
    await written(ingest, arrival(0, author_id=MEMBER + 1))
    ingest.note_gap(gap(1, 5))
    await written(ingest, arrival(9, author_id=MEMBER))
    found = await channel(database)
    assert found is not None
    assert found.cursor == message_id(0)


async def test_what_was_erased_is_not_read_from_history_again(
    ingest: IngestService, database: Database
) -> None:
    ingest.erased = lambda _guild_id, user_id, read_id: user_id == MEMBER and read_id < message_id(3)
    history = [arrival(number, author_id=MEMBER + number % 2) for number in range(4)]
    async with running(ingest.run), asyncio.timeout(10):
        assert await ingest.put(history, ingest.clears)
        await ingest.flushed()
        ingest.offer(arrival(4, author_id=MEMBER))
        await ingest.flushed()
    there = [(await row(database, number)) is not None for number in range(5)]
    assert there == [False, True, False, True, True]
    found = await channel(database)
    assert found is not None
    assert found.cursor == message_id(4)
