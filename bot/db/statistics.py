"""Counting messages: what has been counted of each, and the sums."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Integer, String, Table, and_, bindparam, delete, exists, select, tuple_, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.signal import signal_id
from bot.domain.statistics import NOBODY, SLOT_BITS, Counted, Figures, ReactionKind
from bot.models import (
    CountedMessage,
    DailyChannelStatistics,
    DailyUserStatistics,
    HourlyChannelStatistics,
    MessageReaction,
    MonthlyUserStatistics,
    SignalRecord,
)

_SIGNALS: Table = SignalRecord.__table__  # type: ignore[attr-defined]
_COUNTED: Table = CountedMessage.__table__  # type: ignore[attr-defined]
_REACTIONS: Table = MessageReaction.__table__  # type: ignore[attr-defined]
USER_DAYS: Table = DailyUserStatistics.__table__  # type: ignore[attr-defined]
USER_MONTHS: Table = MonthlyUserStatistics.__table__  # type: ignore[attr-defined]
CHANNEL_DAYS: Table = DailyChannelStatistics.__table__  # type: ignore[attr-defined]
CHANNEL_HOURS: Table = HourlyChannelStatistics.__table__  # type: ignore[attr-defined]
FIGURES = tuple(field.name for field in fields(Figures))
_CHUNK = 500  # ids in one statement


class Sums(NamedTuple):
    """What is to be added to the sums, by the columns of each table's key."""

    user_days: Mapping[tuple[int, int, date, int], Figures]  # guild, channel, date, user
    user_months: Mapping[tuple[int, date, int], Figures]  # guild, month, user
    channel_days: Mapping[tuple[int, int, date], Figures]  # guild, channel, date
    channel_hours: Mapping[tuple[int, int, date, int], int]  # guild, channel, date, hour: messages


class Heard(NamedTuple):
    """As much of a stored message as counting needs."""

    message_id: int
    guild_id: int
    channel_id: int
    place_id: int
    author_id: int
    reply_to_id: int | None
    content: str
    purpose: str
    sentiment: str
    sentiment_score: float
    intent: str
    erased: bool


_HEARD = [_SIGNALS.c[name] for name in Heard._fields[:-1]] + [_SIGNALS.c.deleted_at.is_not(None)]

# One statement for every stretch: putting one together for several takes longer than asking for each.
_BETWEEN = (
    select(*_HEARD)
    .where(_SIGNALS.c.id.between(bindparam("first_key", type_=String), bindparam("last_key", type_=String)))
    # Ids of other lengths sort between them, too.
    .where(_SIGNALS.c.message_id.between(bindparam("first"), bindparam("last")))
    .where(_SIGNALS.c.guild_id.is_not(None))
    .order_by(_SIGNALS.c.id)
    .limit(bindparam("most", type_=Integer))
)


