"""The figures of the daily post: none where there is next to nothing to show."""

from datetime import timedelta
from typing import cast

import pytest

from bot.db.database import Database
from bot.models import DailyChannelStatistics
from bot.services.clock import SystemClock
from bot.services.statistics.moods import MoodService
from bot.services.summaries.figures import DRAWN, SummaryFigures
from tests.services.summaries.support import DAY, GENERAL, GUILD, TODAY, Workshop


async def test_a_picture_takes_some_days(database: Database, shop: Workshop) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    figures = SummaryFigures(database, shop.guilds, shop.audience, cast("MoodService", SystemClock()))
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
