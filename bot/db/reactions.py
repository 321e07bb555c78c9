"""Reactions to stored messages."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, String, Table, bindparam, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.statistics import purge_before
from bot.db.upsert import insert_for
from bot.domain.signal import signal_id
from bot.domain.statistics import ReactionKind
from bot.models import MessageReaction, SignalRecord

_TABLE: Table = MessageReaction.__table__  # type: ignore[attr-defined]
_SIGNALS: Table = SignalRecord.__table__  # type: ignore[attr-defined]
_CHUNK = 500  # ids in one statement


class Reaction(NamedTuple):
    """A reaction of a member to a message."""

    guild_id: int
    message_id: int
    user_id: int
    emoji: str
    kind: str


class ReactionRepository:
    """The reactions seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(self, source: str, reactions: Sequence[Reaction]) -> None:
        """Store these, where the message is stored, not erased, and somebody else's; known ones stay."""
        if not reactions:
            return
        known = select(
            bindparam("message_id", type_=BigInteger),
            bindparam("user_id", type_=BigInteger),
            bindparam("emoji", type_=String),
            _SIGNALS.c.guild_id,
            bindparam("kind", type_=String),
        ).where(
            _SIGNALS.c.id == bindparam("signal", type_=String),
            _SIGNALS.c.guild_id == bindparam("guild_id", type_=BigInteger),
            _SIGNALS.c.author_id != bindparam("user_id", type_=BigInteger),
            _SIGNALS.c.deleted_at.is_(None),
        )
        columns = ["message_id", "user_id", "emoji", "guild_id", "kind"]
        insert = insert_for(self._session, _TABLE).from_select(columns, known).on_conflict_do_nothing()
        rows = [{**each._asdict(), "signal": signal_id(source, each.message_id)} for each in reactions]
        await (await self._session.connection()).execute(insert, rows)

    async def take_back(self, reactions: Sequence[tuple[int, int, str]]) -> None:
        """Delete these (message, user, emoji)."""
        if not reactions:
            return
        names = ("message_id", "user_id", "emoji")
        this: list[Any] = [_TABLE.c[name] == bindparam(f"the_{name}") for name in names]
        rows = [{f"the_{name}": value for name, value in zip(names, each, strict=True)} for each in reactions]
        await (await self._session.connection()).execute(_TABLE.delete().where(*this), rows)

    async def clear(self, message_ids: Collection[int], emoji: str | None = None) -> None:
        """Delete every reaction to these messages, or every one with an emoji."""
        ids = list(message_ids)
        connection = await self._session.connection()
        for start in range(0, len(ids), _CHUNK):
            statement = _TABLE.delete().where(_TABLE.c.message_id.in_(ids[start : start + _CHUNK]))
            if emoji is not None:
                statement = statement.where(_TABLE.c.emoji == emoji)
            await connection.execute(statement)

    async def votes(self, message_ids: Collection[int]) -> dict[int, int]:
        """Return how many members reacted to each of these messages, not only to say no."""
        found: dict[int, int] = {}
        ids = list(message_ids)
        for start in range(0, len(ids), _CHUNK):
            query = (
                select(_TABLE.c.message_id, func.count(_TABLE.c.user_id.distinct()))
                .where(_TABLE.c.message_id.in_(ids[start : start + _CHUNK]))
                .where(_TABLE.c.kind != ReactionKind.NEGATIVE.value)
                .group_by(_TABLE.c.message_id)
            )
            rows = await (await self._session.connection()).execute(query)
            found.update((message_id, count) for message_id, count in rows)
        return found

    async def of_member(self, guild_id: int, user_id: int) -> Sequence[tuple[int, bool]]:
        """Return (message, whether it is a check mark) of a member's reactions, by message."""
        theirs = (_TABLE.c.guild_id == guild_id) & (_TABLE.c.user_id == user_id)
        query = select(_TABLE.c.message_id, _TABLE.c.kind).where(theirs).order_by(_TABLE.c.message_id)
        rows = await (await self._session.connection()).execute(query)
        return [(message_id, kind == ReactionKind.CHECK.value) for message_id, kind in rows]

    async def forget(self, user_id: int, message_ids: Sequence[int]) -> None:
        """Delete every reaction of a member to these messages."""
        these = _TABLE.c.message_id.in_(message_ids) & (_TABLE.c.user_id == user_id)
        await (await self._session.connection()).execute(_TABLE.delete().where(these))

    async def purge(self, before_id: int, limit: int) -> int:
        """Delete up to `limit` reactions to messages before `before_id`; return how many."""
        return await purge_before(self._session, _TABLE, ("message_id", "user_id", "emoji"), before_id, limit)
