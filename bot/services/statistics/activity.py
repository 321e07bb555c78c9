"""What a server's figures tell: to a member of themselves, and of the server as far as they may read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.db.activity import Days
from bot.db.database import Database, Transaction
from bot.domain.audience import Person
from bot.domain.errors import UserFacingError
from bot.domain.statistics import EVERYWHERE, Figures
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.configuration.changes import OWN_FIGURES, note
from bot.services.guilds import GuildService
from bot.texts import text

__all__ = ["Activity", "ActivityService", "Days", "OwnActivity"]

SCOPE: Final = "statistics_settings"  # of key-value pairs
MINE: Final = "mystats"  # there: whether members may ask for their own figures
LISTED: Final = 10  # members and channels
_EVERYWHERE: Final = (EVERYWHERE,)


@dataclass(frozen=True, slots=True)
class Activity:
    """A server's figures of some days, in the channels its reader may read.

    Attributes:
        by_day: every day of `days`, the oldest first.
        before: the sum of as many days before.
        by_hour: messages by hour of the day.
        channels: most messages first.
        contributors: members by messages; `helpers` by answers that got thanks or a check mark.
        partial: whether there are channels whose figures are left out.
    """

    days: Days
    by_day: Sequence[tuple[date, Figures]]
    total: Figures
    before: Figures
    members: int
    by_hour: Sequence[int]
    channels: Sequence[tuple[int, Figures]]
    contributors: Sequence[tuple[int, Figures]]
    helpers: Sequence[tuple[int, Figures]]
    partial: bool


@dataclass(frozen=True, slots=True)
class OwnActivity:
    """A member's figures of some days, told to nobody else; `channels` are those they may still read."""

    days: Days
    total: Figures
    before: Figures
    active_days: int
    channels: Sequence[tuple[int, Figures]]


class ActivityService:
    """Answers `/activity` and `/mystats` from sums."""

    def __init__(
        self, database: Database, clock: Clock, guilds: GuildService, audience: AudienceService
    ) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._audience = audience
        self.opted_out: Callable[[int, int], bool] = lambda _guild_id, _user_id: False

    def days(self, guild_id: int, count: int) -> Days:
        """Return today and the `count` - 1 days before it, on the server's clocks."""
        zone = ZoneInfo(self._guilds.policy(guild_id).timezone)
        today = self._clock.now().astimezone(zone).date()
        return Days(today - timedelta(days=count - 1), today)

    async def of(self, guild_id: int, count: int, reader: Person) -> Activity:
        """Return the server's figures of the last `count` days, as `reader` may see them."""
        days = self.days(guild_id, count)
        earlier = days_before(days)
        async with self._database.reading() as tx:
            activity = tx.activity
            channels = await activity.by_channel(guild_id, days)
            known = channels.keys() | (await activity.by_channel(guild_id, earlier)).keys()
            seen = self._audience.readable_sources(reader, known)
            hidden = known - seen
            by_day = await _by_day(tx, guild_id, days, hidden)
            before = await _by_day(tx, guild_id, earlier, hidden)
            by_hour = await activity.by_hour(guild_id, days, _EVERYWHERE)
            if hidden:
                away = await activity.by_hour(guild_id, days, hidden)
                by_hour = [one - two for one, two in zip(by_hour, away, strict=True)]
            ranked = await activity.ranked(guild_id, days, LISTED, _EVERYWHERE, hidden)
        return Activity(
            days=days,
            by_day=list(by_day.items()),
            total=sum(by_day.values(), Figures()),
            before=sum(before.values(), Figures()),
            members=ranked.members,
            by_hour=by_hour,
            channels=_most({key: each for key, each in channels.items() if key in seen}),
            contributors=self._shown(guild_id, ranked.contributors),
            helpers=self._shown(guild_id, ranked.helpers),
            partial=any(channels[key].messages for key in hidden if key in channels),
        )

    async def mine(self, guild_id: int, count: int, reader: Person) -> OwnActivity:
        """Return a member's own figures of the last `count` days.

        Raises:
            UserFacingError: the server's admins have switched that off.
        """
        if not await self.is_mine_allowed(guild_id):
            raise UserFacingError(text("statistics.own_switched_off"))
        days = self.days(guild_id, count)
        earlier = days_before(days)
        async with self._database.reading() as tx:
            both = await tx.activity.of_user(guild_id, reader.user_id, Days(earlier.first, days.last))
        sums = {
            channel_id: sum((each for day, each in found.items() if day >= days.first), Figures())
            for channel_id, found in both.items()
        }
        everywhere = both.get(EVERYWHERE, {})
        seen = self._audience.readable_sources(reader, both.keys() - {EVERYWHERE})
        return OwnActivity(
            days=days,
            total=sums.get(EVERYWHERE, Figures()),
            before=sum((each for day, each in everywhere.items() if day < days.first), Figures()),
            active_days=sum(day >= days.first for day in everywhere),
            channels=_most({key: each for key, each in sums.items() if key in seen and each.messages}),
        )

    async def is_mine_allowed(self, guild_id: int) -> bool:
        """Whether members may ask for their own figures."""
        async with self._database.reading() as tx:
            return bool((await tx.kv.get(SCOPE, str(guild_id)) or {}).get(MINE, True))

    async def allow_mine(self, guild_id: int, *, allowed: bool) -> None:
        """Let members ask for their own figures, or no longer."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, now)
            before = (await tx.kv.get(SCOPE, str(guild_id)) or {}).get(MINE, True)
            await tx.kv.put(SCOPE, str(guild_id), {MINE: allowed})
            await note(tx, guild_id, {OWN_FIGURES: (before, allowed)}, now)

    def _shown(self, guild_id: int, members: Sequence[tuple[int, Figures]]) -> Sequence[tuple[int, Figures]]:
        """Leave out who opted out since they were counted."""
        return [each for each in members if not self.opted_out(guild_id, each[0])]


def days_before(days: Days) -> Days:
    """Return as many days as these, right before them."""
    last = days.first - timedelta(days=1)
    return Days(last - (days.last - days.first), last)


def each_day(days: Days) -> list[date]:
    """Return every day, the oldest first."""
    return [days.first + timedelta(days=number) for number in range((days.last - days.first).days + 1)]


async def _by_day(tx: Transaction, guild_id: int, days: Days, hidden: set[int]) -> dict[date, Figures]:
    found = await tx.activity.by_day(guild_id, days, _EVERYWHERE)
    away = await tx.activity.by_day(guild_id, days, hidden) if hidden else {}
    nothing = Figures()
    return {day: found.get(day, nothing) - away.get(day, nothing) for day in each_day(days)}


def _most(channels: Mapping[int, Figures]) -> list[tuple[int, Figures]]:
    return sorted(channels.items(), key=lambda each: (-each[1].messages, each[0]))[:LISTED]
