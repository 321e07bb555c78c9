"""What stays of figures and what goes: retention, members, servers, time zones."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.db.reactions import Reaction
from bot.domain.arrival import Change
from bot.domain.statistics import slot_of
from bot.services.retention import RetentionService
from bot.services.statistics import counting as module
from bot.settings import RetentionSettings
from tests.fakes import FakeClock
from tests.statistics.support import (
    ADA,
    BOB,
    CAT,
    GENERAL,
    GUILD,
    HELP,
    NOW,
    THANKS,
    counter,
    from_scratch,
    kept,
    message_id,
    row,
    write,
)


async def scalars(engine: AsyncEngine, query: str) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(text(query))).scalars())


async def checked(database: Database, which: int, user_id: int = CAT) -> None:
    async with database.transaction() as tx:
        await tx.reactions.put("discord", [Reaction(GUILD, which, user_id, "\u2705", "check")])
        await tx.statistics_marks.mark([slot_of(which)])


async def test_figures_stay_when_their_messages_are_past_their_retention(
    database: Database, engine: AsyncEngine
) -> None:
    clock = FakeClock(NOW)
    service, _ = await counter(database, clock)
    old, new = message_id(0, days_ago=29.9), message_id(0)
    await write(database, Change.CREATE, row(old), row(new))
    await checked(database, old)
    await service.count_all()
    before = await kept(engine)
    clock.advance(timedelta(days=1).total_seconds())
    await write(database, Change.EDIT, row(old, content="late", edited_at=NOW, sentiment="neg"))
    await service.count_all()
    assert await kept(engine) == before  # too old to be counted anew
    await RetentionService(database, clock, RetentionSettings()).purge()
    assert await scalars(engine, "SELECT message_id FROM signals") == [new]
    assert await scalars(engine, "SELECT message_id FROM counted_messages") == [new]
    assert await scalars(engine, "SELECT message_id FROM message_reactions") == []
    await write(database, Change.DELETE, row(old))  # a tombstone of what is no longer known
    await service.count_all()
    assert await kept(engine) == before


async def test_a_member_who_is_forgotten_is_in_no_table_and_the_sums_of_channels_stay(
    database: Database, engine: AsyncEngine
) -> None:
    service, _ = await counter(database)
    rows = [row(message_id(number), author_id=ADA if number % 2 else BOB) for number in range(6)]
    await write(database, Change.CREATE, *rows, row(message_id(0, days_ago=20), place_id=HELP))
    await checked(database, message_id(0), user_id=ADA)
    await service.count_all()
    before = await kept(engine)
    await service.forget(GUILD, ADA)
    await service.count_all()
    for table in (
        "daily_user_statistics",
        "monthly_user_statistics",
        "counted_messages",
        "message_reactions",
    ):
        assert ADA not in await scalars(engine, f"SELECT user_id FROM {table}")  # noqa: S608
    after = await kept(engine)
    assert after["channel_hours"] == before["channel_hours"]
    assert after["channel_days"][GENERAL, str(NOW.date()), "messages"] == 6
    assert after["user_days"][GENERAL, str(NOW.date()), 0, "messages"] == 3
    assert after["user_days"][GENERAL, str(NOW.date()), BOB, "helped"] == 0  # the check mark was hers
    await write(database, Change.DELETE, rows[1])
    await service.count_all()
    assert (await kept(engine))["user_days"][GENERAL, str(NOW.date()), 0, "messages"] == 2


async def test_who_opts_out_is_counted_without_a_name(database: Database, engine: AsyncEngine) -> None:
    service, _ = await counter(database)
    service.opted_out = lambda guild_id, user_id: (guild_id, user_id) == (GUILD, ADA)
    await write(database, Change.CREATE, row(message_id(0)), row(message_id(1), author_id=BOB))
    await service.count_all()
    assert sorted(set(await scalars(engine, "SELECT user_id FROM daily_user_statistics"))) == [0, BOB]


async def test_a_new_time_zone_changes_later_days_only(database: Database, engine: AsyncEngine) -> None:
    clock = FakeClock(NOW)  # 12:00 UTC
    service, guilds = await counter(database, clock)
    await service.note_zones()
    await write(database, Change.CREATE, row(message_id(0)))
    await service.count_all()
    await guilds.set_timezone(GUILD, "Asia/Tokyo")
    await service.note_zones()
    late, next_day = message_id(11 * 3_600), message_id(13 * 3_600)
    await write(database, Change.CREATE, row(late), row(next_day))
    await write(database, Change.EDIT, row(message_id(0), content="again", edited_at=NOW))
    again, _ = await counter(database, clock)  # after a restart
    await again.count_all()
    query = "SELECT hour FROM counted_messages ORDER BY message_id"
    assert await scalars(engine, query) == [12, 23, 10]
    dates = await scalars(engine, "SELECT date FROM counted_messages ORDER BY message_id")
    assert [str(each) for each in dates] == ["2026-03-10", "2026-03-10", "2026-03-11"]


async def test_everything_stored_before_is_counted_after_a_start(
    database: Database, engine: AsyncEngine
) -> None:
    """The migration marks what is stored; a crash between storing and counting leaves marks, too."""
    rows = [row(message_id(number, days_ago=number), author_id=number) for number in range(1, 9)]
    service, _ = await counter(database)
    await write(database, Change.CREATE, *rows)
    assert sum((await kept(engine))["channel_hours"].values()) == 0
    service, _ = await counter(database)
    await service.count_all()
    expected, found = await from_scratch(engine), await kept(engine)
    assert {name: +sums for name, sums in found.items()} == {name: +sums for name, sums in expected.items()}


async def test_a_channel_that_is_deleted_is_counted_no_more(database: Database, engine: AsyncEngine) -> None:
    service, _ = await counter(database)
    there = row(message_id(1), place_id=HELP)
    await write(database, Change.CREATE, row(message_id(0)), there, row(message_id(2, 3), place_id=HELP))
    await service.count_all()
    await write(database, Change.CLEAR, there)
    await service.count_all()
    assert set(await scalars(engine, "SELECT channel_id FROM daily_channel_statistics")) == {0, GENERAL}


async def test_a_server_that_is_deleted_takes_its_figures_along(
    database: Database, engine: AsyncEngine
) -> None:
    service, _ = await counter(database)
    await write(database, Change.CREATE, row(message_id(0)), row(message_id(1), author_id=BOB))
    await checked(database, message_id(0))
    await service.count_all()
    clock = FakeClock(NOW)
    async with database.transaction() as tx:
        await tx.guilds.change(GUILD, {"left_at": NOW})
    clock.advance(timedelta(days=31).total_seconds())
    await RetentionService(database, clock, RetentionSettings()).purge()
    assert not any(sums.total() for sums in (await kept(engine)).values())
    assert await scalars(engine, "SELECT scope FROM kv") == []
    assert await scalars(engine, "SELECT message_id FROM message_reactions") == []


async def test_busy_seconds_are_counted_in_portions_and_from_the_first_again_when_they_change(
    database: Database, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PORTION", 3)
    service, _ = await counter(database)
    rows = [row(message_id(0) + number) for number in range(10)]
    await write(database, Change.CREATE, *rows)
    seen = []
    while await service.count():
        seen += await scalars(engine, "SELECT count(*) FROM counted_messages")
        if seen == [3, 6]:
            await write(database, Change.DELETE, rows[0])
    assert seen == [3, 6, 5, 5, 8, 9]  # what was counted before counts once
    assert await scalars(engine, "SELECT messages FROM daily_channel_statistics WHERE channel_id = 0") == [9]


async def test_what_is_stored_while_it_is_counted_is_counted_too(
    database: Database, engine: AsyncEngine
) -> None:
    """A message that is not committed yet, in seconds that are being counted already."""
    service, _ = await counter(database)
    await write(database, Change.CREATE, row(message_id(0)))
    async with database.transaction() as tx:
        await tx.signals.add_batch([row(message_id(1))])
        await tx.statistics_marks.mark([slot_of(message_id(1))])
        counting = asyncio.create_task(service.count())
        waits = (
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        if database.dialect == "sqlite":
            await asyncio.wait({counting}, timeout=0)  # no other writer is let in
        else:
            while not counting.done() and not await scalars(engine, waits):
                pass
    await counting
    await service.count_all()
    assert await scalars(engine, "SELECT count(*) FROM counted_messages") == [2]


@pytest.mark.parametrize("order", ["thanks last", "thanks first"])
async def test_thanks_count_once_for_an_answer_however_late_it_comes(
    database: Database, engine: AsyncEngine, order: str
) -> None:
    service, _ = await counter(database)
    answer = row(message_id(0), author_id=BOB)
    thanks = [
        row(message_id(60 + number), author_id=author, reply_to_id=message_id(0), content=THANKS[0])
        for number, author in enumerate((ADA, CAT, BOB))
    ]
    for batch in ([answer], thanks) if order == "thanks last" else (thanks, [answer]):
        await write(database, Change.CREATE, *batch)
        await service.count_all()
    helped = "SELECT sum(helped) FROM monthly_user_statistics"
    assert await scalars(engine, helped) == [1]
    for each in thanks[:2]:
        await write(database, Change.DELETE, each)
    await service.count_all()
    assert await scalars(engine, helped) == [0]  # one's own thanks are none
