import asyncio
from itertools import chain

from bot.db.database import Database
from bot.domain.signal import Stage, Status
from tests.db.support import MESSAGE, later, signal_row, store, stored, tombstone

ID = f"discord:{MESSAGE}"
ROUNDS = 12


async def claim(database: Database, *ids: str, now: float = 0, until: float = 60) -> list[str]:
    async with database.transaction() as tx:
        return [row.id for row in await tx.queue.claim(ids, Stage.PLAN, later(now), later(until))]


async def test_a_claim_returns_the_rows_in_that_stage_and_counts_the_attempt(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.PLAN), signal_row(1, stage=Stage.ACT), signal_row(2))

    async with database.transaction() as tx:
        ids = [f"discord:{MESSAGE + number}" for number in range(4)]
        rows = await tx.queue.claim(ids, Stage.PLAN, later(0), later(60))
    assert [(row.id, row.attempts, row.lease_until, row.content) for row in rows] == [
        (ID, 1, later(60), "text 0")
    ]


async def test_a_claim_sees_the_new_values_of_a_row_read_before(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.PLAN))
    async with database.transaction() as tx:
        before = await tx.signals.get(ID)
        rows = await tx.queue.claim([ID], Stage.PLAN, later(0), later(60))

    assert before is rows[0]
    assert rows[0].attempts == 1


async def test_a_leased_signal_is_not_claimed_again_before_its_lease_ends(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.PLAN))

    assert await claim(database, ID, now=0, until=60) == [ID]
    assert await claim(database, ID, now=59) == []
    assert await claim(database, ID, now=60, until=120) == [ID]
    assert (await stored(database)).attempts == 2


async def test_claiming_nothing_returns_nothing(database: Database) -> None:
    assert await claim(database) == []


async def test_concurrent_claims_never_share_a_signal(database: Database) -> None:
    numbers = range(10)
    ids = [f"discord:{MESSAGE + number}" for number in numbers]
    await store(database, *(signal_row(number, stage=Stage.PLAN) for number in numbers))

    for turn in range(ROUNDS):
        orders = [ids, ids[::-1], ids[5:] + ids[:5], ids[3:8]]
        now = turn * 60
        won = await asyncio.gather(*(claim(database, *order, now=now, until=now + 60) for order in orders))
        assert sorted(chain.from_iterable(won)) == ids


async def test_advancing_sets_the_values_and_ends_the_lease(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.PLAN), signal_row(1, stage=Stage.PLAN))
    await claim(database, ID)
    async with database.transaction() as tx:
        moved = await tx.queue.advance(
            [ID], Stage.PLAN, {"stage": Stage.ACT, "plan": "reply", "reason": "asked"}
        )

    record = await stored(database, 0)
    assert moved == [ID]
    assert (record.stage, record.plan, record.reason, record.lease_until) == (
        Stage.ACT,
        "reply",
        "asked",
        None,
    )
    assert (await stored(database, 1)).stage == Stage.PLAN


async def test_a_second_advance_from_the_same_stage_changes_nothing(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.PLAN))
    async with database.transaction() as tx:
        first = await tx.queue.advance([ID], Stage.PLAN, {"stage": Stage.ACT, "reason": "first"})
        second = await tx.queue.advance([ID], Stage.PLAN, {"stage": Stage.DONE, "reason": "second"})
        nothing = await tx.queue.advance([], Stage.PLAN, {"stage": Stage.DONE})

    assert (first, second, nothing) == ([ID], [], [])
    assert (await stored(database)).reason == "first"


async def test_of_concurrent_advances_exactly_one_wins(database: Database) -> None:
    stages = [Stage.OBSERVE, Stage.PLAN, Stage.ACT]
    await store(database, signal_row(0, stage=Stage.OBSERVE))

    async def advance(old: Stage, new: Stage, name: str) -> str | None:
        async with database.transaction() as tx:
            return name if await tx.queue.advance([ID], old, {"stage": new, "reason": name}) else None

    for turn in range(ROUNDS):
        old, new = stages[turn % 3], stages[(turn + 1) % 3]
        names = await asyncio.gather(*(advance(old, new, f"task {number}") for number in range(4)))
        assert [name for name in names if name] == [(await stored(database)).reason]


async def test_a_signal_deleted_while_it_is_claimed_does_not_go_on(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.PLAN))
    await claim(database, ID)
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0)], later(1))
        assert await tx.queue.advance([ID], Stage.PLAN, {"stage": Stage.ACT}) == []

    record = await stored(database)
    assert (record.stage, record.status) == (Stage.DONE, Status.SKIPPED)


async def test_waiting_are_the_unheld_ones_of_the_stage_oldest_first(database: Database) -> None:
    rows = [signal_row(number, stage=Stage.PLAN) for number in (3, 0, 2, 1)]
    await store(database, *rows, signal_row(4, stage=Stage.ACT), signal_row(5))
    await claim(database, f"discord:{MESSAGE + 1}", until=60)

    async with database.reading() as tx:
        waiting = await tx.queue.list_waiting(Stage.PLAN, later(0), 10)
        assert waiting == [f"discord:{MESSAGE + number}" for number in (0, 2, 3)]
        assert await tx.queue.list_waiting(Stage.PLAN, later(0), 2) == waiting[:2]
        assert len(await tx.queue.list_waiting(Stage.PLAN, later(60), 10)) == 4
        assert await tx.queue.count_unfinished() == 5


async def test_release_all_ends_every_lease(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.PLAN))
    await claim(database, ID, until=3_600)
    async with database.transaction() as tx:
        await tx.queue.release_all()

    assert await claim(database, ID) == [ID]
