"""What members and staff are told of figures."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.activity import Days
from bot.db.database import Database
from bot.db.reactions import Reaction
from bot.domain.arrival import Change
from bot.domain.audience import Person
from bot.domain.errors import UserFacingError
from bot.domain.statistics import Figures
from bot.domain.summaries import Span
from bot.models import Watch
from bot.services.audience import AudienceService
from bot.services.guilds import ChannelSeen
from bot.services.statistics.activity import ActivityService
from bot.services.statistics.moods import MoodService
from tests.fakes import FakeClock
from tests.statistics.support import (
    ADA,
    BOB,
    CAT,
    GENERAL,
    GUILD,
    HELP,
    NOW,
    SECRET,
    THANKS,
    Places,
    counter,
    message_id,
    row,
    write,
)

READER, OWNER = Person(BOB, GUILD, frozenset()), Person(99, GUILD, frozenset())
TODAY = NOW.date()


@pytest.fixture
async def activity(database: Database) -> ActivityService:
    """A server with ten messages of Ada's, five of Bob's, and four in a channel that few read."""
    service, guilds = await counter(database)
    rows = [row(message_id(number, 1), author_id=ADA, sentiment="pos") for number in range(10)]
    rows += [row(message_id(20 + number), place_id=HELP, author_id=BOB) for number in range(5)]
    rows += [row(message_id(3_600 + number), place_id=SECRET, author_id=CAT) for number in range(4)]
    rows += [row(message_id(40, 5), author_id=CAT), row(message_id(41, 5), place_id=SECRET, author_id=CAT)]
    await write(database, Change.CREATE, *rows)
    thanks = row(message_id(50), author_id=ADA, reply_to_id=message_id(20), content=THANKS[1], place_id=HELP)
    await write(database, Change.CREATE, thanks)
    await service.count_all()
    audience = AudienceService()
    audience.read_from(Places())
    return ActivityService(database, FakeClock(NOW), guilds, audience)


async def test_a_reader_is_told_of_channels_they_may_read_alone(activity: ActivityService) -> None:
    found = await activity.of(GUILD, 3, READER)
    assert found.total.messages == 16
    assert [(day, each.messages) for day, each in found.by_day] == [
        (TODAY - timedelta(days=2), 0), (TODAY - timedelta(days=1), 10), (TODAY, 6)
    ]  # fmt: skip
    assert found.before.messages == 1
    assert found.members == 2
    assert [(key, each.messages) for key, each in found.channels] == [(GENERAL, 10), (HELP, 6)]
    assert [(key, each.messages) for key, each in found.contributors] == [(ADA, 11), (BOB, 5)]
    assert [(key, each.helped) for key, each in found.helpers] == [(BOB, 1)]
    assert (found.by_hour[12], found.by_hour[13]) == (16, 0)
    assert found.partial


async def test_who_may_read_everything_is_told_everything(activity: ActivityService) -> None:
    found = await activity.of(GUILD, 3, OWNER)
    assert found.total.messages == 20
    assert found.before.messages == 2
    assert found.members == 3
    assert [key for key, _ in found.channels] == [GENERAL, HELP, SECRET]
    assert (found.by_hour[12], found.by_hour[13]) == (16, 4)
    assert not found.partial


async def test_a_private_thread_is_not_counted_to_its_channel(database: Database) -> None:
    service, guilds = await counter(database)
    thread = GENERAL + 50
    async with database.transaction() as tx:
        await tx.channels.see([
            {"id": GENERAL, "guild_id": GUILD, "parent_id": None, "name": "general"},
            {"id": thread, "guild_id": GUILD, "parent_id": GENERAL, "name": "among us"},
        ])  # fmt: skip
    await guilds.set_watch(GUILD, ChannelSeen(thread, GENERAL, "among us"), Watch.TRACK)  # else it isn't read
    inside = {"place_id": thread, "channel_id": GENERAL, "thread_id": thread}
    rows = [row(message_id(1)), *(row(message_id(2 + n), author_id=CAT) | inside for n in range(3))]
    await write(database, Change.CREATE, *rows)
    await service.count_all()
    await guilds.set_watch(GUILD, ChannelSeen(thread, GENERAL, "among us"), Watch.DEFAULT)
    await write(database, Change.EDIT, row(message_id(2), author_id=CAT, sentiment="pos") | inside)
    await service.count_all()  # once counted there, it stays there
    audience = AudienceService()
    audience.read_from(Places())
    found = await ActivityService(database, FakeClock(NOW), guilds, audience).of(GUILD, 1, READER)
    assert (found.total.messages, found.members) == (1, 1)
    assert [key for key, _ in found.contributors] == [ADA]
    mood = await MoodService(database).of(GUILD, found.days, Span(NOW, NOW), {GENERAL}, {GENERAL})
    assert (mood.total.messages, [key for key, _ in mood.contributors]) == (1, [ADA])


async def test_ones_own_figures_name_no_channel_one_may_no_longer_read(activity: ActivityService) -> None:
    mine = await activity.mine(GUILD, 30, Person(CAT, GUILD, frozenset()))
    assert mine.total.messages == 6
    assert mine.active_days == 2
    assert [key for key, _ in mine.channels] == [GENERAL]
    await activity.allow_mine(GUILD, allowed=False)
    with pytest.raises(UserFacingError, match="switched `/mystats` off"):
        await activity.mine(GUILD, 30, READER)


async def test_who_opted_out_is_not_listed(activity: ActivityService) -> None:
    activity.opted_out = lambda _guild_id, user_id: user_id == ADA
    found = await activity.of(GUILD, 3, OWNER)
    assert [key for key, _ in found.contributors] == [BOB, CAT]


@pytest.mark.parametrize(
    "days",
    [
        Days(date(2025, 11, 17), date(2026, 3, 9)),
        Days(date(2025, 12, 1), date(2026, 2, 28)),
        Days(date(2026, 1, 2), date(2026, 1, 30)),
        Days(date(2026, 1, 31), date(2026, 2, 1)),
        Days(date(2026, 2, 1), date(2026, 2, 1)),
        Days(date(2025, 12, 31), date(2026, 3, 1)),
    ],
    ids=str,
)
async def test_whole_months_count_as_their_days_do(
    database: Database, engine: AsyncEngine, days: Days
) -> None:
    await counter(database)
    first, last, wanted = date(2025, 11, 1), date(2026, 3, 31), 0
    keys = {"monthly": "guild_id, month, user_id", "daily": "guild_id, channel_id, date, user_id"}
    async with engine.begin() as connection:
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            wanted += (number + 1) * (days.first <= day <= days.last)
            for table, more in (("daily", ", channel_id, date"), ("monthly", ", month")):
                at = str(day) if table == "daily" else str(day.replace(day=1))
                values = f"0, '{at}'" if table == "daily" else f"'{at}'"
                await connection.execute(
                    text(
                        f"INSERT INTO {table}_user_statistics (guild_id{more}, user_id, messages, replies, "  # noqa: S608
                        "questions, helped, mood, positive, negative) "
                        f"VALUES ({GUILD}, {values}, 7, {number + 1}, 0, 0, 0, 0, 0, 0) "
                        f"ON CONFLICT ({keys[table]}) DO UPDATE "
                        f"SET messages = {table}_user_statistics.messages + {number + 1}"
                    )
                )
    async with database.reading() as tx:
        found = await tx.activity.ranked(GUILD, days, 5, (0,))
    assert [(key, each.messages) for key, each in found.contributors] == [(7, wanted)]


async def test_feelings_come_with_what_drove_them_and_staff_are_told_of_a_drop(database: Database) -> None:
    service, _ = await counter(database)
    rows = []
    for day in range(8):
        for number in range(40):
            which = message_id(number, day)
            bad = number % 10 == 0 or (day == 0 and number % 2 == 0)
            rows.append(
                row(which, place_id=HELP if bad else GENERAL, author_id=ADA + number % 3,
                    content=f"text {day} {number}", sentiment="neg" if bad else "pos",
                    sentiment_score=-0.9 + number / 1_000 if bad else 0.2)
            )  # fmt: skip
    await write(database, Change.CREATE, *rows, row(message_id(50), author_id=50))
    voted = message_id(5)
    async with database.transaction() as tx:
        given = [Reaction(GUILD, voted, user, "\U0001f44d", "positive") for user in (60, 61, ADA + 5 % 3)]
        await tx.reactions.put("discord", given)
    await service.count_all()
    start = datetime(2026, 3, 10, tzinfo=UTC)
    asked = (GUILD, Days(TODAY, TODAY), Span(start, start + timedelta(days=1)))
    moods = MoodService(database)
    found = await moods.of(*asked, {GENERAL, HELP}, {GENERAL, HELP})
    assert (found.total.messages, found.before.messages) == (41, 280)
    assert found.change is not None
    assert found.change < -0.3
    assert found.driver is not None
    assert found.driver.key == HELP
    assert [(each.message_id, each.weight) for each in found.appreciated] == [(voted, 2)]
    assert found.newcomers == [50]
    assert all(figures.messages for _, figures in found.contributors)
    staff = await moods.for_staff(*asked, {GENERAL, HELP}, {GENERAL, HELP})
    assert staff.drop is not None
    assert staff.driver is not None
    assert staff.driver.key == HELP
    assert [each.message_id for each in staff.examples] == [message_id(number) for number in (0, 2, 4, 6, 8)]
    hidden = await moods.for_staff(*asked, {GENERAL}, {GENERAL})
    assert (hidden.drop, hidden.examples) == (None, [])


def test_nothing_is_divided_by_nothing() -> None:
    assert (Figures().average, Figures().share(0), Figures().neutral) == (0.0, 0.0, 0)
