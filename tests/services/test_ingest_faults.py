import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.signal import Judgement
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
    OTHER_CHANNEL,
    arrival,
    deletion,
    key,
    message_id,
    running,
)


class Failing(EmbeddedClassifier):
    """Fails whenever a text contains "bomb"."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        if any("bomb" in text for text in texts):
            raise RuntimeError("can't judge this")
        return super().classify(texts)


def refuse_poison(engine: AsyncEngine) -> None:
    """Have the database refuse every text that contains "poison", as a broken row would be."""
    path = engine.url.database
    assert path is not None
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TRIGGER poison BEFORE INSERT ON signals WHEN NEW.content LIKE '%poison%' "
        "BEGIN SELECT RAISE(ABORT, 'poisonous'); END"
    )
    connection.commit()
    connection.close()


class Lock:
    """Another process that holds the SQLite file for itself."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    def take(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def free(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


class TestFaults:
    async def test_what_can_not_be_judged_is_stored_unjudged(
        self, database: Database, bus: MemoryBus, clock: FakeClock, logged: Logged
    ) -> None:
        ingest = IngestService(database, Failing(), bus, clock, Metrics(), IngestSettings())
        await written(ingest, arrival(0, "a bomb " + HELP), arrival(1, HELP))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.content, stored.purpose) == ("a bomb " + HELP, "unknown")
        assert await row(database, 1) is not None
        assert logged.of("ERROR", "Judging failed")

    async def test_one_bad_row_does_not_take_the_others_along(
        self, ingest: IngestService, database: Database, engine: AsyncEngine, logged: Logged
    ) -> None:
        refuse_poison(engine)
        await written(ingest, arrival(0), arrival(1, "poison"), arrival(2))
        assert await row(database, 0) is not None
        assert await row(database, 1) is None
        assert await row(database, 2) is not None
        assert logged.of("ERROR", f"refuses 1 of 4; left out: ['{key(1)}']")
        seen = await channel(database)
        assert seen is not None
        assert seen.cursor == message_id(2)

    @pytest.mark.parametrize("others", [0, 1], ids=["alone", "with another"])
    async def test_a_gap_is_opened_though_a_row_of_its_batch_is_bad(
        self, ingest: IngestService, database: Database, engine: AsyncEngine, others: int
    ) -> None:
        refuse_poison(engine)
        ingest.note_gap(gap(5, 9))
        await written(ingest, arrival(10, "poison"), *(arrival(11 + n) for n in range(others)))
        assert await open_gaps(database) == [(CHANNEL, message_id(5), message_id(9))]

    @pytest.mark.parametrize("texts", [["fine", "fine"], ["fine", "poison", "fine"]], ids=["good", "one bad"])
    async def test_a_locked_database_loses_nothing(
        self, engine: AsyncEngine, bus: MemoryBus, texts: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_poison(engine)
        monkeypatch.setattr("bot.db.engine.BUSY_TIMEOUT_MS", 1)
        database = Database(engine, retry_seconds=0.01)
        lock = Lock(Path(str(engine.url.database)))
        slept = 0

        class Unlocking(FakeClock):
            async def sleep(self, seconds: float) -> None:
                nonlocal slept
                slept += 1
                if slept == 3:
                    lock.free()
                await super().sleep(seconds)

        lock.take()
        clock = Unlocking()
        ingest = IngestService(database, EmbeddedClassifier(), bus, clock, Metrics(), IngestSettings())
        await written(ingest, *(arrival(number, text) for number, text in enumerate(texts)))
        assert clock.slept == [0.1, 0.2, 0.4]
        found = [await row(database, number) for number in range(len(texts))]
        assert [each.content if each else "poison" for each in found] == texts

    async def test_a_lock_between_single_rows_loses_nothing(
        self, engine: AsyncEngine, bus: MemoryBus, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_poison(engine)
        monkeypatch.setattr("bot.db.engine.BUSY_TIMEOUT_MS", 1)
        database = Database(engine, retry_seconds=0.01)
        lock = Lock(Path(str(engine.url.database)))
        calls = 0
        real = Database.transaction

        def transaction(self: Database, **more: bool) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:  # the first of the single rows
                lock.take()
            if calls == 4:
                lock.free()
            return real(self, **more)

        monkeypatch.setattr(Database, "transaction", transaction)
        clock = FakeClock()
        ingest = IngestService(database, EmbeddedClassifier(), bus, clock, Metrics(), IngestSettings())
        ingest.note_gap(gap(5, 9))
        await written(ingest, arrival(0), arrival(1, "poison"), arrival(2))
        assert clock.slept
        assert await row(database, 0) is not None
        assert await row(database, 2) is not None
        assert len(await open_gaps(database)) == 1
        assert ingest.depth == 0


class TestOverflow:
    async def test_what_does_not_fit_becomes_a_gap_that_no_cursor_passes(
        self, ingest: IngestService, database: Database
    ) -> None:
        told = asyncio.Event()
        ingest.on_gap = told.set
        for number in range(105):
            ingest.offer(arrival(number))
        assert ingest.depth == 100
        await written(ingest)
        await written(ingest, arrival(110))
        assert await open_gaps(database) == [(CHANNEL, message_id(99), message_id(104))]
        seen = await channel(database)
        assert seen is not None
        assert seen.cursor is None or seen.cursor <= message_id(99)
        assert await row(database, 110) is not None
        assert told.is_set()

    async def test_gap_and_messages_of_a_batch_are_committed_together(
        self, ingest: IngestService, database: Database, engine: AsyncEngine
    ) -> None:
        path = engine.url.database
        assert path is not None
        connection = sqlite3.connect(path)
        connection.execute(
            "CREATE TRIGGER early BEFORE UPDATE OF cursor ON channels WHEN NOT EXISTS (SELECT 1 FROM gaps) "
            "BEGIN SELECT RAISE(ABORT, 'the cursor moved before the gap was opened'); END"
        )
        connection.commit()
        connection.close()
        for number in range(105):
            ingest.offer(arrival(number))
        await written(ingest)
        assert await open_gaps(database)

    async def test_each_channel_has_its_own_gap(self, ingest: IngestService, database: Database) -> None:
        for number in range(100):
            ingest.offer(arrival(number))
        ingest.offer(arrival(200))
        ingest.offer(arrival(201, thread_id=OTHER_CHANNEL))
        ingest.offer(deletion(150))
        await written(ingest)
        assert sorted(await open_gaps(database)) == [
            (CHANNEL, message_id(149), message_id(200)),
            (OTHER_CHANNEL, message_id(200), message_id(201)),
        ]

    async def test_the_end_of_a_channel_always_fits(self, ingest: IngestService, database: Database) -> None:
        for number in range(100):
            ingest.offer(arrival(number))
        ingest.offer(Arrival(Change.CLEAR, GUILD, CHANNEL, None, 0))
        await written(ingest)
        stored = await row(database, 99)
        assert stored is not None
        assert stored.deleted_at is not None
        assert await open_gaps(database) == []

    async def test_a_direct_message_that_does_not_fit_is_told_to_be_lost(
        self, ingest: IngestService, logged: Logged
    ) -> None:
        for number in range(101):
            ingest.offer(arrival(number, guild_id=None))
        assert logged.of("ERROR", f"direct message {message_id(100)} is lost")

    async def test_the_pressure_grows_from_0_to_1(self, ingest: IngestService) -> None:
        assert ingest.pressure == 0
        big = IngestSettings(queue_size=10_000)
        full = IngestService(ingest._database, EmbeddedClassifier(), MemoryBus(), FakeClock(), Metrics(), big)
        seen = []
        for number in range(10_000):
            full.offer(arrival(number))
            seen.append(full.pressure)
        assert seen == sorted(seen)
        assert (seen[0], seen[-1]) == (0, 1)


class TestHistory:
    async def test_putting_waits_for_room(self, ingest: IngestService, database: Database) -> None:
        for number in range(50):
            ingest.offer(arrival(number))
        putting = asyncio.create_task(ingest.put([arrival(60, backfilled=True)], ingest.clears))
        await asyncio.sleep(0.01)
        assert not putting.done()
        async with running(ingest.run), asyncio.timeout(20):
            await putting
            await ingest.flushed()
        stored = await row(database, 60)
        assert stored is not None
        assert stored.backfilled

    async def test_flushed_waits_for_what_was_taken_before(
        self, ingest: IngestService, database: Database
    ) -> None:
        ingest.offer(arrival(0))
        flushing = asyncio.create_task(ingest.flushed())
        await asyncio.sleep(0.01)
        assert not flushing.done()
        async with running(ingest.run), asyncio.timeout(20):
            await flushing
        assert await row(database, 0) is not None

    async def test_nothing_taken_is_flushed_at_once(self, ingest: IngestService) -> None:
        async with asyncio.timeout(1):
            await ingest.flushed()

    async def test_reading_begins_where_it_is_told_to(
        self, ingest: IngestService, database: Database
    ) -> None:
        ingest.note_cursor(GUILD, CHANNEL, message_id(3))
        await written(ingest, arrival(9, channel_id=OTHER_CHANNEL))
        seen = await channel(database)
        assert seen is not None
        assert seen.cursor == ingest.cursors[CHANNEL] == message_id(3)

    async def test_noted_gaps_of_a_place_become_one(self, ingest: IngestService, database: Database) -> None:
        ingest.note_gap(gap(5, 9))
        ingest.note_gap(gap(3, 4))
        ingest.note_gap(gap(8, 12))
        await written(ingest, arrival(0))
        assert await open_gaps(database) == [(CHANNEL, message_id(3), message_id(12))]
