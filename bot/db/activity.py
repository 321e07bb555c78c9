"""Questions about a server's figures; answered from sums, so that a year takes no longer than it must."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Select, Table, func, literal, select, text, union_all
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.statistics import CHANNEL_DAYS, CHANNEL_HOURS, FIGURES, USER_DAYS, USER_MONTHS
from bot.domain.signal import Sentiment, signal_id
from bot.domain.statistics import EVERYWHERE, NOBODY, Figures, ReactionKind
from bot.models import MessageReaction, SignalRecord

_SIGNALS: Table = SignalRecord.__table__  # type: ignore[attr-defined]
_REACTIONS: Table = MessageReaction.__table__  # type: ignore[attr-defined]
_DAY = timedelta(days=1)
_RANKED = ("messages", "helped")


class Days(NamedTuple):
    """Days on a server's clocks, both ends included."""

    first: date
    last: date


class Ranked(NamedTuple):
    """Members by what they did; of the figures, only messages and answers that helped are told."""

    members: int  # all who wrote
    contributors: Sequence[tuple[int, Figures]]  # most messages first
    helpers: Sequence[tuple[int, Figures]]  # most answers that helped first; none without


class Said(NamedTuple):
    """A message, where it is and what speaks for naming it."""

    message_id: int
    channel_id: int
    place_id: int
    author_id: int
    content: str
    weight: float  # votes, or the sentiment score


class ActivityRepository:
    """A server's figures seen by one open session; only reads."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def by_day(self, guild_id: int, days: Days, channels: Collection[int]) -> dict[date, Figures]:
        """Return what each day's messages in these channels come to; `EVERYWHERE` is all of them."""
        table = CHANNEL_DAYS.c
        query = _summed(CHANNEL_DAYS, table.date).where(*_in(CHANNEL_DAYS, guild_id, days, channels))
        return {row[0]: _figures(row[1:]) for row in await self._all(query.group_by(table.date))}

    async def by_channel(self, guild_id: int, days: Days) -> dict[int, Figures]:
        """Return what the messages of each channel come to."""
        table = CHANNEL_DAYS.c
        query = _summed(CHANNEL_DAYS, table.channel_id).where(
            table.guild_id == guild_id, table.channel_id != EVERYWHERE, table.date.between(*days)
        )
        return {row[0]: _figures(row[1:]) for row in await self._all(query.group_by(table.channel_id))}

    async def by_hour(self, guild_id: int, days: Days, channels: Collection[int]) -> list[int]:
        """Return how many messages each hour of the day had in these channels."""
        table = CHANNEL_HOURS.c
        query = select(table.hour, func.sum(table.messages)).where(
            *_in(CHANNEL_HOURS, guild_id, days, channels)
        )
        hours = [0] * 24
        for hour, messages in await self._all(query.group_by(table.hour)):
            hours[hour] = int(messages)
        return hours

    async def ranked(
        self, guild_id: int, days: Days, limit: int, channels: Collection[int], hidden: Collection[int] = ()
    ) -> Ranked:
        """Return who wrote and helped most in `channels` (`EVERYWHERE`: all), those in `hidden` left out."""
        totals = _user_totals(guild_id, days, channels, hidden).cte("totals")
        user, messages, helped = (totals.c[name] for name in ("user_id", "messages", "helped"))

        def best(kind: int, by: Any) -> Any:
            members = func.count().over().label("members")
            chosen = select(literal(kind).label("kind"), members, user, messages, helped)
            return chosen.where(messages > 0, by > 0).order_by(by.desc(), user).limit(limit).subquery()

        # One statement, so that the totals are made once.
        parts = [select(best(0, messages)), select(best(1, helped))]
        if self._session.get_bind().dialect.name == "postgresql":  # compiling it takes longer than running it
            await self._session.exec(text("SET LOCAL jit = off"))  # type: ignore[call-overload]
        rows = await self._all(union_all(*parts))
        ranked: tuple[list[tuple[int, Figures]], ...] = ([], [])
        for kind, _, *figures in rows:
            user_id, wrote, answers = map(int, figures)
            ranked[kind].append((user_id, Figures(messages=wrote, helped=answers)))
        most = sorted(ranked[0], key=lambda each: (-each[1].messages, each[0]))
        return Ranked(
            next((members for kind, members, *_ in rows if kind == 0), 0),
            most,
            sorted(ranked[1], key=lambda each: (-each[1].helped, each[0])),
        )

    async def of_user(self, guild_id: int, user_id: int, days: Days) -> Mapping[int, Mapping[date, Figures]]:
        """Return what a member's messages come to, by channel (`EVERYWHERE` among them) and day."""
        table = USER_DAYS.c
        columns = [table[name] for name in ("channel_id", "date", *FIGURES)]
        query = select(*columns).where(
            table.guild_id == guild_id, table.user_id == user_id, table.date.between(*days)
        )
        found: dict[int, dict[date, Figures]] = {}
        for channel_id, day, *figures in await self._all(query):
            found.setdefault(channel_id, {})[day] = _figures(figures)
        return found

    async def newcomers(self, guild_id: int, days: Days, channels: Collection[int]) -> list[int]:
        """Return who wrote in these channels then and nowhere in the server before."""
        here, before = USER_DAYS.c, USER_DAYS.alias("before").c
        earlier = (
            select(literal(1))
            .where(before.guild_id == guild_id, before.user_id == here.user_id, before.date < days.first)
            .exists()
        )
        wrote = _in(USER_DAYS, guild_id, days, channels)
        query = select(here.user_id).where(*wrote, here.user_id != NOBODY, ~earlier).distinct()
        return sorted(row[0] for row in await self._all(query))

    async def first_day(self, guild_id: int) -> date | None:
        """Return the first day of which there are figures."""
        table = CHANNEL_DAYS.c
        theirs = (table.guild_id == guild_id) & (table.channel_id == EVERYWHERE)
        [[found]] = await self._all(select(func.min(table.date)).where(theirs))
        return found if found is None or isinstance(found, date) else date.fromisoformat(found)

    async def appreciated(
        self, guild_id: int, ids: tuple[int, int], sources: Collection[int], limit: int
    ) -> list[Said]:
        """Return the messages most members said yes to, most first; in channels and threads of `sources`.

        `ids` are those of the first message and the one past the last.
        """
        voted = (
            select(_REACTIONS.c.message_id, func.count(_REACTIONS.c.user_id.distinct()).label("votes"))
            .where(_REACTIONS.c.message_id >= ids[0], _REACTIONS.c.message_id < ids[1])
            .where(_REACTIONS.c.guild_id == guild_id)
            .where(_REACTIONS.c.kind.in_((ReactionKind.POSITIVE.value, ReactionKind.CHECK.value)))
            .group_by(_REACTIONS.c.message_id)
            .subquery()
        )
        query = _said(voted.c.votes, guild_id, sources).join(
            voted, voted.c.message_id == _SIGNALS.c.message_id
        )
        between = _SIGNALS.c.id.between(signal_id("discord", ids[0]), signal_id("discord", ids[1]))
        query = query.where(between).order_by(voted.c.votes.desc(), _SIGNALS.c.message_id).limit(limit)
        return [Said._make(row) for row in await self._all(query)]

    async def negative(
        self, guild_id: int, ids: tuple[int, int], sources: Collection[int], limit: int
    ) -> list[Said]:
        """Return the messages with the lowest sentiment, lowest first; arguments as for `appreciated`."""
        score = _SIGNALS.c.sentiment_score
        between = _SIGNALS.c.id.between(signal_id("discord", ids[0]), signal_id("discord", ids[1]))
        query = _said(score, guild_id, sources).where(
            between, _SIGNALS.c.message_id < ids[1], _SIGNALS.c.sentiment == Sentiment.NEGATIVE.value
        )
        query = query.order_by(score, _SIGNALS.c.message_id).limit(limit)
        return [Said._make(row) for row in await self._all(query)]

    async def _all(self, query: Any) -> Sequence[Any]:
        rows: Sequence[Any] = (await (await self._session.connection()).execute(query)).all()
        return rows


