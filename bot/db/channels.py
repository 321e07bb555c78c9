"""Channels: the owner's choice, the reading cursor, the throttle."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table, bindparam, case, or_
from sqlalchemy import select as sa_select
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Channel, Gap

_TABLE: Table = Channel.__table__  # type: ignore[attr-defined]
_GAPS: Table = Gap.__table__  # type: ignore[attr-defined]


class ChannelRepository:
    """The channels seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def see(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert channels (`id`, `guild_id`, `parent_id`, `name`); known ones get name and parent anew."""
        if not rows:
            return
        insert = insert_for(self._session, Channel)
        statement = insert.on_conflict_do_update(
            index_elements=["id"], set_={"name": insert.excluded.name, "parent_id": insert.excluded.parent_id}
        )
        known = [{"watch": "default", **row} for row in rows]
        await (await self._session.connection()).execute(statement, known)

    async def get(self, channel_id: int) -> Channel | None:
        """Return the channel, None when it was never seen."""
        return await self._session.get(Channel, channel_id, populate_existing=True)

    async def list_of(self, guild_id: int) -> Sequence[Channel]:
        """Return the guild's channels and threads."""
        return (await self._session.exec(select(Channel).where(Channel.guild_id == guild_id))).all()

    async def change(self, channel_id: int, values: dict[str, Any]) -> None:
        """Set the named columns of one channel."""
        await self._session.exec(update(Channel).where(col(Channel.id) == channel_id).values(**values))

    async def begin_anew(self, guild_id: int) -> Sequence[int]:
        """Drop every cursor of a guild that is left; return the ids of its channels and threads."""
        statement = update(Channel).where(col(Channel.guild_id) == guild_id).values(cursor=None)
        return (await self._session.exec(statement.returning(col(Channel.id)))).scalars().all()

    async def advance_cursors(self, newest: Sequence[tuple[int, int, int | None, int]]) -> None:
        """Move cursors up to `(channel_id, guild_id, parent_id, message_id)`, never past an open gap."""
        if not newest:
            return
        open_gap = sa_select(_GAPS.c.id).where(
            _GAPS.c.channel_id == bindparam("place", type_=BigInteger), _GAPS.c.closed_at.is_(None)
        )
        insert = insert_for(self._session, _TABLE).values(
            id=bindparam("place", type_=BigInteger),
            guild_id=bindparam("guild"),
            parent_id=bindparam("parent"),
            name="",
            watch="default",
            cursor=case((~open_gap.exists(), bindparam("message", type_=BigInteger)), else_=None),
        )
        further = or_(_TABLE.c.cursor.is_(None), _TABLE.c.cursor < insert.excluded.cursor)
        statement = insert.on_conflict_do_update(
            index_elements=["id"], set_={"cursor": insert.excluded.cursor}, where=further
        )
        rows = [dict(zip(("place", "guild", "parent", "message"), each, strict=True)) for each in newest]
        await (await self._session.connection()).execute(statement, rows)

    async def reserve_reply(
        self, channel_id: int, now: datetime, until: datetime, guild_id: int | None = None
    ) -> bool:
        """Take the channel's turn to be replied in until `until`; False when it is taken (the throttle).

        A channel that was never seen is free, given its `guild_id`; without, it counts as taken.
        """
        free = or_(col(Channel.next_reply_at).is_(None), col(Channel.next_reply_at) <= now)
        return await self._claim(channel_id, guild_id, {"next_reply_at": until}, free)

    async def claim_telling_owner(self, channel_id: int, now: datetime, guild_id: int | None = None) -> bool:
        """Note that the owner is told of missing permissions; False when that was done before.

        A channel that was never seen can be claimed, given its `guild_id`; without, it counts as told of.
        """
        never = col(Channel.owner_told_at).is_(None)
        return await self._claim(channel_id, guild_id, {"owner_told_at": now}, never)

    async def _claim(
        self, channel_id: int, guild_id: int | None, values: dict[str, Any], free: ColumnElement[bool]
    ) -> bool:
        statement: Any
        if guild_id is None:
            statement = update(Channel).where(col(Channel.id) == channel_id, free).values(**values)
        else:
            insert = insert_for(self._session, Channel).values(
                id=channel_id, guild_id=guild_id, name="", watch="default", **values
            )
            statement = insert.on_conflict_do_update(index_elements=["id"], set_=values, where=free)
        return (await self._session.exec(statement.returning(col(Channel.id)))).first() is not None
