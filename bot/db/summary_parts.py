"""What models made of some messages, kept for when the same ones are summarized again."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import SummaryPart

_AT_ONCE = 100  # ids in one condition


class SummaryPartRepository:
    """The parts seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, guild_id: int, key: str) -> SummaryPart | None:
        """Return the guild's part with this key."""
        here = (col(SummaryPart.guild_id) == guild_id, col(SummaryPart.key) == key)
        return (await self._session.exec(select(SummaryPart).where(*here))).first()

    async def keep(self, part: SummaryPart) -> None:
        """Store a part; one that is known stays as it is."""
        insert = insert_for(self._session, SummaryPart).values(**part.model_dump())
        await self._session.exec(insert.on_conflict_do_nothing())

    async def count(self, guild_id: int) -> int:
        """Return how many parts the guild has."""
        return len((await self._session.exec(select(SummaryPart.key).where(_of(guild_id)))).all())

    async def forget_messages(self, guild_id: int, message_ids: Sequence[int]) -> None:
        """Delete every part that may rest on one of these messages: it is made anew when it is needed."""
        query = select(SummaryPart.key, SummaryPart.first_id, SummaryPart.last_id).where(_of(guild_id))
        ids = sorted(message_ids)
        keys = [
            key
            for key, first, last in (await self._session.exec(query)).all()
            if bisect_left(ids, first) < bisect_right(ids, last)
        ]
        for start in range(0, len(keys), _AT_ONCE):
            these = col(SummaryPart.key).in_(keys[start : start + _AT_ONCE])
            await self._session.exec(delete(SummaryPart).where(these))

    async def forget_places(self, guild_id: int, place_ids: Collection[int]) -> None:
        """Delete every part that rests on messages of these channels or threads."""
        wanted = {str(each) for each in place_ids}
        query = select(SummaryPart.key, SummaryPart.place_ids).where(_of(guild_id))
        keys = [key for key, places in (await self._session.exec(query)).all() if wanted & set(places)]
        await self._session.exec(delete(SummaryPart).where(col(SummaryPart.key).in_(keys)))

    async def forget_guild(self, guild_id: int) -> None:
        """Delete all parts of a guild."""
        await self._session.exec(delete(SummaryPart).where(_of(guild_id)))

    async def purge(self, before: datetime) -> int:
        """Delete the parts made before `before`; return how many there were."""
        old = delete(SummaryPart).where(col(SummaryPart.created_at) < before)
        return (await self._session.exec(old)).rowcount or 0


def _of(guild_id: int) -> ColumnElement[bool]:
    return col(SummaryPart.guild_id) == guild_id
