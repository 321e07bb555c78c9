"""Which errors pass, and that none of them tells what members wrote."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from bot.db.database import Database, is_passing
from tests.db.support import CHANNEL, NOW, later, see_guild, signal_row, store


async def test_a_deadlock_passes(database: Database) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    await see_guild(database, CHANNEL, CHANNEL + 1)
    both = asyncio.Barrier(2)

    async def take(first: int, second: int) -> None:
        async with database.transaction() as tx:
            await tx.channels.reserve_reply(first, NOW, later(20))
            await both.wait()
            await tx.channels.reserve_reply(second, NOW, later(20))

    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(
            take(CHANNEL, CHANNEL + 1), take(CHANNEL + 1, CHANNEL), return_exceptions=True
        )
    [error] = [each for each in outcomes if isinstance(each, BaseException)]
    assert is_passing(error), error


async def test_a_refused_row_does_not_pass_nor_tell_its_text(database: Database) -> None:
    diary = "my diary: the connection was closed"
    with pytest.raises(DBAPIError) as caught:
        await store(database, signal_row(content=diary, intent=None))
    assert not is_passing(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        assert diary not in str(error)
        error = error.__cause__ or error.__context__
