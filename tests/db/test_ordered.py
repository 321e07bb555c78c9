"""Rows inserted together get ids in their order, in few statements, on each database."""

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from tests.services.support import GUILD, NOW

STAMP = {
    "guild_id": GUILD, "category": "", "links": None, "valid_from": None, "valid_until": None,
    "source_url": "", "created_by": 1, "created_at": NOW, "updated_by": 1, "updated_at": NOW,
}  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 700], ids=["none", "one", "many"])
async def test_ids_are_in_the_order_of_the_rows(database: Database, engine: AsyncEngine, count: int) -> None:
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
        earlier = await tx.training.add([STAMP | {"answer": "earlier"}])
    statements: list[str] = []
    listen = lambda *told: statements.append(told[2])  # noqa: E731
    event.listen(engine.sync_engine, "before_cursor_execute", listen)
    async with database.transaction() as tx:
        ids = list(await tx.training.add([STAMP | {"answer": f"answer {at}"} for at in range(count)]))
    event.remove(engine.sync_engine, "before_cursor_execute", listen)
    assert len(statements) < 10
    assert len(ids) == len(set(ids)) == count
    assert ids == sorted(ids)
    async with database.reading() as tx:
        found = await tx.training.get(GUILD, [*earlier, *ids])
    assert [found[id_].answer for id_ in ids] == [f"answer {at}" for at in range(count)]
    assert found[earlier[0]].answer == "earlier"
