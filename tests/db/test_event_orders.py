"""Whatever order a message's events arrive in, the newest text stays, and none after a deletion."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.db.database import Database, Transaction
from bot.db.engine import create_engine
from bot.db.signals import ERASED
from tests.db.support import MESSAGE, NOW, later, signal_row, stored, tombstone


class Event(NamedTuple):
    """A create (version 0), an edit (version 1 and up, newest highest) or a deletion (None)."""

    version: int | None
    alone: bool  # in a transaction of its own, or in that of the event before


EVENTS = st.lists(
    st.builds(Event, st.one_of(st.none(), st.integers(0, 4)), st.booleans()), min_size=1, max_size=7
)


def fields(version: int) -> dict[str, Any]:
    """What the message says from its `version`th edit on."""
    edited_at = later(version) if version else None
    return {"content": f"version {version}", "mentions": [f"user:{version}"], "edited_at": edited_at}


async def apply(tx: Transaction, event: Event) -> None:
    """Do as ingest does: an edit is a create, too, as it may be the first that is heard of a message."""
    if event.version is None:
        await tx.signals.erase_batch([tombstone(0)], NOW)
        return
    await tx.signals.add_batch([signal_row(0, **fields(event.version))])
    if event.version:
        await tx.signals.edit_batch([{"key": f"discord:{MESSAGE}", **fields(event.version)}])


def transactions(events: Sequence[Event]) -> list[list[Event]]:
    groups: list[list[Event]] = []
    for event in events:
        if event.alone or not groups:
            groups.append([])
        groups[-1].append(event)
    return groups


async def check(url: str, events: Sequence[Event]) -> None:
    engine = create_engine(url)
    database = Database(engine)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM signals"))
        for group in transactions(events):
            async with database.transaction() as tx:
                for event in group:
                    await apply(tx, event)
        record = await stored(database)
    finally:
        await engine.dispose()
    versions = [event.version for event in events]
    if None in versions:
        assert {name: getattr(record, name) for name in ERASED} == ERASED
    else:
        newest = fields(max(version for version in versions if version is not None))
        assert {name: getattr(record, name) for name in newest} == newest


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=EVENTS)
def test_any_order_of_events_ends_with_the_newest_text_or_none(
    migrated_url: str, events: list[Event]
) -> None:
    asyncio.run(check(migrated_url, events))
