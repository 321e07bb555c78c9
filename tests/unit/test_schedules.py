"""When a summary is due: each day once, whatever the clocks do and however long the bot was off."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.schedules import LONGEST, Last, Run, Schedule, day_span, due, next_run
from bot.domain.summaries import Span

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def runs(
    schedule: Schedule, start: datetime, end: datetime, off: tuple[datetime, datetime] | None = None
) -> list[Run]:
    """Look each minute as a running bot does, but not while it is `off`."""
    found: list[Run] = []
    now = start
    while now < end:
        last = Last(found[-1].date, found[-1].span.end) if found else None
        if (off is None or not off[0] <= now < off[1]) and (run := due(schedule, last, now)):
            found.append(run)
        now += MINUTE
    return found


@pytest.mark.parametrize(
    ("zone", "at", "middle"),
    [
        ("Asia/Beirut", time(0), date(2024, 3, 31)),  # has no midnight
        ("Europe/Berlin", time(2, 30), date(2026, 3, 29)),  # has no half past two
        ("Europe/Berlin", time(2, 30), date(2026, 10, 25)),  # has two
        ("America/Havana", time(0), date(2025, 11, 2)),  # has two midnights
        ("Australia/Lord_Howe", time(2), date(2026, 4, 5)),  # goes back by half an hour
        ("Africa/Casablanca", time(2, 59), date(2026, 3, 22)),
    ],
)
def test_each_date_has_one_run_and_nothing_is_left_out_when_clocks_change(
    zone: str, at: time, middle: date
) -> None:
    noon = datetime.combine(middle, time(12), ZoneInfo(zone)).astimezone(UTC)
    found = runs(Schedule(at, zone, LONG_AGO), noon - timedelta(days=2, hours=1), noon + timedelta(days=2))
    assert [run.date for run in found] == [middle + timedelta(days=each) for each in range(-2, 3)]
    assert all(later.span.start == earlier.span.end for earlier, later in itertools.pairwise(found))


def test_a_date_that_a_zone_left_out_has_no_run_of_its_own() -> None:
    schedule = Schedule(time(0), "Pacific/Apia", LONG_AGO)
    found = runs(schedule, datetime(2011, 12, 28, 11, tzinfo=UTC), datetime(2012, 1, 1, 12, tzinfo=UTC))
    ends = [run.span.end for run in found]
    assert len(set(ends)) == len(ends)
    assert all(later - earlier == timedelta(days=1) for earlier, later in itertools.pairwise(ends))


def test_what_was_missed_is_one_run_that_begins_where_the_last_one_ended() -> None:
    schedule = Schedule(time(0), "UTC", LONG_AGO)
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    off = (datetime(2026, 5, 2, 23, 59, tzinfo=UTC), datetime(2026, 5, 5, 8, tzinfo=UTC))
    found = runs(schedule, start, datetime(2026, 5, 6, 1, tzinfo=UTC), off)
    assert [run.date.day for run in found] == [1, 2, 5, 6]
    assert [run.span.start.day for run in found] == [24, 1, 2, 5]
    assert due(schedule, None, off[1]) is not None


def test_a_run_looks_back_no_longer_than_a_week() -> None:
    schedule = Schedule(time(0), "UTC", LONG_AGO)
    run = due(
        schedule,
        Last(date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),
        datetime(2026, 5, 1, 3, tzinfo=UTC),
    )
    assert run is not None
    assert run.span.end - run.span.start == LONGEST


def test_two_looks_at_the_same_second_find_it_once() -> None:
    now = datetime(2026, 5, 1, 8, tzinfo=UTC)
    schedule = Schedule(time(8), "UTC", now - timedelta(days=1, hours=12))
    run = due(schedule, None, now)
    assert run == Run(date(2026, 5, 1), Span(schedule.since, now))
    assert due(schedule, Last(run.date, run.span.end), now) is None
    early = due(schedule, None, now - timedelta(seconds=1))
    assert early is not None
    assert early.date == date(2026, 4, 30)


def test_what_was_due_before_it_was_set_is_not_due() -> None:
    set_at = datetime(2026, 5, 1, 9, tzinfo=UTC)
    schedule = Schedule(time(8), "UTC", set_at)
    assert due(schedule, None, set_at + MINUTE) is None
    assert next_run(schedule, None, set_at) == datetime(2026, 5, 2, 8, tzinfo=UTC)
    assert due(schedule, None, datetime(2026, 5, 2, 8, tzinfo=UTC)) is not None


def test_only_chosen_weekdays_have_a_run_and_the_next_tells_of_the_days_between() -> None:
    schedule = Schedule(time(7), "UTC", LONG_AGO, frozenset({0, 4}))  # Monday, Friday
    found = runs(schedule, datetime(2026, 5, 8, tzinfo=UTC), datetime(2026, 5, 16, tzinfo=UTC))
    assert [run.date.weekday() for run in found] == [0, 4, 0, 4]
    assert found[-1].span.end - found[-1].span.start == timedelta(days=4)
    assert due(Schedule(time(7), "UTC", LONG_AGO, frozenset()), None, LONG_AGO + LONGEST) is None
    assert next_run(Schedule(time(7), "UTC", LONG_AGO, frozenset()), None, LONG_AGO) is None


def test_a_time_moved_back_or_forth_gives_a_date_no_second_run() -> None:
    last = Last(date(2026, 5, 1), datetime(2026, 5, 1, 8, tzinfo=UTC))
    later = Schedule(time(20), "UTC", datetime(2026, 5, 1, 9, tzinfo=UTC))
    assert due(later, last, datetime(2026, 5, 1, 21, tzinfo=UTC)) is None
    run = due(later, last, datetime(2026, 5, 2, 20, tzinfo=UTC))
    assert run is not None
    assert run.span.start == last.end


def test_a_zone_a_day_ahead_has_no_run_that_ends_before_the_last_one() -> None:
    last = Last(date(2026, 3, 2), datetime(2026, 3, 2, 11, tzinfo=UTC))  # midnight in Pago Pago
    moved = Schedule(
        time(0), "Pacific/Kiritimati", LONG_AGO
    )  # 25 hours ahead: its 3 March began an hour before
    assert due(moved, last, datetime(2026, 3, 2, 11, 30, tzinfo=UTC)) is None
    run = due(moved, last, datetime(2026, 3, 3, 10, tzinfo=UTC))
    assert run == Run(date(2026, 3, 4), Span(last.end, datetime(2026, 3, 3, 10, tzinfo=UTC)))


def test_a_local_day_has_23_24_or_25_hours() -> None:
    hours = [
        (span := day_span(day, "Europe/Berlin")).end - span.start
        for day in (date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25))
    ]
    assert hours == [timedelta(hours=each) for each in (23, 24, 25)]
