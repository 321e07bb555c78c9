"""The figures of servers: counting them and telling them."""

from collections.abc import Callable

from bot.db.database import Database
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.ingest import IngestService
from bot.services.statistics.activity import ActivityService
from bot.services.statistics.counting import CountingService
from bot.services.statistics.moods import MoodService
from bot.services.statistics.reactions import ReactionService


class StatisticsService:
    """Everything about figures, a part for each thing one does with them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        guilds: GuildService,
        audience: AudienceService,
        ingest: IngestService,
        messages_days: int,
    ) -> None:
        """Put the parts together; messages are kept for `messages_days`."""
        self.counting = CountingService(database, clock, guilds, messages_days)
        self.counting.busy = lambda: ingest.depth > 0
        self.reactions = ReactionService(database, clock, ingest.flushed)
        self.activity = ActivityService(database, clock, guilds, audience)
        self.moods = MoodService(database)

    def leave_out(self, opted_out: Callable[[int, int], bool]) -> None:
        """Name nobody for whom `opted_out` holds, given their guild and id."""
        self.counting.opted_out = self.activity.opted_out = self.moods.opted_out = opted_out
