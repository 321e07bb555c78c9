"""Calls of members to messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Summons, SummonsState


class SummonsRepository:
    """The calls seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, summons: Summons) -> bool:
        """Insert a call; False where the member has called to that message before."""
        insert = insert_for(self._session, Summons).values(**summons.model_dump(exclude={"id"}))
        statement = insert.on_conflict_do_nothing().returning(col(Summons.id))
        return (await self._session.exec(statement)).first() is not None

    async def by_member(self, guild_id: int, user_id: int, since: datetime) -> int:
        """Return how often a member called in a server since then."""
        return await self._count(Summons.guild_id == guild_id, Summons.user_id == user_id, since=since)

    async def in_place(self, place_id: int, since: datetime) -> int:
        """Return how often anybody called in a place since then."""
        return await self._count(Summons.place_id == place_id, since=since)

    async def _count(self, *where: Any, since: datetime) -> int:
        query = select(func.count()).select_from(Summons).where(*where, col(Summons.created_at) > since)
        return (await self._session.exec(query)).one()

    async def waiting(self, limit: int) -> Sequence[Summons]:
        """Return calls of which nothing has come yet, oldest first."""
        query = select(Summons).where(Summons.state == SummonsState.OPEN.value)
        return (await self._session.exec(query.order_by(col(Summons.id)).limit(limit))).all()

    async def list_for(self, signal_id: str) -> Sequence[Summons]:
        """Return the calls to one message, oldest first."""
        query = select(Summons).where(Summons.signal_id == signal_id).order_by(col(Summons.id))
        return (await self._session.exec(query)).all()

    async def end(self, signal_id: str, state: SummonsState) -> None:
        """Note what came of the calls to a message that still wait."""
        open_ = (col(Summons.signal_id) == signal_id, col(Summons.state) == SummonsState.OPEN.value)
        await self._session.exec(update(Summons).where(*open_).values(state=state.value))

    async def forget(self, signal_id: str) -> None:
        """Delete the calls to a message."""
        await self._session.exec(delete(Summons).where(col(Summons.signal_id) == signal_id))

    async def purge(self, before: datetime) -> int:
        """Delete calls made before `before`; return how many."""
        done = await self._session.exec(delete(Summons).where(col(Summons.created_at) < before))
        return done.rowcount or 0
