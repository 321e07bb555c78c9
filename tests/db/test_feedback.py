"""Feedback at rest: one verdict per member and message, gone with what it is about."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database, Transaction
from bot.models import Feedback, FeedbackKind, Verdict
from tests.db.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    MESSAGE,
    feedback,
    later,
    see_guild,
    signal_row,
    store,
    tombstone,
)

ANSWER = MESSAGE + 1_000


@pytest.fixture
async def database(database: Database) -> Database:
    """With two messages in one channel and a third in another."""
    await see_guild(database, CHANNEL, CHANNEL + 1)
    await store(database, signal_row(0), signal_row(1), signal_row(2, place_id=CHANNEL + 1))
    return database


async def put(database: Database, *given: Feedback) -> None:
    async with database.transaction() as tx:
        for each in given:
            await tx.feedback.put(each)


async def left(database: Database) -> list[tuple[int, int, str]]:
    async with database.reading() as tx:
        found = await tx.feedback.list_of(GUILD)
    return [(each.message_id - ANSWER, each.user_id - MEMBER, each.verdict) for each in found]


async def test_the_newer_verdict_of_a_member_takes_the_olders_place(database: Database) -> None:
    await put(database, feedback(), feedback(user_id=MEMBER + 1))
    newer = feedback(verdict=Verdict.RIGHT.value, created_at=later(5), confidence=0.5)
    await put(database, newer)
    assert sorted(await left(database)) == [(0, 0, "right"), (0, 1, "wrong")]
    async with database.reading() as tx:
        [mine] = [each for each in await tx.feedback.list_for(newer.signal_id) if each.user_id == MEMBER]
    assert mine.model_dump(exclude={"id"}) == newer.model_dump(exclude={"id"})


async def test_a_correction_stands_beside_a_reaction(database: Database) -> None:
    correction = feedback(kind=FeedbackKind.CORRECTION.value, correct_intent="other")
    await put(database, feedback(), correction)
    assert len(await left(database)) == 2
    async with database.transaction() as tx:
        assert await tx.feedback.take_back(ANSWER) == 1
    async with database.reading() as tx:
        [kept] = await tx.feedback.list_of(GUILD)
    assert (kept.kind, kept.correct_intent) == ("correction", "other")


async def test_only_what_was_taken_back_goes(database: Database) -> None:
    await put(database, feedback(0), feedback(1), feedback(0, user_id=MEMBER + 1, verdict="right"))
    async with database.transaction() as tx:
        assert await tx.feedback.take_back(ANSWER, MEMBER, Verdict.RIGHT) == 0
        assert await tx.feedback.take_back(ANSWER, MEMBER, Verdict.WRONG) == 1
        assert not await tx.feedback.is_given(ANSWER + 9)
        assert await tx.feedback.is_given(ANSWER)
    assert sorted(await left(database)) == [(0, 1, "right"), (1, 0, "wrong")]
    async with database.transaction() as tx:
        assert await tx.feedback.take_back(ANSWER, None, Verdict.RIGHT) == 1
    assert await left(database) == [(1, 0, "wrong")]


@pytest.mark.parametrize("deleted", [MESSAGE, ANSWER], ids=["the message", "the answer"])
async def test_deleting_a_message_or_its_answer_deletes_what_was_said_of_it(
    database: Database, deleted: int
) -> None:
    await put(database, feedback(0), feedback(1))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(message_id=deleted)], later(5))
    assert await left(database) == [(1, 0, "wrong")]


async def test_deleting_a_channel_deletes_what_was_said_there(database: Database) -> None:
    await put(database, feedback(0), feedback(1), feedback(2))
    async with database.transaction() as tx:
        await tx.signals.erase_place(CHANNEL, later(5))
    assert await left(database) == [(2, 0, "wrong")]


async def erase_message(tx: Transaction) -> None:
    await tx.signals.erase_batch([tombstone(0)], later(5))


async def erase_channel(tx: Transaction) -> None:
    await tx.signals.erase_place(CHANNEL, later(5))


async def purge(tx: Transaction) -> None:
    await tx.signals.purge(later(5), 1)


@pytest.mark.parametrize("erase", [erase_message, erase_channel, purge])
async def test_what_is_said_while_a_message_is_deleted_goes_too(
    database: Database, erase: Callable[[Transaction], Awaitable[None]]
) -> None:
    async def delete() -> None:
        async with database.transaction() as tx:
            await erase(tx)

    async with database.transaction() as tx:
        assert await tx.signals.get(f"discord:{MESSAGE}", hold=True)
        deleting = asyncio.create_task(delete())
        await asyncio.wait([deleting], timeout=0.05)
        assert not deleting.done()
        await tx.feedback.put(feedback(0))
    await deleting
    assert await left(database) == []


async def test_it_is_kept_as_long_as_its_message(database: Database) -> None:
    await put(database, feedback(0), feedback(1))
    async with database.transaction() as tx:
        assert await tx.signals.purge(later(5), 1) == 1
    assert await left(database) == [(1, 0, "wrong")]


async def test_it_goes_with_its_guild(database: Database, engine: AsyncEngine) -> None:
    await put(database, feedback(0))
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM guilds WHERE id = :id"), {"id": GUILD})
    assert await left(database) == []
