"""What language models were asked, at rest: spend by day and guild, newest first, gone in time."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database, is_of_the_data, is_passing
from bot.db.llm_calls import GuildSpend
from bot.models import LlmCall
from bot.services.llm_log import LlmLog
from tests.db.support import GUILD, NOW, later, llm_call
from tests.services.test_llm_log import call

DAY = datetime(2026, 3, 1, tzinfo=UTC)
TOMORROW = DAY + timedelta(days=1)


async def keep(database: Database, *calls: LlmCall) -> None:
    async with database.transaction() as tx:
        await tx.llm_calls.add(calls)


async def test_a_call_is_read_as_it_was_stored(database: Database) -> None:
    skipped = [{"provider": "ollama", "model": "small", "reason": "took longer than 3 s"}]
    call = llm_call(skipped=skipped, background=True, billed_tokens=2**40)
    await keep(database, call, llm_call(guild_id=None, skipped=None, created_at=later(-1)))
    async with database.reading() as tx:
        found, older = await tx.llm_calls.list_latest()
    assert found.model_dump(exclude={"id"}) == call.model_dump(exclude={"id"})
    assert (older.guild_id, older.skipped, older.background) == (None, None, False)


async def test_the_newest_calls_come_first_and_no_more_than_asked_for(database: Database) -> None:
    await keep(database, *(llm_call(model=str(number), created_at=later(number)) for number in (1, 3, 2)))
    async with database.reading() as tx:
        assert [call.model for call in await tx.llm_calls.list_latest(2)] == ["3", "2"]


@pytest.mark.parametrize(
    "values",
    [{"input_tokens": 2**63}, {"guild_id": 2**63, "cost": math.nan}, {"skipped": [object()]}],
    ids=["too large", "no number", "no text"],
)
async def test_what_can_never_be_stored_is_told_apart(database: Database, values: dict[str, Any]) -> None:
    with pytest.raises((SQLAlchemyError, OverflowError)) as caught:
        await keep(database, llm_call(), llm_call(**values))
    assert is_of_the_data(caught.value)
    assert not is_passing(caught.value)


async def test_a_table_that_is_not_there_is_no_matter_of_the_data(empty: AsyncEngine) -> None:
    with pytest.raises(DBAPIError) as caught:
        await keep(Database(empty), llm_call())
    assert not is_of_the_data(caught.value)


async def test_the_log_leaves_out_what_cannot_be_stored(database: Database) -> None:
    log = LlmLog(database)
    for number in range(3):
        log.record(call(milliseconds=number, **{"input_tokens": 2**63} if number == 1 else {}))
    await log.flush()
    async with database.reading() as tx:
        assert sorted(each.milliseconds for each in await tx.llm_calls.list_latest()) == [0, 2]


async def test_a_days_spend_is_told_for_each_guild(database: Database) -> None:
    await keep(
        database,
        llm_call(billed_tokens=100, cost=0.5, created_at=DAY),
        llm_call(billed_tokens=20, cost=0.25, created_at=TOMORROW - timedelta(microseconds=1)),
        llm_call(guild_id=GUILD + 1, billed_tokens=7, cost=0.0),
        llm_call(guild_id=None, billed_tokens=5, cost=1.0),
        llm_call(guild_id=GUILD + 2, provider="ollama", billed_tokens=0, cost=0.0),
        llm_call(created_at=DAY - timedelta(microseconds=1)),
        llm_call(created_at=TOMORROW),
    )
    async with database.reading() as tx:
        spend = await tx.llm_calls.spend(DAY, TOMORROW)
    assert sorted(spend, key=lambda each: each.tokens) == [
        GuildSpend(None, 5, 1.0),
        GuildSpend(GUILD + 1, 7, 0.0),
        GuildSpend(GUILD, 120, 0.75),
    ]


async def test_nothing_asked_is_nothing_spent_and_nothing_stored(database: Database) -> None:
    await keep(database)
    async with database.reading() as tx:
        assert await tx.llm_calls.spend(DAY, TOMORROW) == []
        assert await tx.llm_calls.list_latest() == []


async def test_old_calls_are_deleted_a_few_at_a_time(database: Database) -> None:
    await keep(database, *(llm_call(created_at=later(-number)) for number in range(1, 4)), llm_call())
    deleted = []
    for _ in range(3):
        async with database.transaction() as tx:
            deleted.append(await tx.llm_calls.purge(NOW, 2))
    async with database.reading() as tx:
        left = await tx.llm_calls.list_latest()
    assert (deleted, [call.created_at for call in left]) == ([2, 1, 0], [NOW])


async def test_a_guilds_calls_go_without_those_of_others(database: Database) -> None:
    await keep(database, llm_call(), llm_call(guild_id=GUILD + 1), llm_call(guild_id=None))
    async with database.transaction() as tx:
        await tx.llm_calls.delete_of(GUILD)
        assert {call.guild_id for call in await tx.llm_calls.list_latest()} == {GUILD + 1, None}
