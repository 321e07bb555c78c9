"""Reactions to stored messages, in whatever order and however often they are told of."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.domain.arrival import Change
from bot.services.statistics import reactions as module
from bot.services.statistics.reactions import Outcome, Reacting, ReactionEvent, ReactionService
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.statistics.support import ADA, BOB, CAT, GUILD, NOW, counter, message_id, row, write

UP, CHECK, OWN = "\U0001f44d", "\u2705", "1400000000000000009"


async def at_once() -> None:
    """Every message heard is stored."""


async def taken(database: Database, events: Sequence[ReactionEvent]) -> None:
    service = ReactionService(database, FakeClock(NOW), at_once)
    for event in events:
        service.offer(event)
    working = asyncio.create_task(service.run())
    async with asyncio.timeout(20):
        await service.flushed()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


def event(what: Reacting, user_id: int = 0, emoji: str = "", number: int = 0) -> ReactionEvent:
    return ReactionEvent(what, GUILD, message_id(number), user_id, emoji)


async def kept(engine: AsyncEngine) -> set[tuple[int, int, str, str]]:
    query = "SELECT message_id, user_id, emoji, kind FROM message_reactions"
    async with engine.connect() as connection:
        return {tuple(each) for each in await connection.execute(text(query))}


async def test_only_reactions_of_others_to_stored_messages_are_kept(
    database: Database, engine: AsyncEngine
) -> None:
    await counter(database)
    await write(database, Change.CREATE, row(message_id(0)), row(message_id(1)))
    await write(database, Change.DELETE, row(message_id(1)))
    add = Reacting.ADD
    await taken(
        database,
        [
            event(add, BOB, UP), event(add, BOB, UP), event(add, CAT, CHECK), event(add, CAT, OWN),
            event(add, ADA, UP), event(add, BOB, UP, number=1), event(add, BOB, UP, number=2),
            event(add, BOB, CHECK)._replace(guild_id=GUILD + 1),
        ],
    )  # fmt: skip
    which = message_id(0)
    assert await kept(engine) == {
        (which, BOB, UP, "positive"), (which, CAT, CHECK, "check"), (which, CAT, OWN, "other")
    }  # fmt: skip
    async with database.reading() as tx:
        assert await tx.reactions.votes([which, message_id(1)]) == {which: 2}
    await taken(database, [event(Reacting.CLEAR_EMOJI, emoji=UP), event(Reacting.REMOVE, CAT, OWN)])
    assert await kept(engine) == {(which, CAT, CHECK, "check")}
    await taken(database, [event(Reacting.CLEAR), event(add, BOB, CHECK)])
    assert await kept(engine) == {(which, BOB, CHECK, "check")}


EVENTS = st.builds(
    event, st.sampled_from(Reacting), st.integers(1, 2), st.sampled_from([UP, CHECK]), st.integers(0, 1)
)


@given(st.lists(EVENTS, max_size=12))
def test_a_batch_comes_to_what_its_events_come_to_one_by_one(events: list[ReactionEvent]) -> None:
    events = [each._replace(emoji="") if each.what is Reacting.CLEAR else each for each in events]
    start = {(message_id(0), 1, UP), (message_id(1), 2, CHECK), (message_id(0), 2, UP)}
    singly = set(start)
    outcome = Outcome()
    for each in events:
        key = (each.message_id, each.user_id, each.emoji)
        if each.what is Reacting.ADD:
            singly.add(key)
        elif each.what is Reacting.REMOVE:
            singly.discard(key)
        else:
            singly = {k for k in singly if k[0] != each.message_id or each.emoji not in ("", k[2])}
        outcome.take(each)
    left = {
        key for key in start
        if key[0] not in outcome.cleared and key[0] not in outcome.cleared_emoji.get(key[2], set())
    }  # fmt: skip
    for key, each in outcome.ends.items():
        left = left | {key} if each.what is Reacting.ADD else left - {key}
    assert left == singly


async def test_a_full_queue_loses_reactions_and_says_so(
    database: Database, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    monkeypatch.setattr(module, "QUEUE", 2)
    await counter(database)
    await write(database, Change.CREATE, row(message_id(0)))
    await taken(database, [event(Reacting.ADD, user, UP) for user in (11, 12, 13)])
    assert {each[1] for each in await kept(engine)} == {11, 12}
    assert logged.of("WARNING", "No room for 1 reactions")
