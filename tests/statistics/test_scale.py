"""Ten million messages of a year, counted by the database: how long questions about them take."""

import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.domain.audience import GuildRoles, Person, Place, PlaceKind, Role
from bot.services.audience import AudienceService
from bot.services.statistics.activity import ActivityService
from tests.fakes import FakeClock
from tests.statistics.support import GUILD, NOW, counter

MESSAGES, MEMBERS, CHANNELS, DAYS = 10_000_000, 3_000, 40, 365
MOST_SECONDS = 0.1
BEFORE = 10  # channels that the reader may not read
SUMS = "count(*), sum(n % 3 / 2), sum(n % 11 / 10), sum(n % 23 / 22), sum(n % 2001 - 1000), sum(n % 5 / 4), 0"
COLUMNS = "messages, replies, questions, helped, mood, positive, negative"


class Channels:
    """Channels that all may read, but for the last of them."""

    def place(self, channel_id: int) -> Place | None:
        return Place(channel_id, GUILD, PlaceKind.TEXT) if channel_id <= CHANNELS - BEFORE else None

    def roles(self, guild_id: int) -> GuildRoles | None:
        return GuildRoles(guild_id, 99, {guild_id: Role((1 << 64) - 1 - (1 << 3))})


async def fill(engine: AsyncEngine) -> None:
    """Count ten million messages into the sums, in SQL: who writes much and little, and where, as on a server."""
    is_sqlite = engine.dialect.name == "sqlite"
    numbers = (
        f"WITH RECURSIVE digits(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM digits WHERE n < {MESSAGES - 1}) "
        if is_sqlite
        else f"WITH digits(n) AS (SELECT generate_series(0, {MESSAGES - 1})) "
    )
    first = NOW.date() - timedelta(days=DAYS - 1)
    day = f"date('{first}', (n * 7919 % {DAYS}) || ' days')" if is_sqlite else f"date '{first}' + (n * 7919::bigint % {DAYS})::int"
    month = "strftime('%Y-%m-01', date)" if is_sqlite else "date_trunc('month', date)::date"
    # Squared, so that some members and channels have many and most have few.
    user = f"1 + (n * 104729 % 65521) * (n * 104729 % 65521) / (65521 * 65521 / {MEMBERS} + 1)"
    channel = f"1 + (n * 15485863 % 65519) * (n * 15485863 % 65519) / (65519 * 65519 / {CHANNELS} + 1)"
    if not is_sqlite:
        user, channel = user.replace("n *", "n::bigint *"), channel.replace("n *", "n::bigint *")
        user, channel = user.replace("65521 * 65521", "65521::bigint * 65521"), channel.replace("65519 * 65519", "65519::bigint * 65519")
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE TEMPORARY TABLE made AS {numbers} SELECT n, {day} AS date, {user} AS user_id, {channel} AS channel_id, n % 24 AS hour FROM digits"))
        days = "INSERT INTO daily_user_statistics (guild_id, channel_id, date, user_id, {}) "
        await connection.execute(text(days.format(COLUMNS) + f"SELECT {GUILD}, channel_id, date, user_id, {SUMS} FROM made GROUP BY 2, 3, 4"))
        again = ", ".join(f"sum({name})" for name in COLUMNS.split(", "))
        for table, key, wanted in (
            ("daily_user_statistics", "channel_id, date, user_id", "0, date, user_id"),
            ("daily_channel_statistics", "channel_id, date", "channel_id, date"),
        ):
            await connection.execute(text(f"INSERT INTO {table} (guild_id, {key}, {COLUMNS}) SELECT {GUILD}, {wanted}, {again} FROM daily_user_statistics WHERE channel_id > 0 GROUP BY {', '.join(str(2 + place) for place in range(key.count(',') + 1))}"))
        await connection.execute(text(f"INSERT INTO daily_channel_statistics (guild_id, channel_id, date, {COLUMNS}) SELECT {GUILD}, 0, date, {again} FROM daily_channel_statistics GROUP BY date"))
        await connection.execute(text(f"INSERT INTO monthly_user_statistics (guild_id, month, user_id, {COLUMNS}) SELECT {GUILD}, {month}, user_id, {again} FROM daily_user_statistics WHERE channel_id = 0 GROUP BY 2, 3"))
        for channel in ("channel_id", "0"):
            await connection.execute(text(f"INSERT INTO hourly_channel_statistics (guild_id, channel_id, date, hour, messages) SELECT {GUILD}, {channel}, date, hour, count(*) FROM made GROUP BY 2, 3, 4"))
        await connection.execute(text("DROP TABLE made"))
    async with engine.connect() as connection:
        await connection.execute(text("ANALYZE"))
        await connection.commit()


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
            print(f"{engine.dialect.name} {name} {days} days: {[round(each * 1_000) for each in taken]} ms")  # noqa: T201
            assert taken[2] < MOST_SECONDS
