"""The part of the composition root that puts together figures and summaries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.db.database import Database
from bot.services.alert_settings import AlertSettingsService
from bot.services.alerts import Alerts
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.computing import Computing
from bot.services.guilds import GuildService
from bot.services.incidents.watching import IncidentWatch
from bot.services.ingest import IngestService
from bot.services.language import Language
from bot.services.maintenance import MaintenanceService
from bot.services.meaning import Meaning
from bot.services.statistics.service import StatisticsService
from bot.services.summaries.collecting import Collecting
from bot.services.summaries.extracts import PickedLines
from bot.services.summaries.figures import SummaryFigures
from bot.services.summaries.kept import KeptSummaries
from bot.services.summaries.making import SummaryMaker
from bot.services.summaries.partials import Partials
from bot.services.summaries.posting import DailyPosts
from bot.services.summaries.requests import SummaryRequests
from bot.services.summaries.scheduling import SummaryScheduler
from bot.services.summaries.service import Summaries
from bot.services.summaries.settings import Section, SummarySettingsService
from bot.services.summaries.storing import SummaryStore
from bot.services.tickets.service import TicketService
from bot.services.unanswered.finding import Unanswered
from bot.services.unanswered.nudging import Nudging
from bot.settings import Settings
from bot.tools.alerts import DiscordAlertDesk
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
    meaning: Meaning
    maintenance: MaintenanceService

    async def build(self, statistics: StatisticsService) -> Summaries:
        """Return the services, with every server's settings read."""
        settings = SummarySettingsService(self.database, self.clock, self.guilds)
        await settings.load()
        collecting = Collecting(self.database, self.guilds, self.audience)
        collecting.is_private = self.threads.is_private
        collecting.opted_out = self._opted_out
        collecting.votes = self._votes
        collecting.excluded = settings.excluded
        store = SummaryStore(self.database, self.clock, collecting)
        computing = Computing(self.clock)
        maker = SummaryMaker(
            self.clock,
            self.guilds,
            collecting,
            self.language.writer,
            Partials(self.database, self.clock),
            PickedLines(computing),
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
        figures = SummaryFigures(
            self.database, self.guilds, self.audience, statistics.moods, collecting.left_out
        )
        figures.computing = computing
        composer = daily.composer
        composer.extras |= {Section.MOOD: figures.mood, Section.PEOPLE: figures.people}
        composer.draw, composer.warn = figures.picture, figures.alarm
        tick = self.settings.workers.tick_seconds
        scheduler = SummaryScheduler(self.database, self.clock, settings, daily, tick)
        alerts = await self._alerts(collecting)
        alerts.unanswered.computing = computing
        composer.extras[Section.UNANSWERED] = alerts.unanswered.section
        requests = SummaryRequests(maker, store, self.clock)
        kept = KeptSummaries(
            self.database,
            self.clock,
            maintenance=self.maintenance,
            guilds=self.guilds,
            settings=settings,
            requests=requests,
            desk=self.desk,
        )
        return Summaries(settings, store, requests, daily, scheduler, alerts, kept, computing)

    async def _votes(self, message_ids: Sequence[int]) -> Mapping[int, int]:
        """Return how many members reacted to messages."""
        async with self.database.reading() as tx:
            return await tx.reactions.votes(message_ids)

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

    async def _alerts(self, collecting: Collecting) -> Alerts:
        database, clock, guilds = self.database, self.clock, self.guilds
        settings = AlertSettingsService(database, clock)
        await settings.load()
        desk = DiscordAlertDesk(self.desk)
        unanswered = Unanswered(database, clock, settings, collecting)
        return Alerts(
            settings,
            IncidentWatch(
                database,
                clock,
                guilds=guilds,
                settings=settings,
                collecting=collecting,
                meaning=self.meaning,
                desk=desk,
            ),
            unanswered,
            Nudging(database, clock, guilds=guilds, settings=settings, unanswered=unanswered, desk=desk),
            clock,
            self.settings.workers.tick_seconds,
            is_silent=self.settings.maintenance_mode,
        )
