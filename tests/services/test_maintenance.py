"""Maintenance: what is asked is kept or refused, told once, and answered in order when it is over."""

import asyncio
from datetime import timedelta

import pytest

from bot.db.database import Database
from bot.domain.maintenance import HELD, Mode
from bot.domain.signal import Stage
from bot.services.maintenance import TOLD, MaintenanceService
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import Road
from tests.services.support import CHANNEL, GUILD, MEMBER, STAFF_CHANNEL, eventually, running
from tests.services.writing_bench import writer_over
from tests.unit.llm.chain_support import Bench, Step

OTHER = MEMBER + 1


@pytest.fixture
async def maintenance(database: Database, clock: FakeClock) -> MaintenanceService:
    return MaintenanceService(database, clock)


@pytest.fixture
def worked_on(
    database: Database, clock: FakeClock, discord: FakeDiscord, maintenance: MaintenanceService
) -> Road:
    return Road(database, clock, discord, maintenance=maintenance)


@pytest.fixture
def discord() -> FakeDiscord:
    return FakeDiscord()


async def waiting(road: Road) -> list[str]:
    async with road.database.reading() as tx:
        return list(await tx.queue.list_waiting(Stage.PLAN, road.clock.now(), 100))


async def until_done(road: Road, *numbers: int) -> None:
    """Let the orchestrator work until these are done."""

    async def done() -> bool:
        road.clock.advance(1)
        return all([(await road.row(number)).stage == Stage.DONE for number in numbers])

    async with running(road.orchestrator.run):
        await eventually(done)


async def test_soft_keeps_what_would_be_answered_and_tells_once_in_a_place(
    worked_on: Road, maintenance: MaintenanceService, discord: FakeDiscord
) -> None:
    await maintenance.set(Mode.SOFT, "Until noon.")
    for number in range(2):
        row = await worked_on.answer(number)
        assert (row.stage, row.reason) == ("plan", HELD)
    await worked_on.answer(2, intent="other")
    assert (await worked_on.row(2)).reason == "nothing asked"
    await worked_on.answer(3, author_id=OTHER, place_id=CHANNEL)
    [first, second] = discord.texts("maintenance")
    assert (
        first
        == second
        == "Ada: I'm being worked on. I have noted what you ask, and answer when that is over. Until noon."
    )
    assert discord.texts("reply") == []
    assert await waiting(worked_on) == []


async def test_after_it_all_are_answered_in_order_however_old_and_once(
    worked_on: Road, maintenance: MaintenanceService, discord: FakeDiscord, clock: FakeClock
) -> None:
    await maintenance.set(Mode.SOFT)
    for number in range(3):
        await worked_on.answer(number, author_id=MEMBER + number)
    clock.advance(timedelta(hours=5).total_seconds())
    await maintenance.set(Mode.OFF)
    await until_done(worked_on, 0, 1, 2)
    replies = [post.reference_id or 0 for post in discord.posts if post.kind == "reply"]
    assert replies == sorted(replies)
    assert len(replies) == 3
    rows = [await worked_on.row(number) for number in range(3)]
    assert {row.status for row in rows} == {"responded"}
    assert {row.reason for row in rows} == {"help request (after maintenance)"}
    too_old = await worked_on.answer(9, created_at=clock.now() - timedelta(hours=5))
    assert too_old.reason == "too old to answer"


async def test_a_restart_in_the_middle_keeps_all_of_it(
    worked_on: Road, database: Database, clock: FakeClock, discord: FakeDiscord,
    maintenance: MaintenanceService,
) -> None:  # fmt: skip
    await maintenance.set(Mode.SOFT, "Soon.")
    await worked_on.answer(0)
    async with database.transaction() as tx:
        await tx.queue.release_all()  # as a start does
    again = MaintenanceService(database, clock)
    await again.load()
    assert (again.now.mode, again.now.text) == (Mode.SOFT, "Soon.")
    road = Road(database, clock, discord, maintenance=again)
    async with running(road.orchestrator.run):

        async def held() -> bool:
            return await waiting(road) == []

        await eventually(held)
    assert (await road.row(0)).stage == "plan"
    assert len(discord.texts("maintenance")) == 1
    await again.set(Mode.OFF)
    await until_done(road, 0)
    assert len(discord.texts("reply")) == 1


async def test_throttles_hold_afterwards_and_nothing_is_lost_to_them(
    database: Database, clock: FakeClock, discord: FakeDiscord, maintenance: MaintenanceService
) -> None:
    slow = {"channel_throttle_seconds": 20, "user_cooldown_seconds": 60}
    road = Road(database, clock, discord, maintenance=maintenance, orchestrator=slow)
    await maintenance.set(Mode.SOFT)
    for number in range(4):
        await road.answer(number, author_id=MEMBER + number)
    assert len(discord.texts("maintenance")) == 1, "no flood of notices"
    clock.advance(3_600)
    await maintenance.set(Mode.OFF)
    began = clock.now()
    await until_done(road, 0, 1, 2, 3)
    replies = [post.reference_id or 0 for post in discord.posts if post.kind == "reply"]
    assert replies == sorted(replies)
    assert len(replies) == 4
    assert clock.now() - began >= timedelta(seconds=60)


