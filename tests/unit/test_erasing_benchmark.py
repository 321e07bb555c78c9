"""What `bench erasing` measures is there: rows of everybody in each table, and the cost of both ways."""

import shutil
from pathlib import Path

from benchmarks.erasing import overwriting
from benchmarks.member_data import Place, Size, Sqlite, fill
from bot.db.database import Database
from bot.db.engine import create_engine
from tests.db.support import CHANNEL, GUILD, MEMBER, see_guild


async def test_the_busy_member_stands_wherever_members_do(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "bench.db"
    shutil.copy(sqlite_template, path)
    store = Sqlite(path)
    engine = create_engine(f"sqlite+aiosqlite:///{path}")
    await see_guild(Database(engine))
    await engine.dispose()
    await fill(store, Place(GUILD, CHANNEL, MEMBER, MEMBER + 1), Size(1_000, 50))
    theirs = {
        "signals": ("author_id", 20), "counted_messages": ("user_id", 20), "tickets": ("opener_id", 1),
        "ticket_messages": ("author_id", 5), "summary_sources": ("author_id", 10),
        "training_entries": ("source_author_id", 1), "message_reactions": ("user_id", 2),
    }  # fmt: skip
    for table, (column, count) in theirs.items():
        found = await store.one(f"SELECT count(*) FROM {table} WHERE {column} = {MEMBER}")  # noqa: S608
        assert (table, found) == (table, count)
    assert await store.one(f"SELECT count(*) FROM signals WHERE author_id = {MEMBER + 1}") == 3  # noqa: S608
    cost = overwriting(path, MEMBER)
    assert min(cost.on_seconds, cost.off_seconds) > 0
    assert await store.one(f"SELECT count(*) FROM signals WHERE author_id = {MEMBER}") == 20  # noqa: S608
