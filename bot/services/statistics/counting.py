"""Counts messages into sums by day, in the background: only what has changed since, and each change once.

What changes messages or reactions marks their slot in the same transaction. Here a marked slot is read, what
each message comes to is compared with what it was counted as, and the difference is added. So the order of
events doesn't matter, and what is counted stays when the message itself is past its retention.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from loguru import logger

from bot.db.database import Database, Transaction, is_passing
from bot.db.statistics import Heard, Sums
from bot.domain.signal import Intent, Purpose, Sentiment
from bot.domain.snowflake import snowflake_at, snowflake_time
from bot.domain.statistics import (
    EVERYWHERE,
    MILLI,
    NOBODY,
    Counted,
    Figures,
    ZoneFrom,
    slot_of,
    with_zone,
    zone_at,
)
from bot.domain.thanks import is_thanks
from bot.models import Watch
from bot.services.arrival_rows import SOURCE
from bot.services.clock import Clock
from bot.services.guilds import GuildService

SCOPE: Final = "statistics_zones"  # of key-value pairs: since when a server's days are those of which zone
EVERY_SECONDS: Final = 10.0
PORTION: Final = 250  # messages in one transaction, so that writers wait only briefly
SLOTS: Final = 40  # in one query
DAYS: Final = 14  # of a member's sums in one transaction
_FEELINGS: Final = {Sentiment.NEGATIVE.value: -1, Sentiment.POSITIVE.value: 1}


class CountingService:
    """Keeps the sums equal to what is stored."""

    def __init__(self, database: Database, clock: Clock, guilds: GuildService, messages_days: int) -> None:
        """Prepare to count; messages older than `messages_days` stay counted as they are."""
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._kept = timedelta(days=messages_days)
        self._zones: dict[int, tuple[ZoneFrom, ...]] = {}  # by guild, as the database has them
        self.busy: Callable[[], bool] = lambda: False  # whether something more urgent wants the database
        self.opted_out: Callable[[int, int], bool] = lambda _guild_id, _user_id: False

    async def run(self) -> None:
        """Count what has changed, until cancelled."""
        while True:
            try:
                await self.note_zones()
                while not self.busy() and await self.count():
                    await self._clock.sleep(0)
            except Exception as error:
                if not is_passing(error):
                    raise
                logger.warning("Counting waits for the database ({})", type(error).__name__)
            await self._clock.sleep(EVERY_SECONDS)

    async def note_zones(self) -> None:
        """Note servers' new time zones soon after they change: they hold from the next day on."""
        now, changed = self._clock.now(), []
        for guild_id in self._guilds.present():
            known = self._zones.get(guild_id, ())
            if with_zone(known, self._guilds.policy(guild_id).timezone, now) != known:
                changed.append(guild_id)
        if changed:
            async with self._database.transaction() as tx:
                zones = {guild_id: await self._zones_of(tx, guild_id, now) for guild_id in changed}
            self._zones |= zones

    async def count_all(self) -> None:
        """Count until nothing is left that has changed."""
        while await self.count():
            pass

    async def count(self) -> bool:
        """Count one portion; return whether there was anything to count."""
        now = self._clock.now()
        since_id = snowflake_at(now - self._kept)
        async with self._database.reading() as tx:
            if not await tx.statistics_marks.waiting():
                return False
        async with self._database.transaction() as tx:
            marks = await tx.statistics_marks.take(SLOTS)
            heard = await tx.statistics.heard(SOURCE, marks, since_id, PORTION)
            zones = {each: await self._zones_of(tx, each, now) for each in {row.guild_id for row in heard}}
            await self._count(tx, heard, zones)
            await _settle(tx, marks, heard)
        self._zones |= zones
        return True

    async def forget(self, guild_id: int, user_id: int) -> None:
        """Take a member's name from everything counted, and their reactions; the sums of channels stay."""
        async with self._database.reading() as tx:
            ids = await tx.statistics.counted_of(guild_id, user_id)
            days, months = await tx.statistics.dates_of(guild_id, user_id)
            reactions = await tx.reactions.of_member(guild_id, user_id)
        for start in range(0, len(ids), PORTION):
            async with self._database.transaction() as tx:
                await tx.statistics.unname(ids[start : start + PORTION])
        for start in range(0, len(days), DAYS):
            async with self._database.transaction() as tx:
                some = days[start : start + DAYS]
                taken = await tx.statistics.take_days_of(guild_id, user_id, some[0], some[-1])
                await tx.statistics.add(_as_nobodys(taken))
        for month in months:
            async with self._database.transaction() as tx:
                taken = await tx.statistics.take_month_of(guild_id, user_id, month)
                await tx.statistics.add(_as_nobodys(taken))
        for start in range(0, len(reactions), PORTION):
            given = reactions[start : start + PORTION]
            async with self._database.transaction() as tx:
                await tx.reactions.forget(user_id, [message_id for message_id, _ in given])
                marked = {slot_of(message_id) for message_id, is_check in given if is_check}
                await tx.statistics_marks.mark(marked)

    async def _zones_of(self, tx: Transaction, guild_id: int, now: datetime) -> tuple[ZoneFrom, ...]:
        """Return the time zones of a server's days, with the one it has now."""
        known = self._zones.get(guild_id)
        if known is None:
            kept = (await tx.kv.get(SCOPE, str(guild_id)) or {}).get("zones", [])
            known = tuple(ZoneFrom(datetime.fromisoformat(since), zone) for since, zone in kept)
        zones = with_zone(known, self._guilds.policy(guild_id).timezone, now)
        if zones != known:
            value = {"zones": [[each.since.isoformat(), each.zone] for each in zones]}
            await tx.kv.put(SCOPE, str(guild_id), value)
        return zones

    async def _count(
        self, tx: Transaction, heard: Sequence[Heard], zones: Mapping[int, Sequence[ZoneFrom]]
    ) -> None:
        before = await tx.statistics.counted([row.message_id for row in heard])
        after: dict[int, Counted | None] = {
            row.message_id: self._counted(row, zones[row.guild_id], before) for row in heard
        }
        await tx.reactions.clear([row.message_id for row in heard if row.erased])
        changed = {key: each for key, each in after.items() if each != before.get(key)}
        await tx.statistics.keep([each for each in changed.values() if each is not None])
        await tx.statistics.drop([key for key, each in changed.items() if each is None and key in before])
        # Who was thanked may stand elsewhere, counted long ago; or here, thanked before it was counted.
        thanked = {each.thanks_to for key in changed for each in (before.get(key), changed[key]) if each}
        elsewhere = await tx.statistics.counted({each for each in thanked if each is not None} - after.keys())
        before, after = {**before, **elsewhere}, {**after, **elsewhere}
        now = {key: each for key, each in after.items() if each is not None}
        helpful = await tx.statistics.helpful(now)
        other = [
            each._replace(helped=key in helpful)
            for key, each in now.items()
            if each.helped != (key in helpful)
        ]
        await tx.statistics.keep(other)
        after |= {each.message_id: each for each in other}
        await tx.statistics.add(_sums(before, after))

    def _counted(
        self, row: Heard, zones: Sequence[ZoneFrom], before: Mapping[int, Counted]
    ) -> Counted | None:
        """Return what a message is to be counted as, None for not at all."""
        if row.erased or row.purpose == Purpose.SPAM.value:
            return None
        moment = snowflake_time(row.message_id)
        here = moment.astimezone(zone_at(zones, moment))
        known = before.get(row.message_id)
        unnamed = (known is not None and known.user_id == NOBODY) or self.opted_out(
            row.guild_id, row.author_id
        )
        thanks = row.reply_to_id is not None and is_thanks(row.content)
        return Counted(
            message_id=row.message_id,
            guild_id=row.guild_id,
            user_id=NOBODY if unnamed else row.author_id,
            channel_id=known.channel_id if known is not None else self._channel_of(row),
            date=here.date(),
            hour=here.hour,
            mood=round(row.sentiment_score * MILLI),
            feeling=_FEELINGS.get(row.sentiment, 0),
            asks=row.intent != Intent.OTHER.value,
            replies=row.reply_to_id is not None,
            thanks_to=row.reply_to_id if thanks else None,
            helped=known is not None and known.helped,  # until it is looked up
        )

    def _channel_of(self, row: Heard) -> int:
        """Return where a message is counted: a thread that was chosen by itself is a channel of its own.

        A private thread is read only where it was; its channel's readers must not see who writes in it.
        """
        return row.place_id if self._guilds.watch(row.place_id) is Watch.TRACK else row.channel_id


