"""Asks staff "teach this?": what a solved ticket could teach, which they edit and accept."""

from typing import Final

from bot.db.database import Database
from bot.domain.audience import Person
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.markdown import escape_markdown
from bot.domain.outgoing import prepare
from bot.models import Ticket, TicketEvent
from bot.services.audience import AudienceService, KnownThread
from bot.services.clock import Clock
from bot.services.tickets.lessons import Lesson, LessonWriter, pick
from bot.services.tickets.ports import OptedOut
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tickets.visible import link_of, shown_messages
from bot.services.training.drafts import Draft
from bot.services.training.entries import Trained, TrainingEntries
from bot.services.training.knowledge import Band, Candidate, Knowledge
from bot.texts import text

SHOWN: Final = 600  # characters of an entry's texts in a message
READ: Final = 500  # messages of a ticket, the newest
LESSON, TAUGHT, DISMISSED = "lesson", "taught", "not_taught"  # kinds of events


class SimilarError(UserFacingError):
    """An entry answers the question already."""

    def __init__(self, candidate: Candidate) -> None:
        entry = candidate.entry
        question = escape_markdown(candidate.phrasing)[:SHOWN]
        same = text("ticket_closing.entry_like", entry=entry.id, question=question)
        if candidate.is_exact:
            same = text("ticket_closing.entry_same", entry=entry.id, question=question)
        super().__init__(f"{same}\n{prepare(escape_markdown(entry.answer)[:SHOWN])}")
        self.entry_id = entry.id
        self.is_exact = candidate.is_exact


