"""The part of the composition root that puts together how messages are answered."""

from collections.abc import Mapping
from typing import NamedTuple

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.services.actions import ActionLog
from bot.services.clock import Clock
from bot.services.compose import Composer
from bot.services.feedback import FeedbackService
from bot.services.fitting import ThresholdFitting
from bot.services.guilds import GuildService
from bot.services.ingest import IngestService
from bot.services.maintenance import MaintenanceService
from bot.services.metrics import Metrics
from bot.services.orchestrator import OrchestratorService
from bot.services.situations import SituationService
from bot.services.suggestions import SuggestionService
from bot.services.summoning import SummoningService
from bot.services.throttle import Throttle
from bot.services.tools import Tool
from bot.settings import Settings
from bot.tools.suggestions import DiscordSuggestionDesk


class ReplyParts(NamedTuple):
    """Who decides and answers, what staff are asked about first, and what people say of it."""

    orchestrator: OrchestratorService
    suggestions: SuggestionService
    feedback: FeedbackService
    fitting: ThresholdFitting
    summoning: SummoningService


def build_replies(  # noqa: PLR0913  (answering meets everything)
    database: Database,
    bus: MemoryBus,
    clock: Clock,
    metrics: Metrics,
    settings: Settings,
    *,
    guilds: GuildService,
    ingest: IngestService,
    composer: Composer,
    tools: Mapping[str, Tool],
    desk: DiscordSuggestionDesk,
    maintenance: MaintenanceService,
    throttle: Throttle,
) -> ReplyParts:
    """Return the services."""
    feedback = FeedbackService(database, clock)
    orchestrator = OrchestratorService(
        database=database,
        bus=bus,
        clock=clock,
        metrics=metrics,
        guilds=guilds,
        situations=SituationService(settings),
        throttle=throttle,
        composer=composer,
        actions=ActionLog(database, tools, clock),
        settings=settings.workers,
        maintenance=maintenance,
    )
    suggestions = SuggestionService(
        database,
        clock,
        orchestrator=orchestrator,
        feedback=feedback,
        desk=desk,
        settings=settings.workers,
    )
    fitting = ThresholdFitting(database, clock, guilds, feedback)
    summoning = SummoningService(database, ingest, bus, clock)
    return ReplyParts(orchestrator, suggestions, feedback, fitting, summoning)
