"""What members and staff say of the bot's judgements."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Feedback, FeedbackKind, Verdict


class FeedbackRepository:
    """The feedback seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(self, feedback: Feedback) -> None:
        """Store `feedback` in place of what the same member said of the same message before."""
        values: dict[str, Any] = feedback.model_dump(exclude={"id"})
        key = ["message_id", "user_id", "kind"]
        changed = {name: value for name, value in values.items() if name not in key}
        insert = insert_for(self._session, Feedback).values(**values)
        await self._session.exec(insert.on_conflict_do_update(index_elements=key, set_=changed))

    async def take_back(
        self, message_id: int, user_id: int | None = None, verdict: Verdict | None = None
    ) -> int:
        """Delete the reactions to an answer, of one member or with one verdict alone; return how many."""
        statement = delete(Feedback).where(
            col(Feedback.message_id) == message_id, col(Feedback.kind) == FeedbackKind.REACTION
        )
        if user_id is not None:
            statement = statement.where(col(Feedback.user_id) == user_id)
        if verdict is not None:
            statement = statement.where(col(Feedback.verdict) == verdict)
        return (await self._session.exec(statement)).rowcount or 0

    async def is_given(self, message_id: int) -> bool:
        """Whether anything was said of a message."""
        query = select(Feedback.id).where(Feedback.message_id == message_id).limit(1)
        return (await self._session.exec(query)).first() is not None

    async def list_for(self, signal_id: str) -> Sequence[Feedback]:
        """Return what was said of one signal, oldest first."""
        query = select(Feedback).where(Feedback.signal_id == signal_id).order_by(col(Feedback.id))
        return (await self._session.exec(query)).all()

    async def list_of(self, guild_id: int) -> Sequence[Feedback]:
        """Return everything said in a guild, oldest first."""
        query = select(Feedback).where(Feedback.guild_id == guild_id).order_by(col(Feedback.id))
        return (await self._session.exec(query)).all()
