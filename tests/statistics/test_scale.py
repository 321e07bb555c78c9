"""Ten million messages of a year, counted by the database: how long questions about them take."""

import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.domain.audience import GuildRoles, Person, Place, PlaceKind, Role
from bot.services.audience import AudienceService
from bot.services.statistics.activity import ActivityService
from tests.fakes import FakeClock
from tests.statistics.support import GUILD, NOW, counter

MESSAGES, CHANNELS, DAYS = 10_000_000, 40, 365
MOST_SECONDS = 0.1
BEFORE = 10  # channels that the reader may not read
# Who writes much and little, and where: squares, so that some members and channels have many and most few.
MADE = """
CREATE TEMPORARY TABLE made AS NUMBERS
SELECT DAY AS date, n % 24 AS hour, n % 3 / 2 AS replies, n % 11 / 10 AS questions, n % 23 / 22 AS helped,
    n % 2001 - 1000 AS mood, n % 5 / 4 AS positive, n % 7 / 6 AS negative,
    1 + (n * 104729 % 65521) * (n * 104729 % 65521) / (4293001441 / 3000 + 1) AS user_id,
    1 + (n * 15485863 % 65519) * (n * 15485863 % 65519) / (4292739361 / 40 + 1) AS channel_id
FROM digits;
INSERT INTO daily_user_statistics (guild_id, channel_id, date, user_id, messages, replies, questions, helped,
    mood, positive, negative)
SELECT GUILD, channel_id, date, user_id, count(*), sum(replies), sum(questions), sum(helped), sum(mood),
    sum(positive), sum(negative)
FROM made GROUP BY 1, 2, 3, 4;
INSERT INTO daily_user_statistics (guild_id, channel_id, date, user_id, messages, replies, questions, helped,
    mood, positive, negative)
SELECT GUILD, 0, date, user_id, sum(messages), sum(replies), sum(questions), sum(helped), sum(mood),
    sum(positive), sum(negative)
FROM daily_user_statistics GROUP BY 1, 3, 4;
INSERT INTO daily_channel_statistics (guild_id, channel_id, date, messages, replies, questions, helped, mood,
    positive, negative)
SELECT GUILD, channel_id, date, sum(messages), sum(replies), sum(questions), sum(helped), sum(mood),
    sum(positive), sum(negative)
FROM daily_user_statistics GROUP BY 1, 2, 3;
INSERT INTO monthly_user_statistics (guild_id, month, user_id, messages, replies, questions, helped, mood,
    positive, negative)
SELECT GUILD, MONTH, user_id, sum(messages), sum(replies), sum(questions), sum(helped), sum(mood),
    sum(positive), sum(negative)
FROM daily_user_statistics WHERE channel_id = 0 GROUP BY 1, 2, 3;
INSERT INTO hourly_channel_statistics (guild_id, channel_id, date, hour, messages)
SELECT GUILD, channel_id, date, hour, count(*) FROM made GROUP BY 1, 2, 3, 4;
INSERT INTO hourly_channel_statistics (guild_id, channel_id, date, hour, messages)
SELECT GUILD, 0, date, hour, sum(messages) FROM hourly_channel_statistics GROUP BY 1, 3, 4;
DROP TABLE made
"""
DIALECTS = {
    "sqlite": {
        "NUMBERS": "WITH RECURSIVE digits(n) AS "
        "(SELECT 0 UNION ALL SELECT n + 1 FROM digits WHERE n < 9999999)",
        "DAY": "date('FIRST', (n * 7919 % 365) || ' days')",
        "MONTH": "strftime('%Y-%m-01', date)",
    },
    "postgresql": {
        "NUMBERS": "WITH digits(n) AS (SELECT generate_series(0::bigint, 9999999))",
        "DAY": "date 'FIRST' + (n * 7919 % 365)::int",
        "MONTH": "date_trunc('month', date)::date",
    },
}


class Channels:
    """Channels that all may read, but for the last of them."""

    def place(self, channel_id: int) -> Place | None:
        return Place(channel_id, GUILD, PlaceKind.TEXT) if channel_id <= CHANNELS - BEFORE else None

    def roles(self, guild_id: int) -> GuildRoles | None:
        return GuildRoles(guild_id, 99, {guild_id: Role((1 << 64) - 1 - (1 << 3))})


async def fill(engine: AsyncEngine) -> None:
    """Count ten million messages into the sums, in SQL."""
    first = str(NOW.date() - timedelta(days=DAYS - 1))
    script = MADE
    for name, value in {**DIALECTS[engine.dialect.name], "FIRST": first, "GUILD": str(GUILD)}.items():
        script = script.replace(name, value)
    async with engine.begin() as connection:
        for statement in script.split(";"):
            await connection.exec_driver_sql(statement)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("ANALYZE")


async def seconds_of(activity: ActivityService, days: int, reader: Person) -> Sequence[float]:
    """Return how long the figures of the last `days` days take, each of five times."""
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        found = await activity.of(GUILD, days, reader)
        taken.append(time.perf_counter() - begun)
        assert found.total.messages == sum(found.by_hour) > 0
    return sorted(taken)


@pytest.mark.slow
async def test_activity_of_ten_million_messages_takes_less_than_a_tenth_of_a_second(
    database: Database, engine: AsyncEngine
) -> None:
    _, guilds = await counter(database)
    await fill(engine)
    audience = AudienceService()
    audience.read_from(Channels())
    activity = ActivityService(database, FakeClock(NOW), guilds, audience)
    everything, part = Person(99, GUILD, frozenset()), Person(1, GUILD, frozenset())
    async with database.reading() as tx:
        by_channel = await tx.activity.by_channel(GUILD, activity.days(GUILD, DAYS))
    assert sum(each.messages for each in by_channel.values()) == MESSAGES
    for name, reader in (("owner", everything), ("member", part)):
        for days in (7, 30, 90, 365):
            taken = await seconds_of(activity, days, reader)
            timed = [round(each * 1_000) for each in taken]
            print(f"{engine.dialect.name} {name} {days} days: {timed} ms")  # noqa: T201
            assert taken[2] < MOST_SECONDS
