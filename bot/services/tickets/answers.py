"""Everything about answers in tickets, put together."""

from bot.db.database import Database
from bot.services.answer_writing import AnswerWriting
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.tickets.answer_ports import AnswerDesk
from bot.services.tickets.answering import TicketAnswering
from bot.services.tickets.choosing import AnswerChoice
from bot.services.tickets.handover import TicketHandover
from bot.services.tickets.service import TicketService
from bot.services.tickets.verdicts import AnswerVerdicts
from bot.services.training.entries import TrainingEntries
from bot.services.training.knowledge import Knowledge, Thresholds


class TicketAnswerService:
    """Answers questions in tickets, hands tickets over and keeps what members say of the answers."""

    def __init__(  # noqa: PLR0913  (training, models, staff and platform meet here)
        self,
        *,
        database: Database,
        clock: Clock,
        guilds: GuildService,
        tickets: TicketService,
        audience: AudienceService,
        knowledge: Knowledge,
        training: TrainingEntries,
        writing: AnswerWriting,
        desk: AnswerDesk,
        threshold: float | None = None,
    ) -> None:
        """Put the parts together; `threshold` is for servers that chose none, None: what was measured."""
        settings, display = tickets.settings, tickets.display
        self.handover = TicketHandover(
            database=database, clock=clock, guilds=guilds, settings=settings, display=display,
            audience=audience, desk=desk, make_sure=tickets.conversation.make_sure,
        )  # fmt: skip
        self.answering = TicketAnswering(
            database=database, clock=clock, settings=settings, display=display,
            choice=AnswerChoice(database, settings, knowledge, writing),
            handover=self.handover, training=training, desk=desk,
        )  # fmt: skip
        self.verdicts = AnswerVerdicts(database, training)
        self._settings = settings
        self._threshold = threshold
        knowledge.thresholds_of = self._thresholds
        display.on_shown = self.handover.refresh

    def _thresholds(self, guild_id: int) -> Thresholds:
        chosen = self._settings.of(guild_id)
        trained = chosen.threshold if chosen.threshold is not None else self._threshold
        return Thresholds(trained, chosen.low_threshold)
