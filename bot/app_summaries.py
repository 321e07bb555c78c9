"""The part of the composition root that puts together figures and summaries."""

from dataclasses import dataclass

from bot.db.database import Database
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.ingest import IngestService
from bot.services.language import Language
from bot.services.statistics.service import StatisticsService
from bot.services.summaries.collecting import Collecting
from bot.services.summaries.extracts import PickedLines
from bot.services.summaries.making import SummaryMaker
from bot.services.summaries.partials import Partials
from bot.services.summaries.posting import DailyPosts
from bot.services.summaries.requests import SummaryRequests
from bot.services.summaries.scheduling import SummaryScheduler
from bot.services.summaries.service import Summaries
from bot.services.summaries.settings import SummarySettingsService
from bot.services.summaries.storing import SummaryStore
from bot.services.tickets.service import TicketService
from bot.settings import Settings
from bot.tools.archived_threads import ArchivedThreads
from bot.tools.summaries import DiscordSummaryDesk


@dataclass(frozen=True, slots=True)
class SummaryParts:
    """What summaries need."""

    database: Database
    clock: Clock
    settings: Settings
    guilds: GuildService
    audience: AudienceService
    language: Language
    tickets: TicketService
    desk: DiscordSummaryDesk
    threads: ArchivedThreads
    ingest: IngestService

    async def build(self) -> Summaries:
        """Return the services, with every server's settings read."""
        settings = SummarySettingsService(self.database, self.clock, self.guilds)
        await settings.load()
        collecting = Collecting(self.database, self.guilds, self.audience)
        collecting.is_private = self.threads.is_private
        collecting.opted_out = self._opted_out
        store = SummaryStore(self.database, self.clock, collecting)
        maker = SummaryMaker(
            self.clock,
            self.guilds,
            collecting,
            self.language.writer,
            Partials(self.database, self.clock),
            PickedLines(),
            seconds=self.settings.llm.deadlines.summarize,
        )
        daily = DailyPosts(
            self.database,
            self.clock,
            guilds=self.guilds,
            settings=settings,
            maker=maker,
            store=store,
            desk=self.desk,
        )
        tick = self.settings.workers.tick_seconds
        scheduler = SummaryScheduler(self.database, self.clock, settings, daily, tick)
        return Summaries(settings, store, SummaryRequests(maker, store), daily, scheduler)

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
