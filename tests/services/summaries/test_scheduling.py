"""The daily run: tried again after pauses, told once, each server for itself, never begun twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.models import Gap, RunStatus, SummaryRun, SummarySettings
from bot.services.guilds import GuildService
from bot.services.summaries.scheduling import PATIENCE, PAUSES, TRIES, SummaryScheduler
from bot.services.summaries.settings import SummarySettingsService
from bot.services.tools import NotPermittedError, TargetGoneError, UnreachableError
from bot.settings import OrchestratorSettings
from tests.conftest import Logged
from tests.fakes import FakeClock

ONE, TWO = 71, 72  # servers
NOON = date(2026, 3, 2)
DAY = timedelta(days=1).total_seconds()
MINUTE = 60.0


class Posts:
    """The daily post, which does as it is told for each server."""

    def __init__(self) -> None:
        self.posted: list[tuple[int, date]] = []
        self.told: list[tuple[int, str]] = []
        self.faults: dict[int, Exception] = {}
        self.held: dict[int, asyncio.Event] = {}
        self.quiet: set[int] = set()
        self.deaf = False  # nobody can be told
        self.refreshed = 0
        self.called = asyncio.Event()  # whenever it is
        self.mending: asyncio.Event | None = None  # until when posts are mended

    async def post(self, settings: SummarySettings, run: SummaryRun) -> bool:
        self.posted.append((settings.guild_id, run.local_date))
        self.called.set()
        if settings.guild_id in self.held:
            await self.held[settings.guild_id].wait()
        if settings.guild_id in self.faults:
            raise self.faults[settings.guild_id]
        return settings.guild_id not in self.quiet

    async def tell_admins(self, settings: SummarySettings, line: str) -> None:
        if self.deaf:
            raise UnreachableError("not connected yet")
        self.told.append((settings.guild_id, line))

    async def refresh(self) -> None:
        self.refreshed += 1
        self.called.set()
        if self.mending is not None:
            await self.mending.wait()


class Watch:
    """A scheduler of two servers that want their summary at noon, and its clock."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock, self.posts = database, FakeClock(), Posts()
        self.guilds = GuildService(database, self.clock, OrchestratorSettings())
        self.settings = SummarySettingsService(database, self.clock, self.guilds)
        self.scheduler = self.started()

    def started(self) -> SummaryScheduler:
        return SummaryScheduler(self.database, self.clock, self.settings, self.posts, tick_seconds=60)

    async def set_up(self) -> None:
        for guild_id in (ONE, TWO):
            await self.settings.change(guild_id, is_on=True, channel_id=5, at="12:00")
        self.clock.advance(DAY)

    async def look(self) -> None:
        """Look, and wait for all that is not held up."""
        await self.scheduler.look()
        await self.settle()

    async def settle(self) -> None:
        held = len([each for each in self.posts.held.values() if not each.is_set()])
        async with asyncio.timeout(10):
            while len(self.scheduler._tasks) > held:
                await self.scheduler._tasks.wait_for_one()

    async def runs(self, guild_id: int) -> list[tuple[str, int, bool]]:
        async with self.database.reading() as tx:
            run = await tx.summary_runs.last(guild_id)
        return [] if run is None else [(run.status, run.attempts, run.is_told)]

    def tries(self, guild_id: int) -> int:
        return [each for each, _ in self.posts.posted].count(guild_id)


@pytest.fixture
async def watch(database: Database) -> AsyncIterator[Watch]:
    made = Watch(database)
    await made.set_up()
    yield made
    await made.scheduler.close()


async def test_what_is_due_is_posted_once_however_often_it_looks(watch: Watch) -> None:
    watch.posts.quiet.add(TWO)
    for _ in range(3):
        await watch.look()
    assert sorted(watch.posts.posted) == [(ONE, NOON), (TWO, NOON)]
    assert await watch.runs(ONE) == [(RunStatus.POSTED, 0, False)]
    assert await watch.runs(TWO) == [(RunStatus.QUIET, 0, False)]
    watch.clock.advance(DAY)
    await watch.look()
    assert watch.tries(ONE) == 2
    assert watch.posts.told == []


