from datetime import timedelta

import pytest

from bot.db.database import Database
from bot.domain.arrival import Change
from bot.domain.snowflake import snowflake_at
from bot.services.ingest import IngestService
from bot.services.recovery import RecoveryService
from tests.fakes import FakeClock
from tests.services.histories import (
    BOT,
    FakeHistory,
    all_closed,
    cursor,
    gaps,
    numbers,
    open_gap,
    read_up_to,
    told_of,
)
from tests.services.support import (
    CHANNEL,
    GUILD,
    NOW,
    OTHER_CHANNEL,
    arrival,
    eventually,
    key,
    message_id,
)


@pytest.mark.usefixtures("at_work")
class TestCatchingUp:
    async def test_what_was_missed_is_read_page_by_page(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(*range(1, 26))
        await read_up_to(ingest, database, 2)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(25), None)
        await all_closed(database)
        assert await numbers(database) == list(range(3, 26))
        assert history.calls == [(CHANNEL, message_id(n)) for n in (2, 12, 22)]
        assert await cursor(database) == message_id(25)
        assert await told_of(database) == ["read 23 messages"]

    async def test_messages_of_bots_count_for_pages_and_are_not_stored(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(*range(1, 16))
        for number in range(3, 13):
            history.channels[CHANNEL][message_id(number)] = BOT
        await read_up_to(ingest, database, 0)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(15), None)
        await all_closed(database)
        assert await numbers(database) == [1, 2, 13, 14, 15]

    async def test_nothing_is_read_where_nothing_was_missed(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        long_ago = snowflake_at(NOW - timedelta(days=8))  # farther than is read back
        ingest.cursors[CHANNEL] = long_ago
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, long_ago, None)
        recovery.catch_up(GUILD, CHANNEL, long_ago - 1, None)  # the newest was deleted
        recovery.catch_up(GUILD, CHANNEL, None, None)
        ingest.offer(arrival(1, channel_id=OTHER_CHANNEL))
        await ingest.flushed()
        assert await gaps(database) == []
        assert history.calls == []

    async def test_deletions_of_the_last_hour_that_went_unheard_are_found(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        for number in (1, 2, 3):
            ingest.offer(arrival(number))
        await ingest.flushed()
        history.say(1, 3)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(3), None)
        await all_closed(database)
        assert await numbers(database) == [1, 3]

    async def test_a_deletion_early_in_a_long_outage_is_found(
        self,
        recovery: RecoveryService,
        ingest: IngestService,
        database: Database,
        history: FakeHistory,
        clock: FakeClock,
    ) -> None:
        for number in (1, 2):
            ingest.offer(arrival(number))
        await ingest.flushed()
        clock.advance(2 * 3_600)
        history.say(1)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(2), None)
        await all_closed(database)
        assert await numbers(database) == [1]

    async def test_nothing_said_before_the_owners_choice_is_read(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(*range(1, 6))
        await read_up_to(ingest, database, 1)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(3), None, message_id(3))  # nobody wrote since
        recovery.catch_up(GUILD, OTHER_CHANNEL, message_id(3), CHANNEL - 1, message_id(3))
        recovery.catch_up(GUILD, CHANNEL, message_id(5), None, message_id(3))
        await all_closed(database)
        assert await numbers(database) == [4, 5]
        assert history.calls == [(CHANNEL, message_id(3))]

    @pytest.mark.parametrize("last", [None, CHANNEL - 1])
    async def test_a_new_thread_with_nothing_in_it_costs_nothing(
        self,
        recovery: RecoveryService,
        ingest: IngestService,
        database: Database,
        history: FakeHistory,
        last: int | None,
    ) -> None:
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, last, CHANNEL - 1)
        ingest.offer(arrival(1))
        await ingest.flushed()
        assert (await gaps(database), await told_of(database), history.calls) == ([], [], [])

    async def test_nothing_from_before_the_bot_came_is_read(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(1, 2, 3)
        await read_up_to(ingest, database, 2)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(3), None)
        await all_closed(database)
        assert await numbers(database) == [3]

    @pytest.mark.parametrize(("last", "begins"), [(message_id(7), message_id(7)), (None, CHANNEL)])
    async def test_a_channel_seen_for_the_first_time_is_read_from_now_on(
        self,
        recovery: RecoveryService,
        ingest: IngestService,
        database: Database,
        history: FakeHistory,
        last: int | None,
        begins: int,
    ) -> None:
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, last, None)

        async def begun() -> bool:
            return await cursor(database) == begins

        await eventually(begun)
        assert history.calls == []

    async def test_a_channel_made_while_we_were_away_is_read_from_its_start(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(1, 2)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(2), CHANNEL - 1)
        await all_closed(database)
        assert await numbers(database) == [1, 2]

    async def test_a_gap_left_by_the_last_run_is_filled(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        await open_gap(database, 0, 3)
        history.say(1, 2, 3, 4)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == [1, 2, 3]

    async def test_what_is_read_is_marked_as_backfilled(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(1)
        await read_up_to(ingest, database, 0)
        recovery.read_from(history)
        recovery.catch_up(GUILD, CHANNEL, message_id(1), None)
        await all_closed(database)
        async with database.reading() as tx:
            row = await tx.signals.get(key(1))
        assert row is not None
        assert row.backfilled


@pytest.mark.usefixtures("at_work")
class TestBringingInLine:
    async def test_deletions_and_edits_inside_the_stretch_are_found(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        for number in range(1, 6):
            ingest.offer(arrival(number, "before"))
        await ingest.flushed()
        history.say(1, 3, 5, text="before")
        history.say(4, text="after", change=Change.EDIT, edited_at=NOW + timedelta(seconds=1))
        await open_gap(database, 1, 5)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == [1, 3, 4, 5]
        async with database.reading() as tx:
            edited, deleted = await tx.signals.get(key(4)), await tx.signals.get(key(2))
        assert edited is not None
        assert deleted is not None
        assert (edited.content, deleted.content, deleted.deleted_at) == ("after", "", NOW)

    async def test_nothing_outside_the_stretch_is_taken_for_deleted(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        for number in (1, 2, 8):
            ingest.offer(arrival(number))
        ingest.offer(arrival(3, channel_id=OTHER_CHANNEL))
        await ingest.flushed()
        await open_gap(database, 1, 5)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == [1, 8]
        assert await numbers(database, OTHER_CHANNEL) == [3]

    async def test_a_deletion_at_the_end_of_a_page_is_found(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        for number in range(1, 25):
            ingest.offer(arrival(number))
        await ingest.flushed()
        kept = [number for number in range(1, 25) if number not in (10, 11, 24)]
        history.say(*kept)
        await open_gap(database, 0, 24)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == kept
