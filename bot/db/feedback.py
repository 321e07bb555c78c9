"""What members and staff say of the bot's judgements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Action, ActionStatus, Feedback, FeedbackKind, Suggestion, SuggestionState, Verdict

_REPLY = "reply"  # the kind of action


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

    async def figures(self, guild_id: int) -> dict[str, dict[str, int]]:
        """Return how often replies were shown, right, wrong, edited and dismissed, by what made them."""
        found: dict[str, dict[str, int]] = {}
        made_of = Action.source
        shown = select(made_of, literal("shown"), func.count()).where(
            Action.guild_id == guild_id, Action.kind == _REPLY, Action.status == ActionStatus.SENT.value
        )
        said = (
            select(made_of, Feedback.verdict, func.count())
            .join(Action, col(Action.message_id) == col(Feedback.message_id))
            .where(Feedback.guild_id == guild_id, Feedback.kind == FeedbackKind.REACTION.value)
        )
        asked_of = Suggestion.source
        edited = select(asked_of, literal("edited"), func.count()).where(
            Suggestion.guild_id == guild_id, col(Suggestion.posted).is_not(None)
        )
        dismissed = select(asked_of, literal("dismissed"), func.count()).where(
            Suggestion.guild_id == guild_id, Suggestion.state == SuggestionState.DISMISSED.value
        )
        for query, groups in (
            (shown, (made_of,)),
            (said, (made_of, Feedback.verdict)),
            (edited, (asked_of,)),
            (dismissed, (asked_of,)),
        ):
            for source, what, count in (await self._session.exec(query.group_by(*groups))).all():
                found.setdefault(source or "", {})[str(what)] = count
        return found

    async def list_of(self, guild_id: int) -> Sequence[Feedback]:
        """Return everything said in a guild, oldest first."""
        query = select(Feedback).where(Feedback.guild_id == guild_id).order_by(col(Feedback.id))
        return (await self._session.exec(query)).all()

    async def purge(self, before: datetime) -> int:
        """Delete what was given before `before`; return how much."""
        old = delete(Feedback).where(col(Feedback.created_at) < before)
        return (await self._session.exec(old)).rowcount or 0
