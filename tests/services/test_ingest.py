import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.signal import Intent, Judgement, Stage
from bot.models import Channel, Gap, SignalRecord
from bot.nlp.classifier import EmbeddedClassifier
from bot.services.ingest import IngestService
from bot.services.metrics import Metrics
from bot.settings import IngestSettings
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    OTHER_CHANNEL,
    arrival,
    deletion,
    key,
    message_id,
    running,
)

HELP = "How do I set up the welcome message?"


async def written(ingest: IngestService, *arrivals: Arrival) -> None:
    """Have the service take and commit `arrivals`."""
    for each in arrivals:
        ingest.offer(each)
    async with running(ingest.run), asyncio.timeout(20):
        await ingest.flushed()


async def row(database: Database, number: int) -> SignalRecord | None:
    async with database.reading() as tx:
        return await tx.signals.get(key(number))


async def channel(database: Database, channel_id: int = CHANNEL) -> Channel | None:
    async with database.reading() as tx:
        return await tx.channels.get(channel_id)


async def open_gaps(database: Database) -> list[tuple[int, int, int]]:
    async with database.reading() as tx:
        return [(gap.channel_id, gap.from_id, gap.to_id) for gap in await tx.gaps.list_open()]


def gap(from_number: int, to_number: int, channel_id: int = CHANNEL) -> Gap:
    return Gap(
        guild_id=GUILD,
        channel_id=channel_id,
        from_id=message_id(from_number),
        to_id=message_id(to_number),
        reason="missed",
        created_at=NOW,
    )


