"""What the bot did, and the locks that keep it from doing it twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Action, ActionStatus

_TABLE: Table = Action.__table__  # type: ignore[attr-defined]


class ActionRepository:
    """The actions seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, action: Action) -> Action | None:
        """Insert the pending `action` and return it with its id; None when (signal, kind, part) is taken."""
        insert = insert_for(self._session, _TABLE).on_conflict_do_nothing().returning(_TABLE.c.id)
        values = action.model_dump(exclude={"id"})
        connection = await self._session.connection()
        action_id: int | None = (await connection.execute(insert, values)).scalar_one_or_none()
        if action_id is None:
            return None
        action.id = action_id
        return action

    async def finish(self, action_id: int, values: dict[str, Any]) -> bool:
        """Give a pending action its final state; False when it has one already."""
        statement = (  # of the table, not the class: nothing is loaded, and it is built in half the time
            _TABLE.update()
            .where(_TABLE.c.id == action_id, _TABLE.c.status == ActionStatus.PENDING.value)
            .values(values)
            .returning(_TABLE.c.id)
        )
        return (await (await self._session.connection()).execute(statement)).first() is not None

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

    async def begun_since(self, kind: str, since: datetime) -> Sequence[Action]:
        """Return the actions of a kind that were begun after `since`, oldest first."""
        query = select(Action).where(Action.kind == kind, col(Action.created_at) > since)
        return (await self._session.exec(query.order_by(col(Action.id)))).all()

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

    async def forget_texts(self, before: datetime) -> None:
        """Leave of finished actions begun before `before` that they were done, not what was said."""
        old = (_TABLE.c.created_at < before) & (_TABLE.c.status != ActionStatus.PENDING.value)
        statement = _TABLE.update().where(old, _TABLE.c.content != "").values(content="")
        await (await self._session.connection()).execute(statement)

    async def delete_of(self, guild_id: int) -> None:
        """Delete everything done in a guild."""
        await self._session.exec(delete(Action).where(col(Action.guild_id) == guild_id))
