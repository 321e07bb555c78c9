"""Days as members write them."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.errors import UserFacingError
from bot.domain.schedules import day_span
from bot.domain.summaries import Span
from bot.texts import text

LONGEST: Final = 92  # days
_FIRST_YEAR: Final = 2015  # of Discord


def chosen_days(first: str, last: str | None, zone: str, now: datetime) -> Span:
    """Return the time of some local days up to `now`; without `last` it is the first one alone.

    Raises:
        UserFacingError: a day is written wrongly, or they are none to sum up.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    begin = _day(first)
    end = min(_day(last or first), today)  # what is to come has nothing in it, but may be named
    if begin > today:
        raise UserFacingError(text("summaries.day_to_come", day=begin, today=today))
    if begin > end:
        raise UserFacingError(text("summaries.day_order", first=begin, last=end))
    if begin.year < _FIRST_YEAR:
        raise UserFacingError(text("summaries.day_before_discord", year=begin.year, first=_FIRST_YEAR))
    if (days := (end - begin).days + 1) > LONGEST:
        raise UserFacingError(text("summaries.days_many", first=begin, last=end, count=days, most=LONGEST))
    return Span(day_span(begin, zone).start, min(day_span(end, zone).end, now))


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise UserFacingError(text("summaries.day_wrong", written=f"{written[:40]!r}")) from None