def _said(weight: Any, guild_id: int, sources: Collection[int]) -> Select[Any]:
    table = _SIGNALS.c
    return select(
        table.message_id, table.channel_id, table.place_id, table.author_id, table.content, weight
    ).where(
        table.guild_id == guild_id, table.place_id.in_(sources), table.deleted_at.is_(None),
        table.purpose != "spam",
    )  # fmt: skip


def _figures(sums: Sequence[Any]) -> Figures:
    """Return sums as whole numbers: PostgreSQL's of large ones are decimals."""
    return Figures(*map(int, sums))


def _summed(table: Table, *by: Any) -> Select[Any]:
    return select(*by, *(func.sum(table.c[name]).label(name) for name in FIGURES))


def _ranking(table: Table, sign: int = 1) -> Select[Any]:
    return select(table.c.user_id, *((sign * table.c[name]).label(name) for name in _RANKED))


def _in(table: Table, guild_id: int, days: Days, channels: Collection[int]) -> list[Any]:
    return [
        table.c.guild_id == guild_id,
        table.c.channel_id.in_(channels),
        table.c.date.between(*days),
    ]


def _user_totals(
    guild_id: int, days: Days, channels: Collection[int], hidden: Collection[int]
) -> Select[Any]:
    """Return what ranks members; of all channels together, from the months as far as that is less."""
    months, more, less = list[date](), [days], list[Days]()
    if tuple(channels) == (EVERYWHERE,):
        months, more, less = _in_months(days)
    month = USER_MONTHS.c
    parts = [_ranking(USER_DAYS).where(*_in(USER_DAYS, guild_id, each, channels)) for each in more]
    parts += [_ranking(USER_DAYS, -1).where(*_in(USER_DAYS, guild_id, each, channels)) for each in less]
    if months:
        parts.append(_ranking(USER_MONTHS).where(month.guild_id == guild_id, month.month.in_(months)))
    if hidden:
        parts.append(_ranking(USER_DAYS, -1).where(*_in(USER_DAYS, guild_id, days, hidden)))
    every: CompoundSelect[Any] = union_all(*parts)
    rows = every.subquery()
    sums = [func.sum(rows.c[name]).label(name) for name in _RANKED]
    return select(rows.c.user_id, *sums).where(rows.c.user_id != NOBODY).group_by(rows.c.user_id)


def _in_months(days: Days) -> tuple[list[date], list[Days], list[Days]]:
    """Return months (by their first day), days to add to them and days to take away that make up `days`.

    Days after the last are taken from its month, too: there are hardly any, as most questions end today.
    """
    months, more, less = list[date](), list[Days](), list[Days]()
    month = days.first.replace(day=1)
    while month <= days.last:
        end = _next_month(month) - _DAY
        first, last = max(days.first, month), min(days.last, end)
        if first - month > last - first:
            more.append(Days(first, last))
        else:
            months.append(month)
            outside = (Days(month, first - _DAY), Days(last + _DAY, end))
            less += [each for each in outside if each.first <= each.last]
        month = _next_month(month)
    return months, more, less


def _next_month(day: date) -> date:
    return (day.replace(day=1) + 32 * _DAY).replace(day=1)
