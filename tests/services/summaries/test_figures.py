"""The figures of the daily post: none where there is next to nothing to show."""

import re
from datetime import timedelta
from typing import cast

import pytest

from bot.db.database import Database
from bot.db.reactions import Reaction
from bot.domain.statistics import ReactionKind
from bot.models import DailyChannelStatistics, Watch
from bot.services.arrival_rows import SOURCE
from bot.services.clock import SystemClock
from bot.services.guilds import ChannelSeen
from bot.services.statistics.moods import MoodService
from bot.services.summaries.figures import DRAWN, SummaryFigures
from tests.services.heavy import Noting
from tests.services.summaries.support import (
    BO,
    DAY,
    GENERAL,
    GUILD,
    HELP,
    TODAY,
    Workshop,
    message_id,
    said,
    store,
)


async def test_a_picture_takes_some_days(database: Database, shop: Workshop) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    figures = SummaryFigures(
        database, shop.guilds, shop.audience, cast("MoodService", SystemClock()), shop.collecting.ignored
    )
    figures.computing = computing = Noting()
    for back in range(DRAWN):
        assert await figures.picture(GUILD, TODAY, GENERAL) is None
        async with database.transaction() as tx:
            tx.gaps._session.add(
                DailyChannelStatistics(
                    guild_id=GUILD, channel_id=GENERAL, date=DAY.date() - timedelta(days=back), messages=9
                )
            )
    picture = await figures.picture(GUILD, TODAY, GENERAL)
    assert picture is not None
    assert picture.content.startswith(b"\x89PNG")
    assert computing.asked == ["draw_sentiment"]  # away from the bot's own process


async def appreciated(database: Database, shop: Workshop) -> str:
    """Return what the post says of feelings, after members liked what Ada and Bo said in two channels."""
    rows = [said(n, f"Words number {n}", (GENERAL, HELP)[n > 3]) for n in range(6)]
    await store(database, *rows)
    async with database.transaction() as tx:
        likes = [Reaction(GUILD, message_id(n), 777, "+1", ReactionKind.POSITIVE.value) for n in range(6)]
        await tx.reactions.put(SOURCE, likes)
        for place_id in (GENERAL, HELP):
            tx.gaps._session.add(
                DailyChannelStatistics(guild_id=GUILD, channel_id=place_id, date=DAY.date(), messages=9)
            )
    moods = MoodService(database)
    moods.opted_out = lambda _guild_id, user_id: user_id == BO
    figures = SummaryFigures(database, shop.guilds, shop.audience, moods, shop.collecting.ignored)
    [extra] = await figures.mood(GUILD, TODAY, GENERAL)
    assert extra.quoted.keys() == {
        int(found) for found in re.findall(r"/(\d+)\)", "\n".join(extra.lines)) if int(found) > GUILD + 999
    }
    return "\n".join(extra.lines)


async def test_who_opted_out_is_quoted_nowhere(database: Database, shop: Workshop) -> None:
    text = await appreciated(database, shop)
    assert re.findall(r"number (\d)", text) == ["0", "2", "4"]  # of Ada


async def test_a_channel_that_is_left_out_is_neither_quoted_nor_counted(
    database: Database, shop: Workshop
) -> None:
    await shop.guilds.load()
    await shop.guilds.set_watch(GUILD, ChannelSeen(HELP, None, "help"), Watch.IGNORE)
    text = await appreciated(database, shop)
    assert re.findall(r"number (\d)", text) == ["0", "2"]
    assert "of 9 messages" in text