def _as_nobodys(taken: Sums) -> Sums:
    """Return a member's sums as they count for nobody."""
    days: dict[tuple[int, int, date, int], Figures] = defaultdict(Figures)
    months: dict[tuple[int, date, int], Figures] = defaultdict(Figures)
    for day_key, figures in taken.user_days.items():
        days[*day_key[:-1], NOBODY] += figures
    for month_key, figures in taken.user_months.items():
        months[*month_key[:-1], NOBODY] += figures
    return Sums(days, months, {}, {})


def _sums(before: Mapping[int, Counted], after: Mapping[int, Counted | None]) -> Sums:
    """Return what changes of the sums when these messages count as `after` instead of as `before`."""
    sums: Any = Sums(defaultdict(Figures), defaultdict(Figures), defaultdict(Figures), defaultdict(int))
    for key, new in after.items():
        old = before.get(key)
        if old == new:
            continue
        if old is not None:
            _add(sums, old, Figures() - old.figures)
        if new is not None:
            _add(sums, new, new.figures)
    return Sums(*sums)


def _add(sums: Any, message: Counted, figures: Figures) -> None:
    _, guild_id, user_id, channel_id, day, hour, *_ = message
    for channel in (channel_id, EVERYWHERE):
        sums.user_days[guild_id, channel, day, user_id] += figures
        sums.channel_days[guild_id, channel, day] += figures
        sums.channel_hours[guild_id, channel, day, hour] += figures.messages
    sums.user_months[guild_id, day.replace(day=1), user_id] += figures


async def _settle(tx: Transaction, marks: Collection[tuple[int, int]], heard: Sequence[Heard]) -> None:
    """Drop the marks of what has been counted; where the portion ended, go on from there."""
    if len(heard) < PORTION:
        await tx.statistics_marks.settle([slot for slot, _ in marks])
        return
    last = heard[-1].message_id
    done = [slot for slot, _ in marks if slot < slot_of(last)]
    await tx.statistics_marks.settle(done, slot_of(last), last)