async def test_it_keeps_to_the_servers_clock_and_days(watch: Watch) -> None:
    await watch.guilds.set_timezone(ONE, "Asia/Tokyo")
    monday = watch.clock.now()
    monday += timedelta(days=(7 - monday.weekday()) % 7 or 7)
    await watch.settings.change(ONE, at="9 pm", weekdays=[0])
    found = await watch.settings.next_run(ONE)
    assert found == monday.replace(hour=12, minute=0, second=0, microsecond=0)
    assert await watch.settings.next_run(TWO) != found
    await watch.settings.change(ONE, is_on=False)
    assert await watch.settings.next_run(ONE) is None


async def test_a_failure_is_tried_again_after_its_pauses_and_told_once(watch: Watch) -> None:
    watch.posts.faults[ONE] = UnreachableError("Discord is down")
    for tried, pause in enumerate(PAUSES, 1):
        await watch.look()
        await watch.look()
        assert watch.tries(ONE) == tried
        assert await watch.runs(ONE) == [(RunStatus.PENDING, tried, False)]
        watch.clock.advance(pause.total_seconds() - 1)
        await watch.look()
        assert watch.tries(ONE) == tried
        watch.clock.advance(1)
    assert watch.posts.told == []
    for _ in range(3):
        await watch.look()
    assert watch.tries(ONE) == TRIES
    assert watch.posts.told == [(ONE, "There is no summary for 02 March 2026: Discord is down.")]
    assert await watch.runs(ONE) == [(RunStatus.FAILED, TRIES - 1, True)]
    assert await watch.runs(TWO) == [(RunStatus.POSTED, 0, False)]
    assert watch.tries(TWO) == 1


async def test_a_try_that_works_ends_the_trouble(watch: Watch) -> None:
    watch.posts.faults[ONE] = RuntimeError("a bug")
    await watch.look()
    del watch.posts.faults[ONE]
    watch.clock.advance(PAUSES[0].total_seconds())
    await watch.look()
    assert await watch.runs(ONE) == [(RunStatus.POSTED, 1, False)]
    await watch.look()
    assert watch.posts.told == []


async def test_what_no_try_can_mend_is_told_at_once_and_again_only_where_nobody_heard(watch: Watch) -> None:
    watch.posts.faults[ONE] = NotPermittedError("Lookout lacks Send Messages")
    watch.posts.deaf = True
    await watch.look()
    await watch.look()
    assert await watch.runs(ONE) == [(RunStatus.FAILED, 0, False)]
    watch.posts.deaf = False
    await watch.look()
    await watch.look()
    assert watch.tries(ONE) == 1
    assert [guild_id for guild_id, _ in watch.posts.told] == [ONE]


async def test_a_run_under_way_is_not_begun_again_and_holds_no_other_server_up(watch: Watch) -> None:
    watch.posts.held[ONE] = asyncio.Event()
    await watch.look()
    watch.clock.advance(MINUTE)
    await watch.look()
    assert watch.tries(ONE) == 1
    assert await watch.runs(ONE) == [(RunStatus.PENDING, 0, False)]
    assert await watch.runs(TWO) == [(RunStatus.POSTED, 0, False)]
    watch.posts.held[ONE].set()
    await watch.settle()
    await watch.look()
    assert watch.tries(ONE) == 1
    assert await watch.runs(ONE) == [(RunStatus.POSTED, 0, False)]


