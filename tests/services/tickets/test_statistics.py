"""Figures of tickets: medians by day, category and staff on the server's clocks; and their picture."""

import struct
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.db.ticket_statistics import Count
from bot.services.guilds import GuildService
from bot.services.support_roles import SupportRoles
from bot.services.tickets.chart import MAX_ALT, describe, draw, duration
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tickets.statistics import Day, Spread, TicketStatistics, TicketStatisticsService
from bot.settings import OrchestratorSettings
from cogs.tickets.statistics_embed import statistics_embed
from tests.db.support import ticket
from tests.fakes import FakeClock
from tests.services.support import GUILD, NOW

EMPTY = Spread()
ALL_FIELDS = 6_000  # characters of an embed; Discord refuses more


@pytest.fixture
async def service(database: Database, clock: FakeClock) -> TicketStatisticsService:
    guilds = GuildService(database, clock, OrchestratorSettings())
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
    await guilds.set_timezone(GUILD, "Asia/Tokyo")
    settings = TicketSettingsService(database, clock, guilds, SupportRoles())
    await settings.set_categories(GUILD, "Billing\nBugs")
    return TicketStatisticsService(database, clock, guilds, settings)


async def opened(database: Database, *rows: dict[str, Any]) -> None:
    async with database.transaction() as tx:
        for number, row in enumerate(rows, 1):
            await tx.tickets.add(ticket(number, guild_id=GUILD, **row))


def solved(hours_ago: float, answered: float, after: float, **values: Any) -> dict[str, Any]:
    """A ticket opened some hours ago, with its first answer and its end in seconds after that."""
    begin = NOW - timedelta(hours=hours_ago)
    return {
        "opened_at": begin, "first_response_at": begin + timedelta(seconds=answered), "state": "closed",
        "closed_at": begin + timedelta(seconds=after),
    } | values  # fmt: skip


async def test_durations_by_day_category_and_staff(
    database: Database, service: TicketStatisticsService
) -> None:
    # It is noon in UTC and 21:00 in Tokyo: its day began 21 hours ago.
    bugs = 2
    await opened(
        database,
        solved(1, 10, 100, category_id=bugs, claimed_by=7, first_response_by="training"),
        solved(20, 20, 200, category_id=bugs, claimed_by=7, first_response_by="staff"),
        solved(20.5, 90, 900, claimed_by=8, rating=3, rated_at=NOW),
        solved(22, 40, 400),
        {"opened_at": NOW},
        solved(46, 1, 1),  # the day before yesterday
    )
    found = await service.of(GUILD, 2)
    assert found.total == Count(5, 4, 3.0)
    assert found.response == pytest.approx(Spread(30, 75))
    assert [(day.date, day.opened, day.solved) for day in found.days] == [
        (date(2026, 2, 28), 1, 1), (date(2026, 3, 1), 4, 3)
    ]  # fmt: skip
    assert found.days[0].response == Spread(40, 40)
    assert found.days[1].resolution == pytest.approx(Spread(200, 760))
    assert [(line.name, line.tickets.opened, line.response.median) for line in found.categories] == [
        ("no category", 3, 65), ("Bugs", 2, 15)
    ]  # fmt: skip
    assert [(line.user_id, line.resolution.median) for line in found.staff] == [(7, 150), (8, 900)]
    assert found.answered_by == {"training": 1, "staff": 1, None: 3}
    assert (found.living, found.ratings) == ({"open": 1}, {3: 1})


async def test_a_server_without_tickets_has_empty_days(service: TicketStatisticsService) -> None:
    found = await service.of(GUILD, 3)
    assert [(day.opened, day.response) for day in found.days] == [(0, EMPTY)] * 3
    assert found.response == EMPTY
    assert "0" in str(statistics_embed(found, "").description)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "under 1 s"),
        (59, "59 s"),
        (90, "2 min"),
        (5_400, "1.5 h"),
        (172_800, "2 days"),
        (864_000, "10 days"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


async def test_the_embed_says_it_when_there_is_no_picture_and_always_fits(
    database: Database, service: TicketStatisticsService
) -> None:
    rows = [solved(1, 10, 100, claimed_by=10**18 + who, rating=5, rated_at=NOW) for who in range(40)]
    await opened(database, *rows)
    found = await service.of(GUILD, 365)
    embed = statistics_embed(found, "matplotlib is not installed")
    assert "matplotlib is not installed" in str(embed.footer.text)
    assert "matplotlib" not in str(statistics_embed(found, "").footer.text)
    assert len(embed) < ALL_FIELDS
    assert all(len(field.value or "") <= 1_024 for field in embed.fields)
    assert "and 32 more" in str(embed.fields[-1].value)


def figures(days: int) -> TicketStatistics:
    """Figures as they might be."""
    first = date(2026, 2, 1)
    rows = [
        Day(
            first + timedelta(days=number), 3 + number * 7 % 5, 2 + number * 5 % 6,
            Spread(300 + 90 * (number % 4), 900), Spread(20_000 + 9_000 * (number % 5), 90_000),
        )
        for number in range(days)
    ]  # fmt: skip
    known: dict[str, Any] = {
        "days": rows, "total": Count(150, 131, 4.2), "response": Spread(420, 5_400),
        "resolution": Spread(30_000, 200_000), "categories": [], "staff": [],
        "answered_by": {"training": 71, "llm": 22, "staff": 49, None: 8},
        "ratings": {1: 4, 2: 3, 3: 9, 4: 28, 5: 47}, "living": {"open": 3, "waiting_staff": 4},
    }  # fmt: skip
    return TicketStatistics(**known)


@pytest.mark.parametrize("days", [1, 30, 365])
def test_the_picture_is_drawn_and_described(days: int) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = figures(days)
    data = draw(found)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1_100, 704)
    assert len(describe(found)) <= MAX_ALT
    assert "First answer after 7 min (median), 9 of 10 within 1.5 h." in describe(found)
    assert "71 by training" in describe(found)


def test_a_picture_of_little_is_drawn_too() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    empty = [Day(date(2026, 2, 1), 1, 0, EMPTY, EMPTY), Day(date(2026, 2, 2), 0, 0, EMPTY, EMPTY)]
    found = replace(
        figures(2), days=empty, total=Count(1, 0, None), response=EMPTY, resolution=EMPTY,
        answered_by={None: 1}, ratings={},
    )  # fmt: skip
    assert draw(found).startswith(b"\x89PNG")
    assert "Solved: none yet." in describe(found)