async def test_hard_refuses_and_says_so(
    worked_on: Road, maintenance: MaintenanceService, discord: FakeDiscord
) -> None:
    await maintenance.set(Mode.HARD)
    row = await worked_on.answer(0)
    assert (row.stage, row.status, row.reason) == ("done", "skipped", "maintenance mode")
    assert "Please ask again later." in discord.texts("maintenance")[0]
    await maintenance.set(Mode.OFF)
    assert (await worked_on.row(0)).stage == "done"


async def test_what_was_kept_stays_kept_when_it_turns_hard(
    worked_on: Road, maintenance: MaintenanceService, discord: FakeDiscord, database: Database
) -> None:
    await maintenance.set(Mode.SOFT)
    signal = await worked_on.hear(0)
    await worked_on.plan([signal])
    await maintenance.set(Mode.HARD)
    async with database.transaction() as tx:
        await tx.queue.release_all()
    async with running(worked_on.orchestrator.run):

        async def held() -> bool:
            return await waiting(worked_on) == []

        await eventually(held)
    assert (await worked_on.row(0)).reason == HELD
    await maintenance.set(Mode.OFF)
    await until_done(worked_on, 0)
    assert len(discord.texts("reply")) == 1


async def test_what_was_deleted_meanwhile_is_not_answered(
    worked_on: Road, maintenance: MaintenanceService, discord: FakeDiscord
) -> None:
    await maintenance.set(Mode.SOFT)
    await worked_on.answer(0)
    await worked_on.forget(0)
    await maintenance.set(Mode.OFF)
    await until_done(worked_on, 0)
    assert discord.texts("reply") == []


async def test_staff_are_called_when_it_is_over(
    worked_on: Road, maintenance: MaintenanceService, discord: FakeDiscord
) -> None:
    await worked_on.guilds.see(GUILD, "Guild", [])
    await worked_on.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
    await maintenance.set(Mode.SOFT)
    await worked_on.answer(0, urgency="high")
    assert discord.texts("escalate") == []
    await maintenance.set(Mode.OFF)
    await until_done(worked_on, 0)
    assert len(discord.texts("escalate")) == 1


async def test_cut_off_while_telling_it_is_told_once(
    worked_on: Road, database: Database, clock: FakeClock, discord: FakeDiscord,
    maintenance: MaintenanceService,
) -> None:  # fmt: skip
    await maintenance.set(Mode.SOFT)
    discord.held[CHANNEL] = asyncio.Event()
    await worked_on.orchestrator.plan([await worked_on.hear(0)])
    await worked_on.orchestrator._acting.cancel()
    discord.held.clear()
    road = Road(database, clock, discord, maintenance=maintenance)
    async with running(road.orchestrator.run):

        async def told() -> bool:
            return await road.kinds(0) == [("maintenance", "sent")]

        await eventually(told)
    assert len(discord.texts("maintenance")) == 1


async def test_what_models_write_afterwards_is_in_order_too(
    database: Database, clock: FakeClock, discord: FakeDiscord, maintenance: MaintenanceService, bench: Bench
) -> None:
    model = bench.provider("ollama", Step("First.", after=5.0), Step("Second."))
    road = Road(database, clock, discord, maintenance=maintenance, writer=writer_over(bench, model))
    await maintenance.set(Mode.SOFT)
    for number in range(2):
        await road.answer(number, author_id=MEMBER + number)
    clock.advance(timedelta(hours=5).total_seconds())
    await maintenance.set(Mode.OFF)
    async with running(road.orchestrator.run):

        async def asked() -> bool:
            clock.advance(1)
            return bool(model.running)

        await eventually(asked)
        assert discord.texts("reply") == []
        await bench.clock.advance(6)

        async def both() -> bool:
            await bench.clock.advance(1)
            return len(discord.texts("reply")) == 2

        await eventually(both)
    assert discord.texts("reply") == ["First.", "Second."]


async def test_whom_it_told_is_known_by_server_so_that_erasing_finds_it(
    worked_on: Road, maintenance: MaintenanceService
) -> None:
    await maintenance.set(Mode.SOFT)
    await worked_on.answer(0)
    async with worked_on.database.reading() as tx:
        [told] = await tx.kv.list_of(TOLD, 10)
    assert told.key == f"{GUILD}/{CHANNEL}/{MEMBER}"
