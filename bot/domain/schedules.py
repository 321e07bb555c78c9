"""When a server's summary is due, and what time it tells of.

A run is known by the local date it was planned for, so that a day has one whatever its clocks do: a time that
comes twice counts when it comes first, and one that is left out counts as if the clocks had not been changed
yet, so that a midnight that Beirut leaves out is one o'clock.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.summaries import Span

EVERY_DAY = frozenset(range(7))
LONGEST = timedelta(days=7)  # that a run looks back, however long the bot was off
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a server wants its summary.

    Attributes:
        zone: an IANA name.
        weekdays: 0 for Monday to 6, in that zone.
        since: when it was set; what had been due before isn't.
    """

    at: time
    zone: str
    since: datetime
    weekdays: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class Last:
    """The run before: its local date, and where its time ended."""

    date: date
    end: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is due."""

    date: date
    span: Span


def due(schedule: Schedule, last: Last | None, now: datetime) -> Run | None:
    """Return the run that is due at `now`, None if there is none.

    Of several that were missed only the newest is due; its time begins where the last one's ended, so that
    nothing is left out, but not longer than `LONGEST` ago. The first begins a day before, or when it was set.
    """
    day = _newest(schedule, now)
    if day is None or not _counts(schedule, last, day):
        return None
    moment = _moment(schedule, day)
    start = min(_moment(schedule, day - _DAY), schedule.since) if last is None else last.end
    return Run(day, Span(max(start, moment - LONGEST), moment))


def next_run(schedule: Schedule, last: Last | None, now: datetime) -> datetime | None:
    """Return when the next run comes due after `now`, None if no weekday is chosen."""
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    for ahead in range(-1, 9):
        day = today + ahead * _DAY
        moment = _moment(schedule, day)
        if day.weekday() in schedule.weekdays and moment > now and _counts(schedule, last, day):
            return moment
    return None


def day_span(day: date, zone: str) -> Span:
    """Return a whole local day, which has 23 or 25 hours when clocks change."""
    tz = ZoneInfo(zone)
    start, end = (datetime.combine(each, time(0), tz).astimezone(UTC) for each in (day, day + _DAY))
    return Span(start, end)


def _counts(schedule: Schedule, last: Last | None, day: date) -> bool:
    """Whether a day's run was planned when its moment came, and is not done."""
    moment = _moment(schedule, day)
    return moment > schedule.since and (last is None or (day > last.date and moment > last.end))


def _newest(schedule: Schedule, now: datetime) -> date | None:
    """Return the newest day whose moment has come."""
    today = now.astimezone(ZoneInfo(schedule.zone)).date()
    for back in range(8):
        day = today - back * _DAY
        if day.weekday() in schedule.weekdays and _moment(schedule, day) <= now:
            return day
    return None


def _moment(schedule: Schedule, day: date) -> datetime:
    return datetime.combine(day, schedule.at, ZoneInfo(schedule.zone)).astimezone(UTC)
