"""However messages come, change and go: the figures are those of what is stored."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.db.database import Database
from bot.db.engine import create_engine
from bot.db.reactions import Reaction
from bot.domain.arrival import Change
from bot.domain.signal import Stage
from bot.domain.statistics import slot_of
from bot.services.statistics import counting as module
from tests.statistics.support import (
    ADA,
    BOB,
    GENERAL,
    GUILD,
    HELP,
    NOW,
    THANKS,
    counter,
    from_scratch,
    kept,
    message_id,
    row,
    write,
)

TABLES = (
    "signals", "message_reactions", "statistics_marks", "counted_messages", "daily_user_statistics",
    "monthly_user_statistics", "daily_channel_statistics", "hourly_channel_statistics", "kv",
)  # fmt: skip
MESSAGES = 6


class Event(NamedTuple):
    """Something that happens to one of a few messages, each replying to the one before it."""

    what: str
    number: int
    version: int  # of the text: what it is judged as, and whether it thanks
    then_count: bool


EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from(["create", "edit", "delete", "check", "uncheck", "judge", "clear"]),
        st.integers(0, MESSAGES - 1),
        st.integers(0, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)


def said(number: int, version: int = 0) -> dict[str, Any]:
    """The `number`th message: two in each place and slot, over three days and two months."""
    which = message_id(number % 2, days_ago=(number // 2) * 6)
    return row(
        which,
        place_id=HELP if number % 3 == 0 else GENERAL,
        author_id=ADA if number % 2 else BOB,
        reply_to_id=said_id(number - 1) if number else None,
        content=THANKS[0] if version == 1 else f"text {version}",
        edited_at=NOW + timedelta(seconds=version),
        purpose="spam" if version == 3 else "chatter",
        sentiment=("neu", "pos", "neg", "neg")[version],
        sentiment_score=(0.0, 0.507, -0.3, -0.9)[version],
        intent="help_request" if version == 2 else "other",
    )


def said_id(number: int) -> int:
    return message_id(number % 2, days_ago=(number // 2) * 6)


async def happen(database: Database, event: Event) -> None:
    which, the = said_id(event.number), said(event.number, event.version)
    if event.what in ("create", "edit", "delete", "clear"):
        change = {
            "create": Change.CREATE,
            "edit": Change.EDIT,
            "delete": Change.DELETE,
            "clear": Change.CLEAR,
        }
        await write(database, change[event.what], the)
        return
    async with database.transaction() as tx:
        if event.what == "check":
            await tx.reactions.put("discord", [Reaction(GUILD, which, 9, "\u2705", "check")])
        elif event.what == "uncheck":
            await tx.reactions.take_back([(which, 9, "\u2705")])
        else:
            values = {"stage": "observe", "intent": "problem_report", "sentiment": "neg"}
            await tx.queue.advance([the["id"]], Stage.DONE, values)  # as the second judge does
        await tx.statistics_marks.mark([slot_of(which)])


async def check(url: str, events: Sequence[Event]) -> None:
    engine = create_engine(url)
    database = Database(engine)
    try:
        async with engine.begin() as connection:
            for table in TABLES:
                await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
        service, _ = await counter(database)
        for event in events:
            await happen(database, event)
            if event.then_count:
                await service.count()
        await service.count_all()
        expected, found = await from_scratch(engine), await kept(engine)
        async with engine.connect() as connection:
            left = (await connection.execute(text("SELECT count(*) FROM statistics_marks"))).scalar_one()
    finally:
        await engine.dispose()
    assert left == 0
    for name, sums in expected.items():
        assert +found[name] == +sums, name
        assert -found[name] == -sums, name  # moods below zero


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=EVENTS)
def test_any_order_of_events_ends_with_the_figures_of_counting_from_scratch(
    migrated_url: str, events: list[Event]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PORTION", 2)  # so that slots are counted in parts
        patch.setattr(module, "SLOTS", 2)
        asyncio.run(check(migrated_url, events))
