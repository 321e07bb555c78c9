"""Calls to a message: what was recognised, when, and how often doesn't matter; rules do."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.maintenance import Mode
from bot.domain.signal import Stage
from bot.domain.summons import SUMMONED, WINDOW, is_summons
from bot.services.maintenance import MaintenanceService
from bot.services.recovery import UnreachableError, UnreadableError
from bot.services.summoning import GIVE_UP, SummoningService
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import Road
from tests.services.support import CHANNEL, GUILD, MEMBER, key, message_id

CALLER = MEMBER + 7
OTHER: dict[str, Any] = {"intent": "other", "confidence": 0.7}


class Known:
    """The part of ingest that calls need: what is read is stored already."""

    clears = 0

    def __init__(self) -> None:
        self.out: set[int] = set()
        self.taken: list[Arrival] = []

    def opted_out(self, _guild_id: int | None, user_id: int) -> bool:
        return user_id in self.out

    async def put(self, arrivals: Sequence[Arrival], _clears: int) -> bool:
        self.taken += arrivals
        return True

    async def flushed(self) -> None: ...


class Source:
    """A channel's past, with what a test has go wrong."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.muted = False

    async def one(self, place_id: int, message: int) -> Arrival | None:
        if self.fault is not None:
            raise self.fault
        return Arrival(Change.EDIT, GUILD, place_id, None, message, author_id=MEMBER, muted=self.muted)


class Calls:
    """Calls on a road of their own."""

    def __init__(self, database: Database, road: Road, clock: FakeClock) -> None:
        self.road, self.known, self.source = road, Known(), Source()
        ingest: Any = self.known
        self.service = SummoningService(database, ingest, road.bus, clock)
        self.service.read_from(self.source)
        self.database = database

    async def call(self, number: int = 0, user_id: int = CALLER) -> bool:
        return await self.service.summon(GUILD, CHANNEL, message_id(number), user_id, MEMBER)

    async def through(self, number: int = 0) -> str:
        """See to the calls, have what they send along the road arrive, and return its status."""
        await self.service.look()
        for stage, step in (
            (Stage.OBSERVE, self.road.observer.observe),
            (Stage.PLAN, self.road.orchestrator.plan),
        ):
            signals = await self.road.bus.take(stage, 10, 0)
            if signals:
                await step(signals)
            await self.road.at_rest()
        return (await self.road.row(number)).status

    async def states(self, number: int = 0) -> list[str]:
        async with self.database.reading() as tx:
            return [each.state for each in await tx.summons.list_for(key(number))]


@pytest.fixture
def calls(database: Database, clock: FakeClock, discord: FakeDiscord) -> Calls:
    return Calls(database, Road(database, clock, discord), clock)


async def test_what_asks_nothing_is_answered_however_old_it_is(
    calls: Calls, discord: FakeDiscord, clock: FakeClock
) -> None:
    old = clock.now() - timedelta(days=9)
    await calls.road.hear(0, stage=Stage.DONE, created_at=old, **OTHER)
    assert await calls.call()
    assert await calls.through() == "responded"
    row = await calls.road.row(0)
    assert (row.intent, row.light_intent, row.light_confidence) == ("help_request", "other", 0.7)
    assert row.reason == "summoned: help request"
    assert discord.texts("reply")[0].startswith("Hi Ada.")
    assert await calls.states() == ["taken"]


async def test_a_second_call_joins(calls: Calls, discord: FakeDiscord, clock: FakeClock) -> None:
    await calls.road.hear(0, stage=Stage.DONE, **OTHER)
    await calls.call()
    await calls.through()
    clock.advance(60)
    assert not await calls.call(), "once for each member"
    assert await calls.call(user_id=CALLER + 1)
    await calls.through()
    assert await calls.states() == ["taken", "joined"]
    assert len(discord.posts) == 1


