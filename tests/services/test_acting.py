"""Carrying out: in the background, in order for each place, and counted once."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from bot.db.database import Database
from bot.domain.signal import Stage
from bot.services import acting as module
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import URGENT, Road, crash
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    OTHER_CHANNEL,
    OTHER_MEMBER,
    STAFF_CHANNEL,
    eventually,
    key,
    message_id,
    running,
)

THERE: dict[str, Any] = {"place_id": OTHER_CHANNEL, "author_id": OTHER_MEMBER}
LIMITS = {"channel_throttle_seconds": 20, "user_cooldown_seconds": 60}


@pytest.fixture
def slow(discord: FakeDiscord) -> asyncio.Event:
    """CHANNEL takes no post until this is set."""
    discord.held[CHANNEL] = asyncio.Event()
    return discord.held[CHANNEL]


def references(discord: FakeDiscord) -> list[int | None]:
    return [post.reference_id for post in discord.posts]


async def count(road: Road, outcome: str) -> int:
    [line] = [
        line
        for line in road.metrics.render().decode().splitlines()
        if line.startswith(f'orchestrator_replies_total{{outcome="{outcome}"}}')
    ] or ["0"]
    return int(float(line.split()[-1]))


class TestSlowPlaces:
    async def test_a_slow_channel_holds_up_no_other(
        self, road: Road, discord: FakeDiscord, slow: asyncio.Event
    ) -> None:
        await road.orchestrator.plan([await road.hear(0), await road.hear(1, **THERE)])
        await road.orchestrator.plan([await road.hear(2, **THERE)])

        async def answered() -> bool:
            return references(discord) == [message_id(1), message_id(2)]

        await eventually(answered)
        assert road.orchestrator.busy
        slow.set()
        await road.at_rest()
        assert (await road.row(0)).status == "responded"

    async def test_a_place_is_answered_in_order(
        self, road: Road, discord: FakeDiscord, slow: asyncio.Event
    ) -> None:
        for number in range(5):
            await road.orchestrator.plan([await road.hear(number, author_id=number + 5)])
        slow.set()
        await road.at_rest()
        assert references(discord) == [message_id(number) for number in range(5)]

    async def test_who_waits_for_their_turn_takes_nobody_elses_place(
        self, database: Database, clock: FakeClock, discord: FakeDiscord, slow: asyncio.Event,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(module, "PARALLEL", 2)
        road = Road(database, clock, discord)
        await road.orchestrator.plan([await road.hear(number, author_id=number + 5) for number in range(4)])
        await road.orchestrator.plan([await road.hear(9, **THERE)])

        async def answered() -> bool:
            return references(discord) == [message_id(9)]

        await eventually(answered)
        slow.set()
        await road.at_rest()

    async def test_planning_waits_when_too_much_is_begun(
        self, road: Road, discord: FakeDiscord, slow: asyncio.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST", 2)

        async def begun() -> bool:
            return (await road.row(1)).stage == "act"

        async def done() -> bool:
            return (await road.row(2)).stage == "done"

        async with running(road.orchestrator.run):
            road.bus.publish(Stage.PLAN, [await road.hear(number, author_id=number + 5) for number in (0, 1)])
            await eventually(begun)
            road.bus.publish(Stage.PLAN, [await road.hear(2, **THERE)])
            await asyncio.sleep(0.05)
            assert (await road.row(2)).stage == "plan"
            slow.set()
            await eventually(done)

    async def test_a_lease_that_ends_makes_it_nobody_elses(
        self, road: Road, discord: FakeDiscord, clock: FakeClock, slow: asyncio.Event
    ) -> None:
        await road.orchestrator.plan([await road.hear(0)])
        clock.advance(90)
        await road.orchestrator._sweep(Stage.ACT)
        slow.set()
        await road.at_rest()
        assert discord.calls == ["send reply"]
        assert (await road.row(0)).status == "responded"


class TestStopping:
    async def test_what_is_being_sent_is_left_to_the_next_start(
        self, road: Road, discord: FakeDiscord, clock: FakeClock, slow: asyncio.Event
    ) -> None:
        async def begun() -> bool:
            return discord.calls == ["send reply"]

        async with running(road.orchestrator.run):
            road.bus.publish(Stage.PLAN, [await road.hear(0)])
            await eventually(begun)
        assert not road.orchestrator.busy
        assert (await road.row(0)).stage == "act"
        slow.set()
        clock.advance(61)
        second = road.anew()

        async def done() -> bool:
            return (await road.row(0)).status == "responded"

        async with running(second.orchestrator.run):
            await eventually(done)
        assert references(discord) == [message_id(0)]


class TestFailing:
    @pytest.mark.parametrize("passing", [True, False], ids=["database away", "a bug"])
    async def test_one_that_fails_leaves_the_others_alone_and_is_taken_up_again(
        self, road: Road, discord: FakeDiscord, clock: FakeClock, logged: Logged,
        monkeypatch: pytest.MonkeyPatch, passing: bool,
    ) -> None:  # fmt: skip
        finish = module.Acting._finish

        async def fail_on_one(self: Any, signal: Any, *rest: Any) -> None:
            if signal.id == key(0):
                raise OperationalError("", {}, Exception("database is locked")) if passing else RuntimeError
            await finish(self, signal, *rest)

        monkeypatch.setattr(module.Acting, "_finish", fail_on_one)
        await road.plan([await road.hear(0), await road.hear(1, **THERE)])
        assert (await road.row(1)).status == "responded"
        assert (await road.row(0)).stage == "act"
        assert len(logged.of("WARNING" if passing else "ERROR", key(0))) == 1
        monkeypatch.setattr(module.Acting, "_finish", finish)
        clock.advance(61)
        await road.orchestrator._sweep(Stage.ACT)
        await road.at_rest()
        assert (await road.row(0)).status == "responded"
        assert len(discord.posts) == 2

    async def test_a_busy_database_is_waited_for_and_stops_nothing(
        self, road: Road, discord: FakeDiscord, slow: asyncio.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin, tries = road.orchestrator._situations.of, list[int]()

        async def fail_once(*values: Any) -> Any:
            tries.append(1)
            if len(tries) == 2:
                raise OperationalError("", {}, Exception("deadlock detected: database is locked"))
            return await begin(*values)

        monkeypatch.setattr(road.orchestrator._situations, "of", fail_once)

        async def done() -> bool:
            return (await road.row(1)).status == "responded"

        async def begun() -> bool:
            return (await road.row(0)).stage == "act"

        async with running(road.orchestrator.run):
            road.bus.publish(Stage.PLAN, [await road.hear(0)])
            await eventually(begun)
            road.bus.publish(Stage.PLAN, [await road.hear(1, **THERE)])
            await eventually(done)
            slow.set()
            await road.at_rest()
        assert discord.calls == ["send reply", "send reply"]


class TestSweeping:
    @pytest.mark.parametrize("stage", [Stage.PLAN, Stage.ACT])
    async def test_what_is_left_lying_is_found_while_signals_keep_coming(
        self, road: Road, discord: FakeDiscord, clock: FakeClock, stage: Stage
    ) -> None:
        async with running(road.orchestrator.run):
            await road.at_rest()
            await road.hear(0, stage=stage)
            for number in range(1, 50):
                road.bus.publish(Stage.PLAN, [await road.hear(number, author_id=number + 5)])
                clock.advance(0.5)
                await asyncio.sleep(0.01)  # far below the second after which the bus gives up waiting
                if (await road.row(0)).stage == "done":
                    return
        pytest.fail("it was left lying")

    async def test_the_first_sweep_takes_up_everything(self, road: Road) -> None:
        for number in range(70):
            await road.hear(number, author_id=number + 5)

        async def done() -> bool:
            return all([(await road.row(number)).stage == "done" for number in range(70)])

        async with running(road.orchestrator.run):
            await eventually(done, 30)


class TestCounting:
    async def test_a_signal_met_twice_is_counted_and_told_once(
        self, database: Database, clock: FakeClock, discord: FakeDiscord, logged: Logged
    ) -> None:
        road = Road(database, clock, discord, orchestrator=LIMITS)
        signal = await road.hear(0)
        await road.plan([signal])
        await road.plan([signal])
        assert await count(road, "responded") == 1
        assert await count(road, "skipped") == 0
        assert logged.of("INFO", "Not answered") == []

    async def test_only_what_was_posted_has_a_duration(self, road: Road, discord: FakeDiscord) -> None:
        discord.gone.add(message_id(0))
        await road.answer(0)
        assert await count(road, "skipped") == 1
        assert road.metrics.quantile("observe_to_reply", 0.5) is None
        await road.answer(1)
        assert road.metrics.quantile("observe_to_reply", 0.5) == 0


class TestTurns:
    @pytest.fixture
    def road(self, database: Database, clock: FakeClock, discord: FakeDiscord) -> Road:
        return Road(database, clock, discord, orchestrator=LIMITS)

    async def test_a_question_deleted_and_asked_again_is_answered(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        discord.gone.add(message_id(0))
        await road.answer(0)
        assert (await road.answer(1)).status == "responded"

    async def test_also_in_direct_messages(self, road: Road, discord: FakeDiscord) -> None:
        discord.gone.add(message_id(0))
        await road.answer(0, guild_id=None)
        assert (await road.answer(1, guild_id=None)).status == "responded"

    async def test_also_after_a_restart(
        self, road: Road, database: Database, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        discord.before_send = crash
        await road.answer(0)
        discord.before_send = lambda _action: None
        discord.gone.add(message_id(0))
        async with database.transaction() as tx:
            await tx.queue.release_all()
        second = Road(database, clock, discord, orchestrator=LIMITS)
        await second.orchestrator._sweep(Stage.ACT)
        await second.at_rest()
        assert (await second.answer(1)).status == "responded"

    async def test_a_turn_somebody_else_has_by_now_stays_theirs(
        self, road: Road, discord: FakeDiscord, clock: FakeClock, slow: asyncio.Event
    ) -> None:
        discord.gone.add(message_id(0))
        await road.orchestrator.plan([await road.hear(0)])
        clock.advance(21)
        await road.orchestrator.plan([await road.hear(1, author_id=OTHER_MEMBER)])
        slow.set()
        await road.at_rest()
        assert (await road.answer(2, author_id=7)).status == "skipped"
        assert (await road.answer(3, place_id=OTHER_CHANNEL, author_id=MEMBER)).status == "responded"

    async def test_a_place_that_forbids_answers_is_not_tried_for_every_question(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        discord.forbidden = {CHANNEL: "Send Messages"}
        await road.answer(0)
        await road.answer(1, author_id=OTHER_MEMBER)
        assert discord.calls == ["send reply", "send tell_owner"]

    async def test_what_the_alert_lost_is_given_back_too(self, road: Road, discord: FakeDiscord) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        discord.gone |= {STAFF_CHANNEL, message_id(0)}
        await road.answer(0, **URGENT)
        assert (await road.answer(1)).status == "responded"
