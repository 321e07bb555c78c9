from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.errors import UserFacingError
from bot.domain.quiet_hours import QuietHours

NIGHT = QuietHours.parse("22:00-07:00")
NOON = QuietHours.parse("12:00-13:30")


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


class TestParse:
    @pytest.mark.parametrize("text", ["22:00-07:00", " 22:00-07:00 "])
    def test_reads_start_and_end(self, text: str) -> None:
        assert QuietHours.parse(text) == QuietHours(time(22), time(7))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "22-7",
            "22:00",
            "24:00-07:00",
            "22:60-07:00",
            "7:00-8:00",
            "22:00-22:00",
            "22:00-07:00x",
            "none",
        ],
    )
    def test_says_how_it_is_written(self, text: str) -> None:
        with pytest.raises(UserFacingError, match="`22:00-07:00`"):
            QuietHours.parse(text)

    @given(st.times(), st.times())
    def test_every_pair_of_different_times_can_be_written(self, start: time, end: time) -> None:
        start, end = start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
        text = f"{start:%H:%M}-{end:%H:%M}"
        if start == end:
            with pytest.raises(UserFacingError):
                QuietHours.parse(text)
        else:
            assert QuietHours.parse(text) == QuietHours(start, end)


class TestContain:
    @pytest.mark.parametrize(
        ("hours", "moment", "inside"),
        [
            (NOON, "2026-03-01T11:59:59", False),
            (NOON, "2026-03-01T12:00", True),
            (NOON, "2026-03-01T13:29:59", True),
            (NOON, "2026-03-01T13:30", False),
            (NIGHT, "2026-03-01T21:59:59", False),
            (NIGHT, "2026-03-01T22:00", True),
            (NIGHT, "2026-03-01T00:00", True),
            (NIGHT, "2026-03-01T06:59:59", True),
            (NIGHT, "2026-03-01T07:00", False),
        ],
    )
    def test_from_start_up_to_end(self, hours: QuietHours, moment: str, inside: bool) -> None:
        assert hours.contain(at(moment), "UTC") is inside

    @pytest.mark.parametrize(
        ("zone", "inside"), [("UTC", True), ("Asia/Kolkata", False), ("America/New_York", False)]
    )
    def test_on_the_clocks_of_the_zone(self, zone: str, inside: bool) -> None:
        assert NOON.contain(at("2026-03-01T12:30"), zone) is inside

    def test_the_hour_that_comes_twice_is_quiet_both_times(self) -> None:
        hours = QuietHours.parse("02:00-03:00")
        first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in Berlin, summer time
        assert hours.contain(first, "Europe/Berlin")
        assert hours.contain(first + timedelta(hours=1), "Europe/Berlin")
        assert not hours.contain(first + timedelta(hours=2), "Europe/Berlin")

    def test_an_hour_that_does_not_come_is_never_quiet(self) -> None:
        hours = QuietHours.parse("02:00-03:00")
        midnight = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
        quiet = [m for m in range(24 * 60) if hours.contain(midnight + timedelta(minutes=m), "Europe/Berlin")]
        assert quiet == []

    def test_a_day_that_begins_at_one_in_beirut(self) -> None:
        before = datetime(2026, 3, 28, 21, 59, tzinfo=UTC)  # 23:59; the next minute is 01:00
        assert NIGHT.contain(before, "Asia/Beirut")
        assert NIGHT.contain(before + timedelta(minutes=1), "Asia/Beirut")
        begun_at_midnight = QuietHours.parse("00:00-01:00")
        assert not begun_at_midnight.contain(before + timedelta(minutes=1), "Asia/Beirut")

    @given(st.times(), st.times(), st.integers(0, 10 * 365 * 24 * 60))
    def test_swapped_hours_are_the_rest_of_the_day(self, start: time, end: time, minutes: int) -> None:
        assume(start != end)
        moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        inside = QuietHours(start, end).contain(moment, "Asia/Beirut")
        assert QuietHours(end, start).contain(moment, "Asia/Beirut") is not inside