async def test_what_the_throttle_kept_back_is_answered_to_the_next_call(
    database: Database, clock: FakeClock, discord: FakeDiscord
) -> None:
    road = Road(database, clock, discord, orchestrator={"channel_throttle_seconds": 20})
    calls = Calls(database, road, clock)
    await road.answer(1)
    await road.hear(0, stage=Stage.DONE, author_id=MEMBER + 3, **OTHER)
    await calls.call()
    assert await calls.through() == "skipped"
    assert (await road.row(0)).reason == "channel throttle"
    clock.advance(30)
    await calls.call(user_id=CALLER + 1)
    assert await calls.through() == "responded"


async def test_what_is_on_its_way_is_waited_for(calls: Calls) -> None:
    signal = await calls.road.hear(0, stage=Stage.PLAN, **OTHER)
    await calls.call()
    assert await calls.service.look(), "it waits"
    assert await calls.states() == ["open"]
    await calls.road.plan([signal])
    assert await calls.through() == "responded"


async def test_another_life_takes_up_what_was_called(
    calls: Calls, database: Database, clock: FakeClock
) -> None:
    await calls.road.hear(0, stage=Stage.DONE, **OTHER)
    await calls.call()
    again = Calls(database, calls.road.anew(), clock)
    assert await again.through() == "responded"


async def test_a_call_is_not_lost_to_maintenance(
    database: Database, clock: FakeClock, discord: FakeDiscord
) -> None:
    maintenance = MaintenanceService(database, clock)
    road = Road(database, clock, discord, maintenance=maintenance)
    calls = Calls(database, road, clock)
    await road.hear(0, stage=Stage.DONE, **OTHER)
    await maintenance.set(Mode.SOFT)
    await calls.call()
    await calls.through()
    assert (await road.row(0)).reason.startswith(SUMMONED)
    assert discord.texts("reply") == []
    await maintenance.set(Mode.OFF)
    clock.advance(60)
    await road.orchestrator._sweep(Stage.PLAN)
    await road.at_rest()
    assert (await road.row(0)).reason == "summoned: help request (after maintenance)"
    assert len(discord.texts("reply")) == 1


async def test_who_opted_out_neither_calls_nor_is_called_to(calls: Calls) -> None:
    await calls.road.hear(0, stage=Stage.DONE, **OTHER)
    calls.known.out = {CALLER}
    assert not await calls.call()
    calls.known.out = {MEMBER}
    assert not await calls.call()
    assert await calls.states() == []


@pytest.mark.parametrize("what", ["unreadable", "muted", "deleted", "unreachable"])
async def test_there_is_nothing_to_answer(
    calls: Calls, discord: FakeDiscord, clock: FakeClock, what: str
) -> None:
    await calls.road.hear(0, stage=Stage.DONE, **OTHER)
    await calls.call()
    if what == "unreadable":
        calls.source.fault = UnreadableError("not watched")
    elif what == "unreachable":
        calls.source.fault = UnreachableError("no answer")
        assert await calls.service.look(), "it is tried again"
        clock.advance(GIVE_UP.total_seconds())
    elif what == "muted":
        calls.source.muted = True
    else:
        await calls.road.forget(0)
    assert not await calls.service.look()
    assert await calls.states() == ([] if what == "unreadable" else ["refused"])
    assert discord.posts == []


async def test_the_limits_end_with_their_window(calls: Calls, clock: FakeClock) -> None:
    async with calls.database.transaction() as tx:
        await tx.guilds.ensure(GUILD, clock.now())
    assert [await calls.call(number) for number in range(4)] == [True, True, True, False]
    assert [await calls.call(number, CALLER + 1) for number in range(4, 8)] == [True, True, True, False]
    clock.advance(WINDOW.total_seconds() + 1)
    assert await calls.call(8)


@pytest.mark.parametrize(
    ("emoji", "wanted"), [("🆘", True), ("🆘\ufe0f", True), ("👍", False), ("", False), (None, False)]
)
def test_which_reaction_calls(emoji: str | None, wanted: bool) -> None:
    assert is_summons(emoji) is wanted
