"""Everything a cog may be given of summaries."""

from dataclasses import dataclass

from bot.services.alerts import Alerts
from bot.services.computing import Computing
from bot.services.summaries.kept import KeptSummaries
from bot.services.summaries.posting import DailyPosts
from bot.services.summaries.requests import SummaryRequests
from bot.services.summaries.scheduling import SummaryScheduler
from bot.services.summaries.settings import SummarySettingsService
from bot.services.summaries.storing import SummaryStore


@dataclass(frozen=True, slots=True)
class Summaries:
    """The services of summaries, loaded and ready."""

    settings: SummarySettingsService
    store: SummaryStore
    requests: SummaryRequests
    daily: DailyPosts
    scheduler: SummaryScheduler
    alerts: Alerts
    kept: KeptSummaries
    computing: Computing

    async def close(self) -> None:
        """Stop what is under way; it is taken up at the next start."""
        await self.scheduler.close()
        await self.requests.close()
        await self.computing.close()
