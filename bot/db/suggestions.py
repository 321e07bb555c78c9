"""Replies that staff are asked about before they are posted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal_column, or_
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import SignalRecord, Suggestion, SuggestionState

# Word for word as in the partial indexes, without parameters: else SQLite doesn't use them.
_LIVING: ColumnElement[bool] = literal_column("state IN ('open', 'posting')")
_UNSHOWN: ColumnElement[bool] = literal_column("shown <> state")


class SuggestionRepository:
    """The suggestions seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, suggestion: Suggestion) -> bool:
        """Insert a suggestion; False where the message has one."""
        insert = insert_for(self._session, Suggestion).values(**suggestion.model_dump(exclude={"id"}))
        statement = insert.on_conflict_do_nothing().returning(col(Suggestion.id))
        return (await self._session.exec(statement)).first() is not None

    async def of(self, signal_id: str) -> Suggestion | None:
        """Return what was suggested for a message."""
        query = select(Suggestion).where(Suggestion.signal_id == signal_id)
        return (await self._session.exec(query, execution_options={"populate_existing": True})).first()

    async def get(self, suggestion_id: int) -> Suggestion | None:
        """Return a suggestion."""
        return await self._session.get(Suggestion, suggestion_id, populate_existing=True)

    async def move(self, suggestion_id: int, old: SuggestionState, values: dict[str, Any]) -> bool:
        """Set `values` (the new `state` among them) where the state is `old`; False where it isn't."""
        this = (col(Suggestion.id) == suggestion_id, col(Suggestion.state) == old.value)
        statement = update(Suggestion).where(*this).values(**values).returning(col(Suggestion.id))
        return (await self._session.exec(statement)).first() is not None

    async def change(self, suggestion_id: int, values: dict[str, Any]) -> None:
        """Set columns of a suggestion."""
        this = col(Suggestion.id) == suggestion_id
        await self._session.exec(update(Suggestion).where(this).values(**values))

    async def living(self, after_id: int, limit: int) -> Sequence[Suggestion]:
        """Return suggestions about which nothing final is known, oldest first, after one."""
        query = select(Suggestion).where(_LIVING, col(Suggestion.id) > after_id)
        return (await self._session.exec(query.order_by(col(Suggestion.id)).limit(limit))).all()

    async def orphaned(self, limit: int) -> Sequence[Suggestion]:
        """Return suggestions that still have words though their message was deleted, oldest first.

        It looks at all there are.
        """
        query = (
            select(Suggestion)
            .outerjoin(SignalRecord, col(SignalRecord.id) == col(Suggestion.signal_id))
            .where(col(Suggestion.proposed) != "")
            .where(or_(col(SignalRecord.id).is_(None), col(SignalRecord.deleted_at).is_not(None)))
        )
        return (await self._session.exec(query.order_by(col(Suggestion.id)).limit(limit))).all()

    async def purge(self, before: datetime) -> int:
        """Delete suggestions made before then; return how many."""
        done = await self._session.exec(delete(Suggestion).where(col(Suggestion.created_at) < before))
        return done.rowcount or 0

    async def unshown(self, limit: int) -> Sequence[Suggestion]:
        """Return suggestions whose cards tell something older, oldest first."""
        query = select(Suggestion).where(_UNSHOWN)
        return (await self._session.exec(query.order_by(col(Suggestion.id)).limit(limit))).all()
