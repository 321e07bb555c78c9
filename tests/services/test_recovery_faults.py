from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.snowflake import snowflake_at
from bot.services import recovery as module
from bot.services.ingest import IngestService
from bot.services.recovery import RecoveryService
from bot.settings import IngestSettings
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.services.histories import (
    FakeHistory,
    all_closed,
    cursor,
    gap_of,
    gaps,
    numbers,
    open_gap,
    told_of,
    wait_for_gap,
)
from tests.services.support import (
    CHANNEL,
    FIRST,
    GUILD,
    NOW,
    OTHER_CHANNEL,
    arrival,
    eventually,
    message_id,
    running,
)


@pytest.mark.usefixtures("at_work")
class TestFaults:
    async def test_what_was_read_of_a_channel_that_is_deleted_meanwhile_is_not_stored(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        def delete_channel() -> None:
            history.unreadable.add(CHANNEL)
            ingest.offer(Arrival(Change.CLEAR, GUILD, CHANNEL, None, 0))

        history.say(1, 2, 3)
        history.before_page = delete_channel
        await open_gap(database, 0, 3)
        recovery.read_from(history)
        await all_closed(database)
        await ingest.flushed()
        assert await numbers(database) == []

    async def test_a_page_is_read_again_when_another_channel_is_deleted_meanwhile(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        def delete_another() -> None:
            if len(history.calls) == 1:
                ingest.offer(Arrival(Change.CLEAR, GUILD, OTHER_CHANNEL, None, 0))

        history.say(1, 2, 3)
        history.before_page = delete_another
        await open_gap(database, 0, 3)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == [1, 2, 3]

    async def test_a_channel_that_can_not_be_read_is_given_up_with_the_reason(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.unreadable.add(CHANNEL)
        await open_gap(database, 0, 3)
        recovery.read_from(history)
        await all_closed(database)
        assert await told_of(database) == ["not readable: Missing Access"]
        assert await cursor(database) == message_id(3)

    async def test_no_answer_leaves_the_gap_open_for_another_try(
        self,
        recovery: RecoveryService,
        ingest: IngestService,
        database: Database,
        history: FakeHistory,
        logged: Logged,
    ) -> None:
        history.unreachable = 1
        history.say(1, 2, 3)
        await open_gap(database, 0, 3)
        recovery.read_from(history)

        async def tried() -> bool:
            return bool(logged.of("WARNING", "no answer"))

        await eventually(tried)
        assert len(await gaps(database)) == 1
        assert await cursor(database) == message_id(0)
        recovery.read_from(history)  # wakes it, as a new session does
        await all_closed(database)
        assert await numbers(database) == [1, 2, 3]

    async def test_it_tries_again_by_itself(
        self,
        recovery: RecoveryService,
        ingest: IngestService,
        database: Database,
        history: FakeHistory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
        history.unreachable = 2
        history.say(1)
        await open_gap(database, 0, 1)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == [1]

    async def test_reading_goes_on_where_it_was_cut_off(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(*range(1, 31))
        pages = 0

        def cut_off() -> None:
            nonlocal pages
            pages += 1
            if pages == 2:
                history.unreachable = 1

        history.before_page = cut_off
        await open_gap(database, 0, 30)
        recovery.read_from(history)

        async def half_read() -> bool:
            return [gap.from_id for gap in await gaps(database)] == [message_id(20)]

        await eventually(half_read)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == list(range(1, 31))
        assert [after - FIRST for _, after in history.calls] == [0, 10, 20, 20]

    @pytest.mark.parametrize("kind", ["unreadable", "broken"])
    async def test_one_bad_channel_does_not_hold_up_the_others(
        self,
        recovery: RecoveryService,
        ingest: IngestService,
        database: Database,
        history: FakeHistory,
        kind: str,
    ) -> None:
        getattr(history, kind).add(CHANNEL)
        history.say(1, 2, 3, channel_id=OTHER_CHANNEL)
        await open_gap(database, 0, 3)
        await open_gap(database, 0, 3, OTHER_CHANNEL)
        recovery.read_from(history)

        async def filled() -> bool:
            return await numbers(database, OTHER_CHANNEL) == [1, 2, 3]

        await eventually(filled)
        assert await numbers(database) == []

    async def test_a_gap_widened_while_it_is_read_stays_open_until_all_is_read(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(*range(1, 8))
        widened = False

        def widen() -> None:
            nonlocal widened
            if not widened:
                widened = True
                ingest.note_gap(gap_of(2, 7))
                ingest.offer(arrival(0, channel_id=OTHER_CHANNEL))  # the batch that opens it is flushed first

        history.before_page = widen
        await open_gap(database, 0, 3)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == list(range(1, 8))
        assert await cursor(database) == message_id(7)

    async def test_the_cursor_stays_before_a_gap_that_is_still_open(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.unreachable = 1
        await open_gap(database, 0, 3)
        recovery.read_from(history)
        ingest.offer(arrival(9))
        await ingest.flushed()
        assert await cursor(database) == message_id(0)
        history.say(1)
        recovery.read_from(history)
        await all_closed(database)
        assert await cursor(database) == message_id(9)


@pytest.mark.usefixtures("at_work")
class TestLimits:
    async def test_no_more_messages_than_the_settings_allow(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(*range(1, 101))
        await open_gap(database, 0, 100)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == list(range(1, 41))  # whole pages
        assert await told_of(database) == ["stopped after 40 messages"]

    async def test_nothing_older_than_the_settings_allow(
        self,
        recovery: RecoveryService,
        ingest: IngestService,
        database: Database,
        history: FakeHistory,
        clock: FakeClock,
    ) -> None:
        oldest = snowflake_at(NOW - timedelta(days=7))
        old, young = oldest - FIRST - 5, oldest - FIRST + 5
        history.say(old, young)
        await open_gap(database, old - 1, young)
        recovery.read_from(history)
        await all_closed(database)
        assert await numbers(database) == [young]
        assert history.calls == [(CHANNEL, oldest)]

    async def test_a_gap_that_is_all_too_old_is_closed_unread(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        old = snowflake_at(NOW - timedelta(days=30)) - FIRST
        await open_gap(database, old, old + 9)
        recovery.read_from(history)
        await all_closed(database)
        assert history.calls == []
        assert await told_of(database) == ["read 0 messages"]

    @pytest.mark.parametrize("settings", [IngestSettings(max_backfill_messages=0)])
    async def test_zero_messages_means_none(
        self, recovery: RecoveryService, ingest: IngestService, database: Database, history: FakeHistory
    ) -> None:
        history.say(1, 2, 3)
        await open_gap(database, 0, 3)
        recovery.read_from(history)
        await all_closed(database)
        assert history.calls == []
        assert await numbers(database) == []


async def test_without_a_history_gaps_wait(
    recovery: RecoveryService, ingest: IngestService, database: Database
) -> None:
    work: AbstractAsyncContextManager[None] = running(ingest.run, recovery.run)
    async with work:
        ingest.note_gap(gap_of(0, 3))
        await wait_for_gap(database)
        ingest.offer(arrival(9))
        await ingest.flushed()
    assert len(await gaps(database)) == 1
