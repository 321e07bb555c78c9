"""The part of the composition root that puts together figures and summaries."""

from dataclasses import dataclass

from bot.db.database import Database
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.ingest import IngestService
from bot.services.statistics.service import StatisticsService
from bot.services.tickets.service import TicketService
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class SummaryParts:
    """What summaries need."""

    database: Database
    clock: Clock
    settings: Settings
    guilds: GuildService
    audience: AudienceService
    ingest: IngestService
    tickets: TicketService

    def statistics(self) -> StatisticsService:
        """Return what counts, and tells the figures."""
        statistics = StatisticsService(
            self.database,
            self.clock,
            self.guilds,
            self.audience,
            self.ingest,
            self.settings.retention.messages_days,
        )
        statistics.leave_out(self._opted_out)
        return statistics

    def _opted_out(self, guild_id: int, user_id: int) -> bool:
        """Return whether nothing is shown of a member, as the conversation knows it now."""
        return self.tickets.conversation.opted_out(guild_id, user_id)
