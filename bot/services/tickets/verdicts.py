"""What members do with answers in tickets: say whether they helped, ask for a person, end the ticket."""

from bot.db.database import Database
from bot.domain.errors import NotFoundError
from bot.models import Question, Ticket
from bot.services.tickets.choosing import TRAINED
from bot.services.training.entries import TrainingEntries
from bot.texts import text


class AnswerVerdicts:
    """Keeps verdicts; who may give one was checked before."""

    def __init__(self, database: Database, training: TrainingEntries) -> None:
        self._database = database
        self._training = training

    async def find(self, guild_id: int, question_id: int) -> tuple[Question, Ticket]:
        """Return a question of this server and its ticket.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.reading() as tx:
            question = await tx.questions.get(question_id)
            ticket = await tx.tickets.get(question.ticket_id) if question and question.ticket_id else None
        if question is None or ticket is None or ticket.guild_id != guild_id:
            raise NotFoundError(text("ticket_answers.unknown_answer"))
        return question, ticket

    async def rate(self, question: Question, *, helpful: bool) -> None:
        """Keep whether an answer helped; the last word counts, once, for the entry it was written from."""
        async with self._database.transaction() as tx:
            before = await tx.questions.get(question.id)
            last = before.helpful if before is not None else None
            if before is None or not await tx.questions.rate(question.id, helpful):
                return
        if question.entry_id is not None and (question.written_by or "").startswith(TRAINED):
            await self._training.rated(
                question.guild_id,
                question.entry_id,
                helpful=int(helpful) - int(last is True),
                unhelpful=int(not helpful) - int(last is False),
            )
