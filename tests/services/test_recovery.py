import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.snowflake import snowflake_at
from bot.models import Gap
from bot.services import recovery as module
from bot.services.ingest import IngestService
from bot.services.recovery import RecoveryService, UnreachableError, UnreadableError
from bot.settings import IngestSettings
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.services.support import (
    CHANNEL,
    FIRST,
    GUILD,
    NOW,
    OTHER_CHANNEL,
    arrival,
    eventually,
    key,
    message_id,
    running,
)

BOT = -1  # stands in a history for a message that no member wrote


class FakeHistory:
    """Channels' histories as Discord tells them: pages of any author's messages, as they are now."""

    def __init__(self) -> None:
        self.channels: dict[int, dict[int, Arrival | int]] = {}
        self.unreadable: set[int] = set()
        self.broken: set[int] = set()
        self.unreachable = 0  # calls that get no answer
        self.calls: list[tuple[int, int]] = []
        self.before_page: Callable[[], None] = lambda: None

    def say(self, *numbers: int, channel_id: int = CHANNEL, text: str = "hello", **values: Any) -> None:
        for number in numbers:
            self.channels.setdefault(channel_id, {})[message_id(number)] = arrival(
                number, text, channel_id=channel_id, backfilled=True, **values
            )

    async def after(self, place_id: int, message_id: int, limit: int) -> tuple[Sequence[Arrival], int | None]:
        self.calls.append((place_id, message_id))
        await asyncio.sleep(0)
        if self.unreachable:
            self.unreachable -= 1
            raise UnreachableError("no answer")
        if place_id in self.unreadable:
            raise UnreadableError("not readable: Missing Access")
        if place_id in self.broken:
            raise RuntimeError("a bug")
        self.before_page()
        messages = self.channels.get(place_id, {})
        page = sorted(each for each in messages if each > message_id)[:limit]
        said = [messages[each] for each in page]
        return [each for each in said if isinstance(each, Arrival)], page[-1] if len(page) == limit else None


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> FakeHistory:
    monkeypatch.setattr(module, "PAGE", 10)
    return FakeHistory()


@pytest.fixture
def settings() -> IngestSettings:
    return IngestSettings(max_backfill_messages=35, max_backfill_days=7)


@pytest.fixture
def recovery(
    database: Database, ingest: IngestService, clock: FakeClock, settings: IngestSettings
) -> RecoveryService:
    return RecoveryService(database, ingest, clock, settings)


@pytest.fixture
async def at_work(ingest: IngestService, recovery: RecoveryService) -> AsyncIterator[None]:
    async with running(ingest.run, recovery.run):
        yield


async def gaps(database: Database) -> list[Gap]:
    async with database.reading() as tx:
        return list(await tx.gaps.list_open())


async def all_closed(database: Database) -> None:
    """Wait until a gap has been opened and none is open any more."""

    async def closed() -> bool:
        return bool(await told_of(database)) and await gaps(database) == []

    await eventually(closed)


async def numbers(database: Database, channel_id: int = CHANNEL) -> list[int]:
    async with database.reading() as tx:
        return sorted(each - FIRST for each in await tx.signals.ids_between(channel_id, 0, 2**62))


async def cursor(database: Database, channel_id: int = CHANNEL) -> int | None:
    async with database.reading() as tx:
        channel = await tx.channels.get(channel_id)
    return channel.cursor if channel else None


async def wait_for_gap(database: Database, count: int = 1) -> None:
    async def there() -> bool:
        return len(await gaps(database)) == count

    await eventually(there)


def gap_of(from_number: int, to_number: int, channel_id: int = CHANNEL) -> Gap:
    return Gap(
        guild_id=GUILD,
        channel_id=channel_id,
        from_id=message_id(from_number),
        to_id=message_id(to_number),
        reason="missed",
        created_at=NOW,
    )


async def read_up_to(ingest: IngestService, database: Database, number: int) -> None:
    """Have the channel's cursor stand at the `number`th message."""
    ingest.note_cursor(GUILD, CHANNEL, message_id(number))

    async def there() -> bool:
        return await cursor(database) == message_id(number)

    await eventually(there)


async def open_gap(database: Database, from_number: int, to_number: int, channel_id: int = CHANNEL) -> None:
    """Have a gap open from the start, as one that a restart left."""
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
        await tx.channels.advance_cursors([(channel_id, GUILD, None, message_id(from_number))])
        await tx.gaps.open(gap_of(from_number, to_number, channel_id))


async def told_of(database: Database) -> list[str]:
    """Return the outcomes of the closed gaps."""
    async with database.reading() as tx:
        session = tx.gaps._session
        return list((await session.exec(select(Gap.outcome).where(col(Gap.closed_at).is_not(None)))).all())


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
        long_ago = snowflake_at(NOW - timedelta(hours=2))
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


@pytest.mark.usefixtures("at_work")
class TestFaults:
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
