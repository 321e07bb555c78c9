"""What the bot did, and the locks that keep it from doing it twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Action, ActionStatus


class ActionRepository:
    """The actions seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, action: Action) -> Action | None:
        """Insert the pending `action` and return its row; None when (signal, kind, part) is taken."""
        values = action.model_dump(exclude={"id"})
        statement = (
            insert_for(self._session, Action).values(**values).on_conflict_do_nothing().returning(Action)
        )
        row: Action | None = (await self._session.exec(statement)).scalar_one_or_none()
        return row

    async def finish(self, action_id: int, values: dict[str, Any]) -> bool:
        """Give a pending action its final state; False when it has one already."""
        statement = (
            update(Action)
            .where(col(Action.id) == action_id, col(Action.status) == ActionStatus.PENDING)
            .values(**values)
            .returning(col(Action.id))
        )
        return (await self._session.exec(statement)).first() is not None

    async def list_for(self, signal_id: str) -> Sequence[Action]:
        """Return the signal's actions, oldest first."""
        query = select(Action).where(Action.signal_id == signal_id).order_by(col(Action.id))
        return (await self._session.exec(query)).all()

    async def list_pending(self, limit: int = 1_000) -> Sequence[Action]:
        """Return actions that were begun and never finished, oldest first."""
        query = (
            select(Action).where(Action.status == ActionStatus.PENDING).order_by(col(Action.id)).limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def sent_as(self, message_ids: Sequence[int]) -> Sequence[Action]:
        """Return the actions whose result is one of these messages."""
        if not message_ids:
            return []
        return (await self._session.exec(select(Action).where(col(Action.message_id).in_(message_ids)))).all()

    async def purge(self, before: datetime) -> int:
        """Delete finished actions begun before `before`; return how many."""
        statement = delete(Action).where(
            col(Action.created_at) < before, col(Action.status) != ActionStatus.PENDING
        )
        return (await self._session.exec(statement)).rowcount or 0

    async def delete_of(self, guild_id: int) -> None:
        """Delete everything done in a guild."""
        await self._session.exec(delete(Action).where(col(Action.guild_id) == guild_id))