async def test_posts_that_take_long_to_mend_hold_no_other_up(watch: Watch) -> None:
    watch.posts.mending = asyncio.Event()
    scheduler = SummaryScheduler(watch.database, watch.clock, watch.settings, watch.posts, tick_seconds=0.01)
    running = asyncio.create_task(scheduler.run())

    async def until(is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():
                watch.posts.called.clear()
                await watch.posts.called.wait()

    try:
        await until(lambda: watch.posts.refreshed == 1 and watch.tries(ONE) == 1)
        watch.clock.advance(DAY)
        await until(lambda: watch.tries(ONE) == 2)
        assert watch.posts.refreshed == 1, "they are mended one after another"
        watch.posts.mending.set()
        await until(lambda: watch.posts.refreshed > 1)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await scheduler.close()


async def test_a_run_that_a_stop_cut_short_is_taken_up_by_the_next_start(watch: Watch) -> None:
    watch.posts.held[ONE] = asyncio.Event()
    await watch.look()
    await watch.scheduler.close()
    watch.posts.held.clear()
    watch.scheduler = watch.started()
    await watch.look()
    assert watch.posts.posted.count((ONE, NOON)) == 2
    assert await watch.runs(ONE) == [(RunStatus.POSTED, 0, False)]


async def test_a_server_that_cannot_be_planned_is_no_trouble_of_another(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = watch.settings.schedule

    def broken(guild_id: int) -> Any:
        if guild_id == ONE:
            raise ValueError("no such zone")
        return schedule(guild_id)

    monkeypatch.setattr(watch.settings, "schedule", broken)
    await watch.look()
    assert watch.posts.posted == [(TWO, NOON)]


async def test_a_server_that_is_deleted_meanwhile_is_no_error(watch: Watch, logged: Logged) -> None:
    async with watch.database.transaction() as tx:
        await tx.guilds.change(ONE, {"left_at": watch.clock.now() - timedelta(days=40)})
        assert await tx.guilds.delete_left(ONE, watch.clock.now())
    await watch.look()
    assert watch.posts.posted == [(TWO, NOON)]
    assert not logged.of("ERROR")


async def test_what_is_switched_off_meanwhile_ends_in_silence(watch: Watch) -> None:
    watch.posts.faults[ONE] = UnreachableError("Discord is down")
    await watch.look()
    await watch.settings.change(ONE, is_on=False)
    watch.clock.advance(PAUSES[0].total_seconds())
    await watch.look()
    await watch.look()
    assert watch.tries(ONE) == 1
    assert await watch.runs(ONE) == [(RunStatus.FAILED, 1, True)]
    assert watch.posts.told == []


async def test_what_was_missed_is_read_first_but_not_waited_for_forever(watch: Watch) -> None:
    gaps = []
    for guild_id in (ONE, TWO):
        async with watch.database.transaction() as tx:
            gaps.append(
                await tx.gaps.open(
                    Gap(
                        guild_id=guild_id,
                        channel_id=guild_id,
                        from_id=1,
                        to_id=9,
                        reason="missed",
                        created_at=watch.clock.now(),
                    )
                )
            )
    await watch.look()
    assert watch.posts.posted == []
    async with watch.database.transaction() as tx:
        assert await tx.gaps.close(gaps[0], watch.clock.now(), "read 9 messages")
    await watch.look()
    assert watch.posts.posted == [(ONE, NOON)]
    watch.clock.advance(PATIENCE.total_seconds())
    await watch.look()
    assert watch.posts.posted == [(ONE, NOON), (TWO, NOON)]


async def test_a_server_that_is_not_heard_is_waited_for_but_not_forever(watch: Watch) -> None:
    deaf = {ONE, TWO}
    watch.scheduler.hears = lambda guild_id: guild_id not in deaf
    await watch.look()
    assert watch.posts.posted == []
    deaf.remove(ONE)
    await watch.look()
    assert watch.posts.posted == [(ONE, NOON)]
    watch.clock.advance(PATIENCE.total_seconds())
    await watch.look()
    assert watch.posts.posted == [(ONE, NOON), (TWO, NOON)]


async def test_a_channel_that_was_deleted_switches_the_post_off_and_is_told_once(watch: Watch) -> None:
    watch.posts.faults[ONE] = TargetGoneError("the channel for summaries is gone")
    for _ in range(3):
        await watch.look()
        watch.clock.advance(DAY)
    assert watch.tries(ONE) == 1
    assert watch.tries(TWO) == 3
    [(guild_id, line)] = watch.posts.told
    assert guild_id == ONE
    assert "the channel for summaries is gone" in line
    assert "/setsummary channel" in line
    assert not watch.settings.of(ONE).is_on


async def test_who_is_gone_of_its_readers_switches_nothing_off(watch: Watch) -> None:
    await watch.settings.change(ONE, channel_id=None, admin_ids=["9"])
    watch.clock.advance(DAY)
    watch.posts.faults[ONE] = TargetGoneError("nobody it goes to is a member any more")
    await watch.look()
    assert watch.settings.of(ONE).is_on
