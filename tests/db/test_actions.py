import asyncio
from typing import Any

import pytest

from bot.db.database import Database
from bot.models import Action, ActionStatus
from tests.db.support import MESSAGE, action, later

SENT = {
    "status": ActionStatus.SENT,
    "message_id": 2**60 + 7,
    "finished_at": later(1),
    "attempts": 1,
    "retries": 2,
}


async def begin(database: Database, number: int = 0, **values: Any) -> Action | None:
    async with database.transaction() as tx:
        return await tx.actions.begin(action(number, **values))


async def finish(database: Database, action_id: int, values: dict[str, Any]) -> bool:
    async with database.transaction() as tx:
        return await tx.actions.finish(action_id, values)


async def test_a_begun_action_is_pending_and_has_an_id(database: Database) -> None:
    row = await begin(database)

    assert row is not None
    assert row.id >= 1
    assert (row.status, row.created_at, row.reference_id) == (ActionStatus.PENDING, later(0), MESSAGE)


async def test_the_second_begin_of_the_same_part_gets_no_row_and_changes_nothing(database: Database) -> None:
    first = await begin(database, content="first")
    assert await begin(database, content="second", nonce="b" * 24) is None

    async with database.reading() as tx:
        assert await tx.actions.list_for(f"discord:{MESSAGE}") == [first]


async def test_a_finished_action_still_holds_its_lock(database: Database) -> None:
    row = await begin(database)
    assert row is not None
    await finish(database, row.id, {"status": ActionStatus.FAILED})

    assert await begin(database) is None


@pytest.mark.parametrize("other", [{"part": 1}, {"kind": "escalate"}, {"signal_id": "discord:1"}], ids=str)
async def test_other_parts_kinds_and_signals_have_locks_of_their_own(
    database: Database, other: dict[str, Any]
) -> None:
    assert await begin(database) is not None
    assert await begin(database, **other) is not None


async def test_of_concurrent_begins_exactly_one_gets_the_row(database: Database) -> None:
    for number in range(12):
        rows = await asyncio.gather(*(begin(database, number, content=f"by {task}") for task in range(4)))
        won = [row for row in rows if row is not None]
        async with database.reading() as tx:
            assert await tx.actions.list_for(f"discord:{MESSAGE + number}") == won
        assert len(won) == 1


async def test_an_action_finishes_only_once(database: Database) -> None:
    row = await begin(database)
    assert row is not None

    assert await finish(database, row.id, SENT)
    assert not await finish(database, row.id, {"status": ActionStatus.EXPIRED, "message_id": None})
    async with database.reading() as tx:
        [kept] = await tx.actions.list_for(row.signal_id)
    assert {name: getattr(kept, name) for name in SENT} == SENT


async def test_of_concurrent_finishes_exactly_one_wins(database: Database) -> None:
    for number in range(6):
        row = await begin(database, number)
        assert row is not None
        values = [{"status": ActionStatus.SENT, "message_id": task} for task in range(1, 5)]
        won = await asyncio.gather(*(finish(database, row.id, value) for value in values))
        async with database.reading() as tx:
            [kept] = await tx.actions.list_for(row.signal_id)
        assert won.count(True) == 1
        assert kept.message_id == values[won.index(True)]["message_id"]


async def test_finishing_an_unknown_action_is_false(database: Database) -> None:
    assert not await finish(database, 99, SENT)


async def test_pending_actions_are_listed_oldest_first(database: Database) -> None:
    rows = [row for number in range(4) if (row := await begin(database, number))]
    await finish(database, rows[1].id, SENT)

    async with database.reading() as tx:
        assert await tx.actions.list_pending() == [rows[0], rows[2], rows[3]]
        assert await tx.actions.list_pending(limit=2) == [rows[0], rows[2]]


async def test_a_signals_actions_are_listed_in_the_order_they_were_begun(database: Database) -> None:
    for part in (0, 1, 2):
        await begin(database, part=part)
    await begin(database, 1)

    async with database.reading() as tx:
        assert [row.part for row in await tx.actions.list_for(f"discord:{MESSAGE}")] == [0, 1, 2]


async def test_sent_as_finds_the_actions_behind_messages(database: Database) -> None:
    row = await begin(database)
    assert row is not None
    await begin(database, 1)
    await finish(database, row.id, SENT)

    async with database.reading() as tx:
        assert [found.id for found in await tx.actions.sent_as([2**60 + 7, 5])] == [row.id]
        assert await tx.actions.sent_as([]) == []
        assert await tx.actions.sent_as([MESSAGE]) == []


async def test_purge_deletes_old_finished_actions_and_never_pending_ones(database: Database) -> None:
    rows = [row for at in (-2, -1, 0) if (row := await begin(database, at + 10, created_at=later(at)))]
    await finish(database, rows[1].id, SENT)
    await finish(database, rows[2].id, SENT)

    async with database.transaction() as tx:
        assert await tx.actions.purge(later(0)) == 1
        assert await tx.actions.list_for(rows[1].signal_id) == []
        assert len(await tx.actions.list_for(rows[0].signal_id)) == 1
        assert len(await tx.actions.list_for(rows[2].signal_id)) == 1
