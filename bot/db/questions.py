"""What members asked, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Question


class QuestionRepository:
    """The questions seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, question: Question) -> Question | None:
        """Store a new question and return it; None when it is known already."""
        insert = insert_for(self._session, Question).values(**question.model_dump(exclude={"id"}))
        statement = insert.on_conflict_do_nothing(index_elements=["key"]).returning(col(Question.id))
        row = (await self._session.exec(statement)).first()
        return None if row is None else await self.get(row[0])

    async def get(self, question_id: int) -> Question | None:
        """Return the question."""
        return await self._session.get(Question, question_id, populate_existing=True)

    async def by_key(self, key: str) -> Question | None:
        """Return the question of a message."""
        return (await self._session.exec(select(Question).where(Question.key == key))).first()

    async def by_answer(self, message_id: int) -> Question | None:
        """Return the question that the bot answered with this message, None where there is none."""
        query = select(Question).where(Question.answer_id == message_id)
        return (await self._session.exec(query)).first()

    async def keep(self, question_id: int, values: dict[str, Any]) -> bool:
        """Set columns of a question that isn't finished; False when it is."""
        unfinished = (col(Question.id) == question_id, col(Question.finished_at).is_(None))
        return bool((await self._session.exec(update(Question).where(*unfinished).values(**values))).rowcount)

    async def rate(self, question_id: int, helpful: bool) -> bool:
        """Note whether an answer helped; False when that is noted already."""
        this = (col(Question.id) == question_id, col(Question.helpful).is_distinct_from(helpful))
        return bool(
            (await self._session.exec(update(Question).where(*this).values(helpful=helpful))).rowcount
        )

    async def unfinished(self, limit: int) -> Sequence[Question]:
        """Return the questions of tickets that are not finished, oldest first."""
        query = select(Question).where(
            col(Question.finished_at).is_(None), col(Question.ticket_id).is_not(None)
        )
        return (await self._session.exec(query.order_by(col(Question.id)).limit(limit))).all()

    async def of_ticket(self, ticket_id: int) -> Sequence[Question]:
        """Return what was asked in a ticket, oldest first."""
        query = select(Question).where(Question.ticket_id == ticket_id).order_by(col(Question.id))
        return (await self._session.exec(query)).all()

    async def purge(self, before: datetime) -> int:
        """Delete what was asked outside of tickets before `before` and is done with; return how much."""
        done = (col(Question.ticket_id).is_(None), col(Question.finished_at).is_not(None))
        old = delete(Question).where(col(Question.asked_at) < before, *done)
        return (await self._session.exec(old)).rowcount or 0
