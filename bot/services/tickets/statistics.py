"""How quickly tickets are answered and solved, by whom, and how members rate that."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from bot.db.database import Database
from bot.db.ticket_statistics import Count, Times
from bot.domain.tickets import Role
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.tickets.settings import TicketSettingsService
from bot.texts import text

MAX_TICKETS: Final = 50_000  # of which times are read
K = TypeVar("K", bound=Hashable)


class Spread(NamedTuple):
    """Durations in seconds; None where there are none."""

    median: float | None = None
    p90: float | None = None


class Line(NamedTuple):
    """The tickets of one category or member of staff."""

    name: str  # a category's; a member is shown by their id
    user_id: int | None
    tickets: Count
    response: Spread
    resolution: Spread
    messages: int = 0  # written in tickets


class Day(NamedTuple):
    """One day on the server's clocks; durations count on the day the ticket was opened."""

    date: date
    opened: int
    solved: int
    response: Spread
    resolution: Spread


@dataclass(frozen=True, slots=True)
class TicketStatistics:
    """A server's tickets of the last `days` days, by the day they were opened; the oldest day first."""

    days: Sequence[Day]
    total: Count
    response: Spread
    resolution: Spread
    categories: Sequence[Line]  # most tickets first
    staff: Sequence[Line]
    answered_by: Mapping[str | None, int]  # training, llm or staff; None: nobody yet
    ratings: Mapping[int, int]  # 1 to 5
    living: Mapping[str, int]  # by state, whenever opened


class TicketStatisticsService:
    """Counts a server's tickets."""

    def __init__(
        self, database: Database, clock: Clock, guilds: GuildService, settings: TicketSettingsService
    ) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._settings = settings

    async def of(self, guild_id: int, days: int) -> TicketStatistics:
        """Return the figures of today and the `days` - 1 days before it, in the server's time zone."""
        zone = ZoneInfo(self._guilds.policy(guild_id).timezone)
        today = self._clock.now().astimezone(zone).date()
        first = today - timedelta(days=days - 1)
        since = datetime(first.year, first.month, first.day, tzinfo=zone)
        async with self._database.reading() as tx:
            counts = tx.ticket_statistics
            times = await counts.times(guild_id, since, MAX_TICKETS)
            by_category = await counts.by_category(guild_id, since)
            by_holder = await counts.by_holder(guild_id, since)
            written = await counts.written_by(guild_id, since, Role.STAFF)
            return TicketStatistics(
                days=_days(times, first, days, zone),
                total=await counts.total(guild_id, since),
                response=_response(times),
                resolution=_resolution(times),
                categories=self._categories(guild_id, by_category, times),
                staff=_staff(by_holder, written, times),
                answered_by=await counts.answered_by(guild_id, since),
                ratings=await counts.ratings(guild_id, since),
                living=await counts.living(guild_id),
            )

    def _categories(
        self, guild_id: int, counts: Mapping[int | None, Count], times: Sequence[Times]
    ) -> list[Line]:
        nameless = text("ticket_statistics.no_category")
        groups = _grouped(times, lambda each: each.category_id)
        names = {each.id: each.name for each in self._settings.categories(guild_id)}
        lines = [
            Line(
                (names.get(category_id) if category_id else None) or nameless,
                None,
                count,
                _response(groups[category_id]),
                _resolution(groups[category_id]),
            )
            for category_id, count in counts.items()
        ]
        return sorted(lines, key=lambda line: (-line.tickets.opened, line.name))


def _staff(counts: Mapping[int, Count], written: Mapping[int, int], times: Sequence[Times]) -> list[Line]:
    groups = _grouped(times, lambda each: each.claimed_by)
    lines = [
        Line(
            "",
            user_id,
            counts.get(user_id, Count(0, 0, None)),
            _response(groups[user_id]),
            _resolution(groups[user_id]),
            written.get(user_id, 0),
        )
        for user_id in counts.keys() | written.keys()
    ]
    return sorted(lines, key=lambda line: (-line.tickets.opened, -line.messages, line.user_id))


def _days(times: Sequence[Times], first: date, count: int, zone: ZoneInfo) -> list[Day]:
    groups = _grouped(times, lambda each: each.opened_at.astimezone(zone).date())
    solved = Counter(each.solved_at.astimezone(zone).date() for each in times if each.solved_at is not None)
    dates = [first + timedelta(days=number) for number in range(count)]
    return [
        Day(day, len(groups[day]), solved[day], _response(groups[day]), _resolution(groups[day]))
        for day in dates
    ]


def _grouped(times: Sequence[Times], key: Callable[[Times], K]) -> defaultdict[K, list[Times]]:
    groups: defaultdict[K, list[Times]] = defaultdict(list)
    for each in times:
        groups[key(each)].append(each)
    return groups


def _response(times: Sequence[Times]) -> Spread:
    return _spread([(each.opened_at, each.first_response_at) for each in times])


def _resolution(times: Sequence[Times]) -> Spread:
    return _spread([(each.opened_at, each.solved_at) for each in times])


def _spread(times: Sequence[tuple[datetime, datetime | None]]) -> Spread:
    """Return median and 90th percentile, between two values in proportion."""
    seconds = [(end - begin).total_seconds() for begin, end in times if end is not None]
    if not seconds:
        return Spread()
    median, p90 = np.percentile(seconds, [50, 90])
    return Spread(float(median), float(p90))
