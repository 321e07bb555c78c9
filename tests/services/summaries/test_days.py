"""Days as members write them for `/summary range`."""

from datetime import UTC, datetime

import pytest

from bot.domain.errors import UserFacingError
from bot.services.summaries.days import chosen_days

NOW = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)  # clocks went forward in Berlin that night


def test_days_are_those_of_the_servers_clocks() -> None:
    span = chosen_days(" 2026-03-27", "2026-03-28 ", "Europe/Berlin", NOW)
    assert span.start == datetime(2026, 3, 26, 23, tzinfo=UTC)
    assert span.end == datetime(2026, 3, 28, 23, tzinfo=UTC)
    alone = chosen_days("2026-03-27", None, "Europe/Berlin", NOW)
    assert (alone.end - alone.start).days == 1


@pytest.mark.parametrize("last", [None, "2026-03-29", "2026-12-31", "9999-12-31"])
def test_what_is_still_to_come_is_left_out(last: str | None) -> None:
    assert chosen_days("2026-03-29", last, "Europe/Berlin", NOW).end == NOW


def test_a_quarter_of_a_year_is_the_most() -> None:
    assert chosen_days("2025-12-28", "2026-03-29", "UTC", NOW).end == NOW
    with pytest.raises(UserFacingError, match=r"93 days\. Choose up to 92"):
        chosen_days("2025-12-27", "2026-03-29", "UTC", NOW)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ("yesterday", None, "'yesterday' is no day. Write it like 2026-03-01"),
        ("2026-02-30", None, "is no day"),
        ("2026-03-01", "soon", "'soon' is no day"),
        ("x" * 4_000, None, "is no day"),
        ("2026-03-28", "2026-03-01", "Put the earlier day first"),
        ("2026-03-30", None, "still to come"),
        ("9999-12-31", None, "still to come"),
        ("0001-01-01", None, "Discord began in 2015"),
    ],
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC"])
def test_a_mistake_is_told_with_its_fix(first: str, last: str | None, told: str, zone: str) -> None:
    now = NOW.replace(hour=1)
    with pytest.raises(UserFacingError) as caught:
        chosen_days(first, last, zone, now)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 200
