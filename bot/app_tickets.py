"""The part of the composition root that puts together tickets, their answers and their end."""

from dataclasses import dataclass

from bot.db.database import Database
from bot.services.answer_writing import AnswerWriting
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.language import Language
from bot.services.maintenance import MaintenanceService
from bot.services.meaning import Meaning
from bot.services.tickets.answers import TicketAnswerService
from bot.services.tickets.closing import TicketClosing
from bot.services.tickets.service import TicketService
from bot.services.tickets.similar import SimilarTickets
from bot.services.tickets.teach import TicketLessons
from bot.services.training.entries import TrainingEntries
from bot.services.training.gaps import TrainingGaps
from bot.services.training.knowledge import Knowledge
from bot.settings import Settings
from bot.tools.ticket_answers import DiscordAnswerDesk
from bot.tools.ticket_closing import DiscordClosingDesk
from bot.tools.ticket_posts import DiscordPostDesk
from bot.tools.tickets import DiscordTicketDesk


@dataclass(frozen=True, slots=True)
class TicketParts:
    """What answering and closing tickets need."""

    database: Database
    clock: Clock
    settings: Settings
    guilds: GuildService
    tickets: TicketService
    desk: DiscordTicketDesk
    language: Language
    knowledge: Knowledge
    training: TrainingEntries
    audience: AudienceService
    meaning: Meaning
    maintenance: MaintenanceService

    def answers(self) -> TicketAnswerService:
        """Return what answers in tickets."""
        self.tickets.may_carry = self.audience.may_carry
        self.tickets.adoption.desk = DiscordPostDesk(self.desk)
        self.tickets.adoption.opted_out = self._opted_out
        answers = TicketAnswerService(
            database=self.database,
            clock=self.clock,
            guilds=self.guilds,
            tickets=self.tickets,
            audience=self.audience,
            knowledge=self.knowledge,
            training=self.training,
            writing=AnswerWriting(self.language.writer, self.settings.llm.deadlines.reply),
            desk=DiscordAnswerDesk(self.desk),
            threshold=self.settings.observer.similarity_threshold,
        )
        answers.handover.similar = self.similar()
        answers.answering.maintenance = self.maintenance
        return answers

    def closing(self) -> TicketClosing:
        """Return what serves tickets that have closed."""
        lessons = TicketLessons(
            self.database,
            self.clock,
            settings=self.tickets.settings,
            audience=self.audience,
            entries=self.training,
            knowledge=self.knowledge,
            writer=self.language.lessons,
        )
        closing = TicketClosing(
            self.database,
            self.clock,
            DiscordClosingDesk(self.desk),
            settings=self.tickets.settings,
            guilds=self.guilds,
            audience=self.audience,
            writer=self.language.writer,
            lessons=lessons,
            seconds=self.settings.llm.deadlines.summarize,
        )
        closing.catch_up = self.tickets.conversation.catch_up
        closing.is_unsure = self.tickets.conversation.missed.is_unsure
        closing.opted_out = lessons.opted_out = closing.ratings.opted_out = self._opted_out
        self.tickets.life.closed.append(closing.on_closed)
        return closing

    def similar(self) -> SimilarTickets:
        """Return what finds solved tickets like one that is to be opened."""
        return SimilarTickets(self.database, self.meaning, self.audience)

    def gaps(self) -> TrainingGaps:
        """Return what finds questions that nothing taught answers."""
        gaps = TrainingGaps(self.database, self.clock, self.meaning, self.knowledge, self.audience)
        gaps.opted_out = self._opted_out
        return gaps

    def _opted_out(self, guild_id: int, user_id: int) -> bool:
        """Return whether nothing is shown of a member, as the conversation knows it now."""
        return self.tickets.conversation.opted_out(guild_id, user_id)
