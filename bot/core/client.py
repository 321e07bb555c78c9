"""The Discord client and the services its cogs are built from."""

import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import aiohttp
import discord
from discord.ext import commands
from loguru import logger

from bot.core.errors import on_app_command_error, tell
from bot.core.forgiveness import forgive_odd_events
from bot.core.forms import KeptForms
from bot.core.refusing import is_part, require_open
from bot.core.reloading import Held, Reloading
from bot.core.translator import CatalogueTranslator, warn_of_mistakes
from bot.core.tree import Tree
from bot.domain.maintenance import Mode
from bot.services.audience import AudienceService
from bot.services.command_sync import CommandSyncService
from bot.services.configuration.actor import acting_for
from bot.services.configuration.service import Configuration
from bot.services.configuration.watch import SettingsWatch
from bot.services.errors.service import ErrorService
from bot.services.feedback import FeedbackService
from bot.services.fitting import ThresholdFitting
from bot.services.guilds import GuildService
from bot.services.ingest import IngestService
from bot.services.maintenance import MaintenanceService
from bot.services.metrics import Metrics
from bot.services.observer import ObserverService
from bot.services.onboarding import OnboardingService
from bot.services.orchestrator import OrchestratorService
from bot.services.plugins.service import PluginService
from bot.services.privacy.service import PrivacyService
from bot.services.reasons import ReasonService
from bot.services.recovery import RecoveryService
from bot.services.refinement import RefinementService
from bot.services.retention import RetentionService
from bot.services.statistics.service import StatisticsService
from bot.services.status import StatusService
from bot.services.stories import StoryService
from bot.services.suggestions import SuggestionService
from bot.services.summaries.service import Summaries
from bot.services.summoning import SummoningService
from bot.services.support_roles import SupportRoles
from bot.services.tasks import TaskSet
from bot.services.tickets.answers import TicketAnswerService
from bot.services.tickets.closing import TicketClosing
from bot.services.tickets.service import TicketService
from bot.services.tickets.similar import SimilarTickets
from bot.services.training.entries import TrainingEntries
from bot.services.training.gaps import TrainingGaps
from bot.services.training.importing import TrainingFiles
from bot.services.training.knowledge import Knowledge