class StatisticsRepository:
    """What has been counted, seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def heard(
        self, source: str, marks: Sequence[tuple[int, int]], since_id: int, limit: int
    ) -> list[Heard]:
        """Return messages of these slots, after the id beside each, none before `since_id`; oldest first."""
        connection, found = await self._session.connection(), list[Heard]()
        for begin, last in _ranges(marks):
            first = max(begin, since_id)
            if first > last or len(found) >= limit:
                continue
            values = {
                "first": first,
                "last": last,
                "first_key": signal_id(source, first),
                "last_key": signal_id(source, last),
                "most": limit - len(found),
            }
            found += map(Heard._make, await connection.execute(_BETWEEN, values))
        return found

    async def counted(self, message_ids: Collection[int]) -> dict[int, Counted]:
        """Return as what these messages have been counted; those that weren't are left out."""
        found: dict[int, Counted] = {}
        ids = list(message_ids)
        for start in range(0, len(ids), _CHUNK):
            query = select(_COUNTED).where(_COUNTED.c.message_id.in_(ids[start : start + _CHUNK]))
            rows = await (await self._session.connection()).execute(query)
            found |= {row[0]: Counted._make(row) for row in rows}
        return found

    async def helpful(self, message_ids: Collection[int]) -> set[int]:
        """Return which of these counted messages got thanks from somebody else, or a check mark."""
        connection, found = await self._session.connection(), set[int]()
        answer, thanks = _COUNTED.alias("answer"), _COUNTED.alias("thanks")
        ids = list(message_ids)
        for start in range(0, len(ids), _CHUNK):
            some = ids[start : start + _CHUNK]
            thanked = exists().where(
                thanks.c.thanks_to == answer.c.message_id, thanks.c.user_id != answer.c.user_id
            )
            query = select(answer.c.message_id).where(answer.c.message_id.in_(some), thanked)
            found.update((await connection.execute(query)).scalars())
            checked = (_REACTIONS.c.message_id.in_(some)) & (_REACTIONS.c.kind == ReactionKind.CHECK.value)
            query = select(_REACTIONS.c.message_id).where(checked).distinct()
            found.update((await connection.execute(query)).scalars())
        return found

    async def keep(self, counted: Sequence[Counted]) -> None:
        """Note as what these messages have been counted, in place of what was noted before."""
        if not counted:
            return
        insert = insert_for(self._session, _COUNTED)
        changed = {name: insert.excluded[name] for name in Counted._fields[1:]}
        statement = insert.on_conflict_do_update(index_elements=["message_id"], set_=changed)
        rows = [each._asdict() for each in counted]
        await (await self._session.connection()).execute(statement, rows)

    async def drop(self, message_ids: Sequence[int]) -> None:
        """Forget that these messages have been counted."""
        connection = await self._session.connection()
        for start in range(0, len(message_ids), _CHUNK):
            these = _COUNTED.c.message_id.in_(message_ids[start : start + _CHUNK])
            await connection.execute(_COUNTED.delete().where(these))

    async def add(self, sums: Sums) -> None:
        """Add to the sums; rows that come to nothing go."""
        await self._add(USER_DAYS, {key: each.values() for key, each in sums.user_days.items()})
        await self._add(USER_MONTHS, {key: each.values() for key, each in sums.user_months.items()})
        await self._add(CHANNEL_DAYS, {key: each.values() for key, each in sums.channel_days.items()})
        await self._add(CHANNEL_HOURS, {key: (each,) for key, each in sums.channel_hours.items()})

    async def _add(self, table: Table, more: Mapping[Any, tuple[int, ...]]) -> None:
        changes = {key: values for key, values in more.items() if any(values)}
        if not changes:
            return
        key = [column.name for column in table.primary_key]
        names = [name for name in FIGURES if name in table.c]
        insert = insert_for(self._session, table)
        sums = {name: table.c[name] + insert.excluded[name] for name in names}
        statement = insert.on_conflict_do_update(index_elements=key, set_=sums)
        rows = [dict(zip((*key, *names), (*each, *changes[each]), strict=True)) for each in sorted(changes)]
        connection = await self._session.connection()
        await connection.execute(statement, rows)
        less = [row for row in rows if row["messages"] < 0]
        if less:
            this = and_(*(table.c[name] == bindparam(f"the_{name}") for name in key))
            empty = table.delete().where(this, table.c.messages <= 0)
            await connection.execute(empty, [{f"the_{name}": row[name] for name in key} for row in less])

    async def counted_of(self, guild_id: int, user_id: int) -> Sequence[int]:
        """Return a member's counted messages; looks at all that are, so read it beside the writers."""
        theirs = (_COUNTED.c.guild_id == guild_id) & (_COUNTED.c.user_id == user_id)
        query = select(_COUNTED.c.message_id).where(theirs)
        return (await (await self._session.connection()).execute(query)).scalars().all()

    async def unname(self, message_ids: Sequence[int]) -> None:
        """Have these counted messages be nobody's."""
        connection = await self._session.connection()
        for start in range(0, len(message_ids), _CHUNK):
            these = _COUNTED.c.message_id.in_(message_ids[start : start + _CHUNK])
            await connection.execute(update(_COUNTED).where(these).values(user_id=NOBODY))

    async def dates_of(self, guild_id: int, user_id: int) -> tuple[Sequence[date], Sequence[date]]:
        """Return the days and the months of which a member has sums, in order."""
        connection = await self._session.connection()
        found = []
        for column in (USER_DAYS.c.date, USER_MONTHS.c.month):
            query = select(column).where(*_of(column.table, guild_id, user_id)).distinct().order_by(column)
            found.append((await connection.execute(query)).scalars().all())
        days, months = found
        return days, months

    async def take_days_of(self, guild_id: int, user_id: int, first: date, last: date) -> Sums:
        """Delete the sums of a member from one day to another and return them; those of channels stay."""
        return Sums(
            await self._taken(USER_DAYS, guild_id, user_id, USER_DAYS.c.date, first, last), {}, {}, {}
        )

    async def take_month_of(self, guild_id: int, user_id: int, month: date) -> Sums:
        """Delete the sums of a member in a month and return them."""
        column = USER_MONTHS.c.month
        return Sums({}, await self._taken(USER_MONTHS, guild_id, user_id, column, month, month), {}, {})

    async def _taken(
        self, table: Table, guild_id: int, user_id: int, column: Any, first: date, last: date
    ) -> dict[Any, Figures]:
        names = [each.name for each in table.primary_key]
        columns = [table.c[name] for name in (*names, *FIGURES)]
        these = (*_of(table, guild_id, user_id), column.between(first, last))
        gone = delete(table).where(*these).returning(*columns)
        rows = (await (await self._session.connection()).execute(gone)).all()
        return {tuple(row[: len(names)]): Figures(*row[len(names) :]) for row in rows}

    async def purge(self, before_id: int, limit: int) -> int:
        """Forget up to `limit` of what has been counted of messages before `before_id`; the sums stay."""
        return await purge_before(self._session, _COUNTED, ("message_id",), before_id, limit)


def _of(table: Table, guild_id: int, user_id: int) -> tuple[Any, ...]:
    return table.c.guild_id == guild_id, table.c.user_id == user_id


def _ranges(marks: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the first and last id of each stretch that neighbouring slots make; `marks` are in order."""
    ranges: list[tuple[int, int]] = []
    for slot, after_id in marks:
        first, last = max(slot << SLOT_BITS, after_id + 1), (slot + 1 << SLOT_BITS) - 1
        if ranges and ranges[-1][1] + 1 == first:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return ranges


async def purge_before(
    session: AsyncSession, table: Table, key: tuple[str, ...], before_id: int, limit: int
) -> int:
    """Delete up to `limit` rows about messages before `before_id`; return how many."""
    columns = [table.c[name] for name in key]
    oldest = select(*columns).where(table.c.message_id < before_id).order_by(*columns).limit(limit)
    statement = table.delete().where(tuple_(*columns).in_(oldest))
    return (await (await session.connection()).execute(statement)).rowcount or 0