class TicketLessons:
    """Draws lessons, keeps them with their tickets, and teaches what staff accept. Nothing else teaches.

    Attributes:
        opted_out: of whom nothing is shown.
    """

    def __init__(  # noqa: PLR0913  (a lesson goes from tickets to training)
        self,
        database: Database,
        clock: Clock,
        *,
        settings: TicketSettingsService,
        audience: AudienceService,
        entries: TrainingEntries,
        knowledge: Knowledge,
        writer: LessonWriter,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._audience = audience
        self._entries = entries
        self._knowledge = knowledge
        self._writer = writer
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False

    async def draw(self, ticket: Ticket) -> Lesson | None:
        """Return what a closed ticket could teach, drawn once for each closing; None for nothing.

        Who never said that it is solved, and let it close by itself, teaches nothing.
        """
        if ticket.resolved_at is None and ticket.closed_by is None:
            return None
        kept = await self._kept(ticket)
        if kept is not None:
            return kept
        async with self._database.reading() as tx:
            messages = await tx.ticket_messages.list_of(ticket.id, READ)
        said = shown_messages(ticket, messages, self.opted_out)
        lesson = await self._writer.draw(ticket, said, self._category(ticket))
        if lesson is None:
            return None
        detail = {**lesson.kept(), "closing": str(ticket.reopened)}
        event = TicketEvent(ticket_id=ticket.id, kind=LESSON, detail=detail, at=self._clock.now())
        async with self._database.transaction() as tx:
            now = await tx.tickets.get(ticket.id)
            if now is None or now.thread_id is None:  # deleted while the model wrote
                return None
            await tx.tickets.note(event)
        return lesson

    async def proposal(self, ticket: Ticket, reader: Person) -> Lesson:
        """Return what staff are to look at: as drawn, or picked anew where what it rests on has changed.

        Raises:
            UserFacingError: it was taught already, or the member may not read the ticket.
            NotFoundError: nothing is left of it.
        """
        await self._check(ticket, reader)
        async with self._database.reading() as tx:
            messages = await tx.ticket_messages.list_of(ticket.id, READ)
            drawn = await tx.tickets.events(ticket.id, LESSON)
        if self.opted_out(ticket.guild_id, ticket.opener_id):
            raise NotFoundError(text("ticket_closing.lesson_not_shown"))
        said = shown_messages(ticket, messages, self.opted_out)
        if drawn:
            lesson = Lesson.of_kept(drawn[-1].detail or {})
            edited = {
                each.message_id for each in messages if each.edited_at and each.edited_at > drawn[-1].at
            }
            if {each.message_id for each in said}.issuperset(lesson.sources) and not edited & {
                *lesson.sources
            }:
                return lesson
        picked = pick(ticket, said, self._category(ticket))
        if picked is None:
            raise NotFoundError(text("ticket_closing.lesson_gone"))
        return picked

    async def similar(self, guild_id: int, draft: Draft) -> Candidate | None:
        """Return the entry that already answers one of these questions, if there is one."""
        for question in draft.questions:
            if question.strip():
                found = await self._knowledge.search(guild_id, question, 1)
                if found.band is Band.TRAINED:
                    return found.matches[0]
        return None

    async def teach(self, ticket: Ticket, reader: Person, draft: Draft, *, is_new: bool = False) -> Trained:
        """Make an entry of what staff accepted; `is_new` says that they know of the similar one.

        Raises:
            SimilarError: there is an entry that answers the question already.
            UserFacingError: it can't be stored, contradicts another entry, or was taught already.
        """
        await self._check(ticket, reader)
        if not is_new and (similar := await self.similar(ticket.guild_id, draft)) is not None:
            raise SimilarError(similar)
        trained = await self._entries.add(ticket.guild_id, reader.user_id, draft, link_of(ticket))
        await self._note(ticket, TAUGHT, reader.user_id, entry=str(trained.entry.id))
        return trained

    async def add_phrasings(self, ticket: Ticket, reader: Person, entry_id: int, draft: Draft) -> Trained:
        """Have an entry answer these questions too; its answer stays.

        Raises:
            UserFacingError: it can't be stored, is gone, or was taught already.
        """
        await self._check(ticket, reader)
        trained = await self._entries.add_questions(
            ticket.guild_id, reader.user_id, entry_id, draft.questions
        )
        await self._note(ticket, TAUGHT, reader.user_id, entry=str(entry_id))
        return trained

    async def dismiss(self, ticket: Ticket, reader: Person) -> None:
        """Note that there is nothing to teach.

        Raises:
            UserFacingError: it was taught already, or the member may not read the ticket.
        """
        await self._check(ticket, reader)
        await self._note(ticket, DISMISSED, reader.user_id)

    async def _check(self, ticket: Ticket, reader: Person) -> None:
        thread_id = ticket.thread_id
        if thread_id is None or not self._audience.may_carry(
            KnownThread(thread_id, ticket.parent_id, ticket.is_private), reader
        ):
            raise UserFacingError(text("ticket_closing.lesson_unreadable"))
        async with self._database.reading() as tx:
            taught = await tx.tickets.events(ticket.id, TAUGHT)
        if taught and (entry := (taught[-1].detail or {}).get("entry")):
            member = f"<@{taught[-1].actor_id}>"
            raise UserFacingError(text("ticket_closing.lesson_taught", member=member, entry=entry))

    async def _kept(self, ticket: Ticket) -> Lesson | None:
        async with self._database.reading() as tx:
            drawn = await tx.tickets.events(ticket.id, LESSON)
        kept = [each.detail for each in drawn if each.detail]
        this = [each for each in kept if each.get("closing") == str(ticket.reopened)]
        return Lesson.of_kept(this[-1]) if this else None

    def _category(self, ticket: Ticket) -> str:
        category = self._settings.category(ticket.guild_id, ticket.category_id)
        return category.name if category else ""

    async def _note(self, ticket: Ticket, kind: str, actor_id: int | None, **detail: object) -> None:
        event = TicketEvent(
            ticket_id=ticket.id, kind=kind, actor_id=actor_id, detail=detail or None, at=self._clock.now()
        )
        async with self._database.transaction() as tx:
            await tx.tickets.note(event)