class TestStoring:
    async def test_a_message_is_stored_with_its_author_and_cursor(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, "good morning", reply_to_id=5, mentions=["everyone"]))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.content, stored.author_name, stored.author_id) == ("good morning", "Ada", MEMBER)
        assert (stored.reply_to_id, stored.mentions) == (5, ["everyone"])
        assert (stored.created_at, stored.ingested_at) == (NOW, NOW)
        async with database.reading() as tx:
            member = await tx.members.get(GUILD, MEMBER)
        assert member is not None
        assert member.name == "Ada"
        seen = await channel(database)
        assert seen is not None
        assert seen.cursor == ingest.cursors[CHANNEL] == message_id(0)

    async def test_what_asks_goes_on_and_chatter_does_not(
        self, ingest: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(ingest, arrival(0), arrival(1, HELP))
        assert [each.id for each in await bus.take(Stage.OBSERVE, 9, 0)] == [key(1)]
        chatter, asked = await row(database, 0), await row(database, 1)
        assert chatter is not None
        assert asked is not None
        assert (chatter.stage, chatter.status, chatter.reason) == ("done", "skipped", "nothing asked")
        assert (asked.stage, asked.status, asked.intent) == ("observe", "pending", Intent.HELP_REQUEST)

    async def test_members_with_an_ignored_role_are_stored_and_not_answered(
        self, ingest: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(ingest, arrival(0, HELP, muted=True))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.stage, stored.reason) == ("done", "author has an ignored role")
        assert bus.depth(Stage.OBSERVE) == 0

    async def test_a_reply_to_the_bot_goes_on_whatever_it_says(
        self, ingest: IngestService, bus: MemoryBus
    ) -> None:
        await written(ingest, arrival(0, "version 3", reply_to_id=5, to_bot=True))
        assert bus.depth(Stage.OBSERVE) == 1

    async def test_a_message_in_a_thread_belongs_to_both(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, thread_id=OTHER_CHANNEL))
        stored, thread = await row(database, 0), await channel(database, OTHER_CHANNEL)
        assert stored is not None
        assert thread is not None
        assert (stored.channel_id, stored.place_id) == (CHANNEL, OTHER_CHANNEL)
        assert (thread.parent_id, thread.cursor) == (CHANNEL, message_id(0))
        assert await channel(database) is None

    async def test_a_direct_message_has_no_guild_member_or_cursor(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, guild_id=None))
        assert await row(database, 0) is not None
        assert await channel(database) is None

    async def test_secrets_and_what_no_database_stores_are_taken_out(
        self, ingest: IngestService, database: Database
    ) -> None:
        token = "ghp_" + "a1B2" * 9
        await written(ingest, arrival(0, f"my token is {token}\0 \ud800 ö", author_name="é\0" + "x" * 200))
        stored = await row(database, 0)
        assert stored is not None
        assert token not in stored.content
        assert "\0" not in stored.content
        assert stored.content.endswith("? ö")
        assert stored.author_name == "é" + "x" * 99

    async def test_members_are_stored_again_once_too_many_are_remembered(
        self, ingest: IngestService, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.services.ingest.KNOWN_MEMBERS", 1)
        for number, name in enumerate(["Ada", "Grace", "Mary"]):
            await written(ingest, arrival(number, author_id=MEMBER + number, author_name=name))
        await written(ingest, arrival(9, author_name="Ada L."))
        async with database.reading() as tx:
            member = await tx.members.get(GUILD, MEMBER)
        assert member is not None
        assert member.name == "Ada L."

    async def test_more_than_a_batch_is_stored_in_order(
        self, ingest: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(ingest, *(arrival(number, HELP) for number in range(50)))
        assert [each.id for each in await bus.take(Stage.OBSERVE, 99, 0)] == [key(n) for n in range(50)]
        assert ingest.depth == 0

    async def test_the_same_message_twice_is_stored_once(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, "first"))
        await written(ingest, arrival(0, "second", backfilled=True))
        stored = await row(database, 0)
        assert stored is not None
        assert stored.content == "first"
        async with database.reading() as tx:
            assert await tx.signals.count() == 1


def edit(number: int, content: str, seconds: int) -> Arrival:
    return arrival(number, content, change=Change.EDIT, edited_at=NOW + timedelta(seconds=seconds))


class TestOrder:
    @pytest.mark.parametrize(
        ("events", "text", "deleted"),
        [
            ([arrival(0, "a"), edit(0, "b", 1)], "b", False),
            ([arrival(0, "a"), edit(0, "b", 1), edit(0, "c", 2)], "c", False),
            ([arrival(0, "a"), edit(0, "c", 2), edit(0, "b", 1)], "c", False),
            ([edit(0, "b", 1), arrival(0, "a")], "b", False),
            ([arrival(0, "a"), deletion(0)], "", True),
            ([deletion(0), arrival(0, "a")], "", True),
            ([arrival(0, "a"), deletion(0), edit(0, "b", 1)], "", True),
            ([deletion(0), edit(0, "b", 1)], "", True),
            ([arrival(0, "a"), deletion(0), deletion(0)], "", True),
            ([arrival(0, "a"), arrival(0, "", change=Change.CLEAR, message_id=0)], "", True),
        ],
        ids=[
            "edited", "edited twice", "edits swapped", "edited before it was heard of", "deleted",
            "deleted before it was heard of", "edited after deletion", "unknown, deleted, edited",
            "deleted twice", "channel deleted",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "a batch each"])
    async def test_what_happened_last_is_what_stays(
        self,
        ingest: IngestService,
        database: Database,
        events: list[Arrival],
        text: str,
        deleted: bool,
        at_once: bool,
    ) -> None:
        if at_once:
            await written(ingest, *events)
        else:
            for event in events:
                await written(ingest, event)
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.content, stored.deleted_at is not None) == (text, deleted)

    async def test_a_deleted_question_is_not_worked_on(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, HELP))
        await written(ingest, deletion(0))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.stage, stored.reason) == ("done", "message deleted")

    async def test_an_edit_keeps_its_place_on_the_road(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0))
        await written(ingest, edit(0, HELP, 5))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.intent, stored.stage) == (Intent.HELP_REQUEST, "done")

    async def test_a_deleted_channel_takes_its_threads_and_gaps_along(
        self, ingest: IngestService, database: Database
    ) -> None:
        ingest.note_gap(gap(5, 9))
        clear = Arrival(Change.CLEAR, GUILD, CHANNEL, None, 0)
        await written(ingest, arrival(0), arrival(1, thread_id=OTHER_CHANNEL))
        await written(ingest, clear)
        rows = [await row(database, number) for number in (0, 1)]
        assert all(each is not None and each.deleted_at == NOW for each in rows)
        assert await open_gaps(database) == []


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
        assert logged.of("ERROR", f"refuses ['{key(1)}']")
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

        def transaction(self: Database) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:  # the first of the single rows
                lock.take()
            if calls == 4:
                lock.free()
            return real(self)

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
        putting = asyncio.create_task(ingest.put([arrival(60, backfilled=True)]))
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
