"""How people felt in some days, who helped, who is new: for a summary, in the places its readers may read."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.db.activity import Days, Said
from bot.db.database import Database
from bot.domain.snowflake import snowflake_at
from bot.domain.statistics import Driver, Drop, Figures, driver_of, sudden_drop
from bot.domain.summaries import Span
from bot.services.statistics.activity import each_day

DAYS_BEFORE: Final = 7
LISTED: Final = 5
CONSIDERED: Final = 50  # messages, since those of who opted out are left out


@dataclass(frozen=True, slots=True)
class Mood:
    """The feelings of some days; nobody is named for bad ones.

    Attributes:
        before: of the `DAYS_BEFORE` days before, together.
        driver: the channel that moved the average most in the direction it went.
        appreciated: the messages most members said yes to.
        contributors: members by messages; `helpers` by answers that got thanks or a check mark.
        newcomers: who wrote here for the first time; nobody while the bot itself is new.
    """

    days: Days
    total: Figures
    before: Figures
    by_channel: Mapping[int, Figures]
    driver: Driver[int] | None
    appreciated: Sequence[Said]
    contributors: Sequence[tuple[int, Figures]]
    helpers: Sequence[tuple[int, Figures]]
    newcomers: Sequence[int]

    @property
    def change(self) -> float | None:
        """How the average differs from the days before; None when there is nothing to compare."""
        if not self.total.messages or not self.before.messages:
            return None
        return self.total.average - self.before.average


@dataclass(frozen=True, slots=True)
class StaffMood:
    """What only staff are told: whether feelings fell suddenly, where most, and messages that show it."""

    drop: Drop | None
    driver: Driver[int] | None
    examples: Sequence[Said]  # the most negative first; without their writers


class MoodService:
    """Tells the feelings of some days from sums, and the messages that stand for them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.opted_out: Callable[[int, int], bool] = lambda _guild_id, _user_id: False

    async def of(
        self, guild_id: int, days: Days, span: Span, channels: Collection[int], places: Collection[int]
    ) -> Mood:
        """Return the feelings of some days.

        Args:
            guild_id: the server.
            days: on the server's clocks.
            span: the same in UTC.
            channels: whose figures its readers may see.
            places: of these and their threads, where they may read messages.
        """
        earlier = _week_before(days)
        ids = (snowflake_at(span.start), snowflake_at(span.end))
        async with self._database.reading() as tx:
            activity = tx.activity
            now = _of(await activity.by_channel(guild_id, days), channels)
            before = _of(await activity.by_channel(guild_id, earlier), channels)
            ranked = await activity.ranked(guild_id, days, LISTED, channels)
            appreciated = await activity.appreciated(guild_id, ids, places, CONSIDERED)
            first = await activity.first_day(guild_id)
            is_known = first is not None and first <= earlier.first
            newcomers = await activity.newcomers(guild_id, days, channels) if is_known else []
        return Mood(
            days=days,
            total=sum(now.values(), Figures()),
            before=sum(before.values(), Figures()),
            by_channel=now,
            driver=driver_of(now, before),
            appreciated=self._quotable(guild_id, appreciated),
            contributors=self._shown(guild_id, ranked.contributors),
            helpers=self._shown(guild_id, ranked.helpers),
            newcomers=[each for each in newcomers if not self.opted_out(guild_id, each)],
        )

    async def for_staff(
        self, guild_id: int, days: Days, span: Span, channels: Collection[int], places: Collection[int]
    ) -> StaffMood:
        """Return what staff are told beyond that; arguments as for `of`, of what staff may read."""
        earlier = _week_before(days)
        ids = (snowflake_at(span.start), snowflake_at(span.end))
        nothing = Figures()
        async with self._database.reading() as tx:
            by_day = await tx.activity.by_day(guild_id, Days(earlier.first, days.last), channels)
            now = _of(await tx.activity.by_channel(guild_id, days), channels)
            before = _of(await tx.activity.by_channel(guild_id, earlier), channels)
            examples = await tx.activity.negative(guild_id, ids, places, CONSIDERED)
        total = sum(now.values(), nothing)
        drop = sudden_drop(total, [by_day.get(day, nothing) for day in each_day(earlier)])
        driver = driver_of(now, before)
        fell = driver is not None and driver.part < 0
        return StaffMood(drop, driver if fell else None, self._quotable(guild_id, examples))

    def _shown(self, guild_id: int, members: Sequence[tuple[int, Figures]]) -> Sequence[tuple[int, Figures]]:
        return [each for each in members if not self.opted_out(guild_id, each[0])]

    def _quotable(self, guild_id: int, said: Sequence[Said]) -> Sequence[Said]:
        return [each for each in said if not self.opted_out(guild_id, each.author_id)][:LISTED]


def _week_before(days: Days) -> Days:
    return Days(days.first - timedelta(days=DAYS_BEFORE), days.first - timedelta(days=1))


def _of(figures: Mapping[int, Figures], channels: Collection[int]) -> dict[int, Figures]:
    return {key: each for key, each in figures.items() if key in channels}
