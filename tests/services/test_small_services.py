"""Retention, stories, health, the command fingerprint, draining, and one bot per database."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.errors import NotFoundError
from bot.domain.signal import Stage
from bot.services import retention as retention_module
from bot.services.actions import action_of
from bot.services.command_sync import CommandSyncService
from bot.services.drain import drain
from bot.services.retention import EVERY_SECONDS, RetentionService
from bot.services.stories import HealthService, StoryService
from bot.settings import RetentionSettings
from tests.db.summary_rows import summary, summary_part, summary_topic
from tests.db.support import gap, llm_call, signal_row
from tests.fakes import FakeClock
from tests.services.support import CHANNEL, GUILD, MEMBER, NOW, OTHER_GUILD, key, message_id, running, signal


def row(number: int, **values: Any) -> dict[str, Any]:
    return signal_row(message_id=message_id(number), guild_id=GUILD, place_id=CHANNEL, **values)


async def store(database: Database, *rows: dict[str, Any]) -> None:
    async with database.transaction() as tx:
        for each in rows:
            await tx.signals.add_batch([each])


class TestRetention:
    @pytest.fixture
    def retention(self, database: Database, clock: FakeClock) -> RetentionService:
        return RetentionService(database, clock, RetentionSettings(messages_days=30, actions_days=90))

    async def test_deletes_what_is_older_in_chunks_and_keeps_the_rest(
        self, retention: RetentionService, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention_module, "CHUNK", 2)
        old = NOW - timedelta(days=30, seconds=1)
        await store(database, *(row(number, created_at=old) for number in range(5)))
        await store(database, row(5, created_at=NOW - timedelta(days=30)))
        assert await retention.purge() == 5
        async with database.reading() as tx:
            assert await tx.signals.count() == 1
            assert await tx.signals.get(key(5)) is not None

    async def test_never_deletes_what_is_still_on_its_way(
        self, retention: RetentionService, database: Database
    ) -> None:
        old = NOW - timedelta(days=300)
        await store(
            database, *(row(number, created_at=old, stage=stage) for number, stage in enumerate(Stage))
        )
        assert await retention.purge() == 1
        async with database.reading() as tx:
            assert await tx.queue.count_unfinished() == len(Stage) - 1

    async def test_actions_are_kept_for_their_own_time_and_while_pending(
        self, retention: RetentionService, database: Database
    ) -> None:
        async with database.transaction() as tx:
            for number, (days, status) in enumerate([(91, "sent"), (89, "sent"), (91, "pending")]):
                draft = action_of(signal(number), "reply", "hi", CHANNEL, None)
                draft.created_at, draft.status = NOW - timedelta(days=days), status
                await tx.actions.begin(draft)
        assert await retention.purge() == 1
        async with database.reading() as tx:
            assert await tx.actions.list_for(key(0)) == []
            assert await tx.actions.list_for(key(1))
            assert await tx.actions.list_for(key(2))

    async def test_calls_of_language_models_are_kept_for_their_own_time(
        self, retention: RetentionService, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention_module, "CHUNK", 2)
        ages = [timedelta(days=90, seconds=1)] * 5 + [timedelta(days=90)]
        async with database.transaction() as tx:
            await tx.llm_calls.add([llm_call(created_at=NOW - age) for age in ages])
        assert await retention.purge() == 5
        async with database.reading() as tx:
            assert [call.created_at for call in await tx.llm_calls.list_latest()] == [NOW - ages[-1]]

    async def test_summaries_stay_unless_they_are_not_wanted_and_their_parts_for_a_week(
        self, retention: RetentionService, database: Database
    ) -> None:
        async with database.transaction() as tx:
            await tx.guilds.ensure(GUILD, NOW)
            for days in (364, 366):
                made_at = NOW - timedelta(days=days)
                await tx.summaries.add(summary(local_date=None, created_at=made_at), [summary_topic()], [])
            for days in (6, 8):
                await tx.summary_parts.keep(summary_part(f"{days}", created_at=NOW - timedelta(days=days)))
        assert await retention.purge() == 1
        async with database.reading() as tx:
            assert len(await tx.summaries.newest(GUILD, None, 5)) == 2
            assert await tx.summary_parts.get(GUILD, "6")
        retention = RetentionService(database, FakeClock(), RetentionSettings(summaries_days=365))
        assert await retention.purge() == 1
        async with database.reading() as tx:
            assert len(await tx.summaries.newest(GUILD, None, 5)) == 1

    async def test_members_go_with_their_last_message(
        self, retention: RetentionService, database: Database
    ) -> None:
        old = NOW - timedelta(days=31)
        members = [(MEMBER, old), (MEMBER + 1, old), (MEMBER + 2, NOW)]
        async with database.transaction() as tx:
            await tx.guilds.ensure(GUILD, NOW)
            await tx.guilds.ensure(OTHER_GUILD, NOW)
            names = {"guild_id": GUILD, "name": "Ada"}
            await tx.members.see([{**names, "user_id": id_, "first_seen_at": at} for id_, at in members])
            await tx.members.see(
                [{**names, "guild_id": OTHER_GUILD, "user_id": MEMBER + 1, "first_seen_at": old}]
            )
        await store(database, row(0, author_id=MEMBER), row(1, author_id=MEMBER + 1, created_at=old))
        told: list[None] = []
        retention.on_members_gone = lambda: told.append(None)
        assert await retention.purge() == 3
        async with database.reading() as tx:
            kept = [await tx.members.get(GUILD, id_) is not None for id_, _ in members]
            assert await tx.members.get(OTHER_GUILD, MEMBER + 1) is None
        assert (kept, len(told)) == ([True, False, True], 1)
        assert await retention.purge() == 0
        assert len(told) == 1

    async def test_closed_gaps_are_kept_for_a_month_and_open_ones_for_ever(
        self, retention: RetentionService, database: Database, clock: FakeClock
    ) -> None:
        async with database.transaction() as tx:
            await tx.guilds.ensure(GUILD, NOW)
            await tx.gaps.open(gap(1, 2, CHANNEL, GUILD))
            await tx.gaps.close_all(CHANNEL, NOW, "read")
            await tx.gaps.open(gap(3, 4, CHANNEL, GUILD))
        clock.advance(30 * 86_400)
        assert await retention.purge() == 0
        clock.advance(1)
        assert await retention.purge() == 1
        async with database.reading() as tx:
            assert await tx.gaps.count_open() == 1

    @pytest.mark.parametrize("back", [False, True], ids=["gone", "back in time"])
    async def test_a_server_that_was_left_is_kept_for_a_month(
        self, retention: RetentionService, database: Database, clock: FakeClock, back: bool
    ) -> None:
        clock.advance(-29 * 86_400)  # the messages are younger than 30 days at the end
        async with database.transaction() as tx:
            await tx.guilds.see(GUILD, "Guild", clock.now())
            await tx.channels.see([{"id": CHANNEL, "guild_id": GUILD, "parent_id": None, "name": "general"}])
            await tx.guilds.change(GUILD, {"left_at": clock.now(), "timezone": "Europe/Berlin"})
            await tx.llm_calls.add([llm_call(guild_id=GUILD), llm_call(guild_id=OTHER_GUILD)])
            for key in (f"{GUILD}", f"{GUILD}/1/2", f"{GUILD}0", f"{OTHER_GUILD}"):
                await tx.kv.put("ticket_log_warned", key, {})
        told: list[int] = []
        retention.on_guild_gone["told"] = told.append
        await store(database, row(0), row(1, stage="plan"))
        clock.advance(29 * 86_400)
        assert await retention.purge() == 0
        if back:
            async with database.transaction() as tx:
                await tx.guilds.see(GUILD, "Guild", clock.now())
        clock.advance(86_401)
        assert await retention.purge() == (0 if back else 3)
        async with database.reading() as tx:
            guild = await tx.guilds.get(GUILD)
            found = (await tx.channels.get(CHANNEL) is not None, await tx.signals.count())
            calls = len(await tx.llm_calls.list_latest())
            kept = [
                await tx.kv.get("ticket_log_warned", key) is not None
                for key in (f"{GUILD}", f"{GUILD}/1/2", f"{GUILD}0", f"{OTHER_GUILD}")
            ]
        assert (kept, told) == (([True] * 4, []) if back else ([False, False, True, True], [GUILD]))
        assert calls == (2 if back else 1)
        assert found == ((True, 2) if back else (False, 0))
        assert (guild.timezone if guild else None) == ("Europe/Berlin" if back else None)

    async def test_looks_again_every_hour(
        self, retention: RetentionService, database: Database, clock: FakeClock
    ) -> None:
        await store(database, row(0, created_at=NOW - timedelta(days=29, hours=23)))

        async def gone() -> None:
            async with asyncio.timeout(5):
                while True:
                    async with database.reading() as tx:
                        if await tx.signals.count() == 0:
                            return

        async with running(retention.run):
            await gone()
        assert set(clock.slept) == {EVERY_SECONDS}


class TestStories:
    async def test_tells_everything_known_of_a_message(self, database: Database) -> None:
        await store(database, row(0, intent="help_request", rationale="asks how", thread_id=None))
        draft = action_of(signal(0), "reply", "What did you try?", CHANNEL, message_id(0))
        draft.created_at = NOW
        async with database.transaction() as tx:
            action = await tx.actions.begin(draft)
        assert action is not None
        story = await StoryService(database).of_message(GUILD, message_id(0))
        assert (story["id"], story["deleted"]) == (key(0), False)
        assert story["message"]["link"] == f"https://discord.com/channels/{GUILD}/{CHANNEL}/{message_id(0)}"
        assert story["observer"]["rationale"] == "asks how"
        assert story["orchestrator"]["action_ids"] == [action.id]
        assert [each["content"] for each in story["actions"]] == ["What did you try?"]
        assert story["times"]["created"].startswith("2026-03-01T12:00:00")
        assert story["times"]["finished"] is None

    async def test_says_when_the_message_was_deleted(self, database: Database) -> None:
        await store(database, row(0))
        async with database.transaction() as tx:
            await tx.signals.erase_place(CHANNEL, NOW)
        story = await StoryService(database).story(key(0))
        assert story is not None
        assert story["deleted"]
        assert story["message"]["content"] == ""

    @pytest.mark.parametrize(
        ("guild_id", "number"), [(GUILD, 1), (OTHER_GUILD, 0)], ids=["unknown", "another guild's"]
    )
    async def test_nothing_is_told_of_other_messages(
        self, database: Database, guild_id: int, number: int
    ) -> None:
        await store(database, row(0))
        with pytest.raises(NotFoundError, match="nothing about that message"):
            await StoryService(database).of_message(guild_id, message_id(number))

    async def test_an_unknown_signal_has_no_story(self, database: Database) -> None:
        assert await StoryService(database).story("discord:1") is None


class TestHealth:
    async def test_counts_what_waits_and_what_is_missing(self, database: Database) -> None:
        async with database.transaction() as tx:
            await tx.guilds.ensure(GUILD, NOW)
            await tx.gaps.open(gap(1, 2, CHANNEL, GUILD))
        depth = cast("Any", SimpleNamespace(depth=7))
        health = HealthService(database, depth, lambda: True, lambda: False)
        ready = await health.readiness()
        assert (ready.gateway_connected, ready.database_writable, ready.training_loaded) == (
            True,
            True,
            False,
        )
        assert (ready.queue_depth, ready.open_gaps) == (7, 1)

    async def test_a_database_that_fails_is_not_writable(
        self, database: Database, engine: AsyncEngine
    ) -> None:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE kv")
        health = HealthService(database, cast("Any", SimpleNamespace(depth=0)), lambda: False)
        ready = await health.readiness()
        assert (ready.gateway_connected, ready.database_writable) == (False, False)

    async def test_a_busy_database_is_waited_for_without_taking_a_connection(
        self, database: Database, engine: AsyncEngine
    ) -> None:
        health = HealthService(database, cast("Any", SimpleNamespace(depth=0)), lambda: True)
        pool = cast("Any", engine.pool)
        async with database.transaction():
            asking = [asyncio.create_task(health.readiness()) for _ in range(3)]
            await asyncio.sleep(0.05)
            assert pool.checkedout() == 1
        assert [(await each).database_writable for each in asking] == [True] * 3

    async def test_many_questions_are_one_look_at_the_database(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looks: list[None] = []
        monkeypatch.setattr(database, "ping", AsyncMock(side_effect=lambda: looks.append(None)))
        health = HealthService(database, cast("Any", SimpleNamespace(depth=0)), lambda: True)
        await asyncio.gather(*(health.readiness() for _ in range(5)))
        assert len(looks) == 1
        monkeypatch.setattr("bot.services.stories.FRESH_SECONDS", 0)
        health._fresh_until = 0
        await health.readiness()
        await health.readiness()
        assert len(looks) == 3


class TestCommandSync:
    async def test_remembers_only_the_last_fingerprint_of_each_application(self, database: Database) -> None:
        service = CommandSyncService(database)
        assert not await service.is_registered(1, "a")
        await service.registered(1, "a")
        assert await service.is_registered(1, "a")
        assert not await service.is_registered(2, "a")
        await service.registered(1, "b")
        assert not await service.is_registered(1, "a")


class TestDrain:
    def stations(self) -> Any:
        return SimpleNamespace(depth=0), SimpleNamespace(busy=False), SimpleNamespace(busy=False), MemoryBus()

    async def test_ends_at_once_when_nothing_is_under_way(self) -> None:
        async with asyncio.timeout(5):
            ingest, observer, orchestrator, bus = self.stations()
            assert await drain(ingest, observer, orchestrator, bus, 60, asyncio.Event())

    @pytest.mark.parametrize("what", ["ingest", "observer", "orchestrator", "bus"])
    async def test_waits_for_each_station(self, what: str) -> None:
        ingest, observer, orchestrator, bus = self.stations()
        if what == "ingest":
            ingest.depth = 1
        elif what == "bus":
            bus.publish(Stage.PLAN, [signal()])
        else:
            {"observer": observer, "orchestrator": orchestrator}[what].busy = True
        draining = asyncio.create_task(drain(ingest, observer, orchestrator, bus, 60, asyncio.Event()))
        await asyncio.sleep(0.05)
        assert not draining.done()
        ingest.depth, observer.busy, orchestrator.busy = 0, False, False
        await bus.take(Stage.PLAN, 9, 0)
        async with asyncio.timeout(5):
            assert await draining

    async def test_gives_up_when_the_time_is_over(self) -> None:
        _, observer, orchestrator, bus = self.stations()
        busy: Any = SimpleNamespace(depth=1)
        assert not await drain(busy, observer, orchestrator, bus, 0.01, asyncio.Event())

    async def test_gives_up_when_told_to_stop_now(self) -> None:
        _, observer, orchestrator, bus = self.stations()
        busy: Any = SimpleNamespace(depth=1)
        stop_now = asyncio.Event()
        stop_now.set()
        async with asyncio.timeout(5):
            assert not await drain(busy, observer, orchestrator, bus, 60, stop_now)