COGS = (
    "cogs.ingest",
    "cogs.observer",
    "cogs.orchestrator",
    "cogs.suggestions",
    "cogs.feedback",
    "cogs.training",
    "cogs.tickets",
    "cogs.summaries",
    "cogs.incidents",
    "cogs.unanswered",
    "cogs.admin",
    "cogs.status",
    "cogs.statistics",
    "cogs.privacy",
    "cogs.plugins",
    "cogs.errors",
    "cogs.maintenance",
    "cogs.onboarding",
    "cogs.help",
)
PLACE_EVENTS = frozenset(
    (
        "guild_channel_update",
        "guild_channel_delete",
        "guild_role_update",
        "guild_role_delete",
        "thread_update",
    )
)
NOBODY = discord.AllowedMentions(everyone=False, roles=False, users=False, replied_user=True)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a cog may be given."""

    answers: TicketAnswerService
    audience: AudienceService
    command_sync: CommandSyncService
    configuration: Configuration
    errors: ErrorService
    feedback: FeedbackService
    fitting: ThresholdFitting
    guilds: GuildService
    ingest: IngestService
    knowledge: Knowledge
    maintenance: MaintenanceService
    metrics: Metrics
    observer: ObserverService
    onboarding: OnboardingService
    orchestrator: OrchestratorService
    privacy: PrivacyService
    plugins: PluginService
    reasons: ReasonService
    recovery: RecoveryService
    refinement: RefinementService
    retention: RetentionService
    settings_watch: SettingsWatch
    similar_tickets: SimilarTickets
    statistics: StatisticsService
    status: StatusService
    stories: StoryService
    summaries: Summaries
    suggestions: SuggestionService
    summoning: SummoningService
    support_roles: SupportRoles
    ticket_closing: TicketClosing
    tickets: TicketService
    training: TrainingEntries
    training_files: TrainingFiles
    training_gaps: TrainingGaps


class Bot(commands.Bot):
    """A bot that carries its services; cogs take what they need from it in `setup`."""

    def __init__(
        self,
        services: Services,
        *,
        intents: discord.Intents,
        http_trace: aiohttp.TraceConfig,
        direct_messages: bool = False,
        greets: bool = True,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # there is no voice here
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=intents,
            allowed_mentions=NOBODY,
            guild_ready_timeout=0.1,  # seconds without a new server until ready; discord.py waits 2
            max_messages=None,  # edits and deletions come raw; a cache of messages would only take memory
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            http_trace=http_trace,
        )
        self.services = services
        self.direct_messages = direct_messages
        self.greets = greets
        self.forms = KeptForms()
        self._tasks = TaskSet()
        self.failed_cogs: dict[str, str] = {}
        self.reloading = Reloading(self)
        self.started = time.time()  # as files' times are told
        self.held: Held | None = None  # while a part is exchanged: what comes is told afterwards
        self.on_new_session: Callable[[], None] = lambda: None
        self.on_places_changed: Callable[[], None] = lambda: None
        self.on_guild_lost: Callable[[int], None] = lambda _guild_id: None
        self.on_every_message: Callable[[Mapping[str, Any]], None] | None = None
        self.on_ticket_message: Callable[[Mapping[str, Any]], None] | None = None
        self.ticket_threads: Container[str] = ()  # what is said in them goes to `on_ticket_message`, too
        self.tree.error(on_app_command_error)
        self._hear_messages()
        self._hear_who_acts()
        forgive_odd_events(self)

    async def setup_hook(self) -> None:
        """Load the cogs; one that fails is logged and marked, the rest run."""
        translator = CatalogueTranslator()
        if translator.languages:
            await self.tree.set_translator(translator)
        for name in COGS:
            try:
                await self.load_extension(name)
            except commands.ExtensionError as error:
                self.failed_cogs[name] = str(error)
                log = logger.bind(place=name).opt(exception=error)
                log.critical("{} could not be loaded; the rest runs without it", name)
        warn_of_mistakes(self.tree)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Tell of new sessions, changed places and outages at once; listeners run later, as tasks."""
        if event == "socket_event_type" and "on_socket_event_type" not in self.extra_events:
            return  # discord.py tells of every frame; nobody listens
        if self.held is not None:
            self.held.take(partial(self.dispatch, event, *args, **kwargs))
            return
        if event == "connect":  # events may have been missed, and nothing of the new session was heard yet
            self.on_new_session()
        elif event in PLACE_EVENTS:  # the next message may come with the same read of the socket
            self.on_places_changed()
        elif event == "guild_unavailable":  # nothing is heard of it until it is back, in the same session
            self.on_guild_lost(args[0].id)
        super().dispatch(event, *args, **kwargs)

    def _hear_messages(self) -> None:
        """Hand message payloads to the ingest cog before discord.py makes objects and tasks of them.

        Whoever listens for messages in the usual way is served as ever.
        """
        parsers: dict[str, Callable[[Any], None]] = self._connection.parsers
        usual = parsers["MESSAGE_CREATE"]

        def on_payload(payload: Any) -> None:
            if self.held is not None:
                self.held.take(partial(on_payload, payload), payload)
                return
            if self.on_every_message is not None:
                self.on_every_message(payload)
            if payload["channel_id"] in self.ticket_threads and self.on_ticket_message is not None:
                self.on_ticket_message(payload)
            if "on_message" in self.extra_events or "message" in self._listeners:
                usual(payload)

        parsers["MESSAGE_CREATE"] = on_payload

    def _hear_who_acts(self) -> None:
        """Have whatever comes of an interaction know who caused it: commands, buttons, menus and forms."""
        parsers: dict[str, Callable[[Any], None]] = self._connection.parsers
        usual = parsers["INTERACTION_CREATE"]

        def on_payload(payload: Any) -> None:
            if self.held is not None:
                self.held.take(partial(on_payload, payload))
                return
            user = payload.get("user") or payload["member"]["user"]
            with acting_for(int(user["id"])):
                if is_part(payload) and self.services.maintenance.now.mode is Mode.HARD:
                    self._tasks.spawn(self._unless_refused(payload, usual), "a press during maintenance")
                else:
                    usual(payload)

        parsers["INTERACTION_CREATE"] = on_payload

    async def _unless_refused(self, payload: Any, usual: Callable[[Any], None]) -> None:
        """Hand a button, select or form on, or tell why not; commands are asked by the tree."""
        interaction = discord.Interaction[Self](data=payload, state=self._connection)
        try:
            await require_open(interaction)
        except Exception as error:  # noqa: BLE001  (nobody else would tell)
            await tell(interaction, error)
        else:
            usual(payload)

    async def close(self) -> None:
        """Leave Discord."""
        await self._tasks.cancel()
        await super().close()

    async def on_interaction(self, interaction: discord.Interaction[Any], /) -> None:
        """Hear forms that were sent, also those that were opened before a restart."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.forms.hear(interaction)

    async def on_message(self, message: discord.Message, /) -> None:
        """Run no prefix commands: everything is a slash command."""
