"""Members who wrote where the bot watches."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import except_, or_, tuple_
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Member, SignalRecord


class MemberRepository:
    """The members seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def see(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert members (`guild_id`, `user_id`, `name`, `first_seen_at`); known ones get their name anew."""
        if not rows:
            return
        insert = insert_for(self._session, Member)
        statement = insert.on_conflict_do_update(
            index_elements=["guild_id", "user_id"], set_={"name": insert.excluded.name}
        )
        await (await self._session.connection()).execute(statement, list(rows))

    async def get(self, guild_id: int, user_id: int) -> Member | None:
        """Return the member, None when they never wrote."""
        return await self._session.get(Member, (guild_id, user_id), populate_existing=True)

    async def change(self, guild_id: int, user_id: int, values: dict[str, Any]) -> None:
        """Set the named columns of one member."""
        this = (col(Member.guild_id) == guild_id, col(Member.user_id) == user_id)
        await self._session.exec(update(Member).where(*this).values(**values))

    async def silent(self, before: datetime) -> Sequence[tuple[int, int]]:
        """Return (guild, user) of the members first seen before `before` of whom no signal is stored."""
        query: Any = except_(
            select(Member.guild_id, Member.user_id).where(col(Member.first_seen_at) < before),
            select(col(SignalRecord.guild_id), col(SignalRecord.author_id)),
        )
        rows = (await (await self._session.connection()).execute(query)).all()
        return [(guild_id, user_id) for guild_id, user_id in rows]

    async def delete(self, keys: Sequence[tuple[int, int]]) -> None:
        """Delete these members, by (guild, user)."""
        this = tuple_(col(Member.guild_id), col(Member.user_id))
        await self._session.exec(delete(Member).where(this.in_(keys)))

    async def reserve_reply(self, guild_id: int, user_id: int, now: datetime, until: datetime) -> bool:
        """Take the member's turn to be replied to until `until`; False when it is taken (the cooldown)."""
        insert = insert_for(self._session, Member).values(
            guild_id=guild_id, user_id=user_id, name="", first_seen_at=now, next_reply_at=until
        )
        free = or_(col(Member.next_reply_at).is_(None), col(Member.next_reply_at) <= now)
        statement = insert.on_conflict_do_update(
            index_elements=["guild_id", "user_id"], set_={"next_reply_at": until}, where=free
        ).returning(col(Member.user_id))
        return (await self._session.exec(statement)).first() is not None
