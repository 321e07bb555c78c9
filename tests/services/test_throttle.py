from datetime import timedelta

import pytest

from bot.db.database import Database
from bot.domain.policy import Decision
from bot.domain.signal import PlanKind, Signal
from bot.services.throttle import CHANNEL_BUSY, MEMBER_BUSY, Throttle
from bot.settings import OrchestratorSettings
from tests.fakes import FakeClock
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    OTHER_CHANNEL,
    OTHER_GUILD,
    OTHER_MEMBER,
    signal,
)

ANSWER = Decision(PlanKind.REPLY, "help request")
ELSEWHERE = signal(1, channel_id=OTHER_CHANNEL)
BY_ANOTHER = signal(2, author_id=OTHER_MEMBER)
APART = signal(3, channel_id=OTHER_CHANNEL, author_id=OTHER_MEMBER)


@pytest.fixture(autouse=True)
async def known(database: Database) -> None:
    """Channels and members exist, as they do once a message of theirs is stored."""
    async with database.transaction() as tx:
        for guild_id in (GUILD, OTHER_GUILD):
            await tx.guilds.ensure(guild_id, NOW)
            for user_id in (MEMBER, OTHER_MEMBER):
                await tx.members.see(
                    [{"guild_id": guild_id, "user_id": user_id, "name": "Ada", "first_seen_at": NOW}]
                )
        for channel_id in (CHANNEL, OTHER_CHANNEL):
            await tx.channels.see(
                [{"id": channel_id, "guild_id": GUILD, "parent_id": None, "name": "general"}]
            )


class Turns:
    """Takes turns as the orchestrator does: a transaction each, confirmed when it is committed."""

    def __init__(self, database: Database, clock: FakeClock, **settings: int) -> None:
        self._throttle = Throttle(OrchestratorSettings(**settings))
        self._database = database
        self._clock = clock

    async def take(self, *signals: Signal, fails: bool = False) -> list[Decision]:
        self._throttle.begin()
        try:
            async with self._database.transaction() as tx:
                taken = [await self._throttle.take(tx, each, ANSWER, self._clock.now()) for each in signals]
                if fails:
                    raise LookupError
        except LookupError:
            return []
        self._throttle.confirm(self._clock.now())
        return taken


@pytest.fixture
def turns(database: Database, clock: FakeClock) -> Turns:
    return Turns(database, clock)


async def test_the_next_one_in_the_channel_waits_20_seconds(turns: Turns, clock: FakeClock) -> None:
    assert await turns.take(signal()) == [ANSWER]
    assert await turns.take(BY_ANOTHER) == [CHANNEL_BUSY]
    clock.advance(19.9)
    assert await turns.take(BY_ANOTHER) == [CHANNEL_BUSY]
    clock.advance(0.1)
    assert await turns.take(BY_ANOTHER) == [ANSWER]


async def test_the_members_next_one_waits_60_seconds_wherever_it_is(turns: Turns, clock: FakeClock) -> None:
    assert await turns.take(signal()) == [ANSWER]
    clock.advance(59.9)
    assert await turns.take(ELSEWHERE) == [MEMBER_BUSY]
    clock.advance(0.1)
    assert await turns.take(ELSEWHERE) == [ANSWER]


async def test_other_members_elsewhere_are_answered_at_once(turns: Turns) -> None:
    assert await turns.take(signal(), APART) == [ANSWER, ANSWER]


async def test_it_holds_within_a_batch(turns: Turns) -> None:
    assert await turns.take(signal(), BY_ANOTHER, ELSEWHERE) == [ANSWER, CHANNEL_BUSY, MEMBER_BUSY]


async def test_who_is_refused_for_the_member_leaves_the_channel_free(turns: Turns) -> None:
    await turns.take(signal())
    assert await turns.take(ELSEWHERE, APART) == [MEMBER_BUSY, ANSWER]


async def test_a_second_process_leaves_the_channel_free_too(
    turns: Turns, database: Database, clock: FakeClock
) -> None:
    await turns.take(signal())
    assert await Turns(database, clock).take(ELSEWHERE, APART) == [MEMBER_BUSY, ANSWER]


async def test_it_holds_for_a_second_process(turns: Turns, database: Database, clock: FakeClock) -> None:
    await turns.take(signal())
    second = Turns(database, clock)
    assert await second.take(BY_ANOTHER) == [CHANNEL_BUSY]
    assert await second.take(BY_ANOTHER) == [CHANNEL_BUSY]  # from memory
    clock.advance(20)
    assert await second.take(BY_ANOTHER) == [ANSWER]
    assert await turns.take(signal(9, channel_id=CHANNEL, author_id=4)) == [CHANNEL_BUSY]


async def test_a_turn_of_a_failed_transaction_was_never_taken(turns: Turns) -> None:
    assert await turns.take(signal(), fails=True) == []
    assert await turns.take(signal()) == [ANSWER]


async def test_a_direct_message_waits_for_the_members_cooldown_only(turns: Turns, clock: FakeClock) -> None:
    direct, another = signal(guild_id=None), signal(guild_id=None, author_id=OTHER_MEMBER)
    assert await turns.take(signal(), direct, another, direct) == [ANSWER, ANSWER, ANSWER, MEMBER_BUSY]
    clock.advance(59.9)
    assert await turns.take(direct) == [MEMBER_BUSY]
    clock.advance(0.1)
    assert await turns.take(direct) == [ANSWER]


async def test_a_direct_messages_turn_of_a_failed_transaction_was_never_taken(turns: Turns) -> None:
    direct = signal(guild_id=None)
    assert await turns.take(direct, fails=True) == []
    assert await turns.take(direct) == [ANSWER]


async def test_without_a_cooldown_direct_messages_take_no_turns(database: Database, clock: FakeClock) -> None:
    direct = signal(guild_id=None)
    assert await Turns(database, clock, user_cooldown_seconds=0).take(direct, direct) == [ANSWER, ANSWER]


async def test_guilds_do_not_share_a_members_cooldown(turns: Turns) -> None:
    there = signal(5, guild_id=OTHER_GUILD, channel_id=OTHER_CHANNEL)
    assert await turns.take(signal(), there) == [ANSWER, ANSWER]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"channel_throttle_seconds": 0}, [ANSWER, ANSWER, MEMBER_BUSY]),
        ({"user_cooldown_seconds": 0}, [ANSWER, CHANNEL_BUSY, ANSWER]),
        ({"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}, [ANSWER] * 3),
    ],
    ids=["no throttle", "no cooldown", "neither"],
)
async def test_zero_switches_each_off(
    database: Database, clock: FakeClock, settings: dict[str, int], expected: list[Decision]
) -> None:
    turns = Turns(database, clock, **settings)
    assert await turns.take(signal(), BY_ANOTHER, ELSEWHERE) == expected


async def test_what_is_remembered_does_not_grow_for_ever(
    turns: Turns, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.throttle._REMEMBERED", 2)
    await turns.take(signal(), APART)
    clock.advance(timedelta(hours=1).total_seconds())
    await turns.take(signal(7, channel_id=CHANNEL))
    assert len(turns._throttle._until) == 2
