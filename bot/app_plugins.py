"""The part of the composition root that puts together plugins, and lets them hear what happens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.core.client import Services
from bot.db.database import Database
from bot.domain.policy import Decision
from bot.domain.signal import Signal
from bot.models import Ticket
from bot.nlp.classifier import NanoClassifier
from bot.plugin_api.events import (
    DecisionMade,
    MessageDeleted,
    MessageEdited,
    MessageObserved,
    SummaryPosted,
)
from bot.services.clock import Clock
from bot.services.configuration.changes import PLUGINS
from bot.services.guilds import GuildService
from bot.services.ingest import IngestService, Steps
from bot.services.language import Language
from bot.services.meaning import Meaning
from bot.services.observer import ObserverService
from bot.services.orchestrator import OrchestratorService
from bot.services.plugins.asking import PluginLanguage
from bot.services.plugins.claiming import PluginClaims
from bot.services.plugins.judging import PluginJudging
from bot.services.plugins.listening import Heard, closed, decided, deleted, event_of, opened
from bot.services.plugins.registry import PluginRegistry
from bot.services.plugins.service import PluginService
from bot.services.plugins.timing import PluginTiming
from bot.services.summaries.service import Summaries
from bot.services.tickets.service import TicketService
from bot.settings import Settings
from bot.tools.owner import BotOwner
from bot.tools.plugins import DiscordPluginDesk


@dataclass(frozen=True, slots=True)
class PluginParts:
    """What plugins need."""

    database: Database
    clock: Clock
    settings: Settings
    guilds: GuildService
    language: Language
    desk: DiscordPluginDesk
    owner: BotOwner
    classifier: NanoClassifier
    meaning: Meaning

    def build(self) -> PluginService:
        """Return the service; no plugin is loaded yet."""
        settings = self.settings
        registry = PluginRegistry(
            self.database,
            self.clock,
            settings.plugins,
            self.desk,
            PluginLanguage(self.language.writer, settings.llm.deadlines.chat),
            settings.secrets(),
            PluginJudging(self.classifier, self.meaning),
        )
        registry.notices.tell = self.owner.tell
        timing = PluginTiming(self.database, self.clock)
        return PluginService(registry, self.guilds, timing, settings.workers.tick_seconds)


async def start_plugins(services: Services) -> None:
    """Load the plugins, and have them hear what happens."""
    plugins = services.plugins
    listening = Listening(plugins, services.ingest, services.observer, services.orchestrator)
    listening.also(services.tickets, services.summaries)
    services.status.troubles = plugins.troubles
    services.retention.on_plugin_guild_gone = plugins.registry.forget_guild
    services.privacy.on_erase.append(plugins.erase)
    services.settings_watch.add({PLUGINS: plugins.reload_guild})
    await plugins.load()


class Listening:
    """Hands on what happens, as long as a plugin listens: where none does, nothing is asked of it."""

    def __init__(
        self,
        plugins: PluginService,
        ingest: IngestService,
        observer: ObserverService,
        orchestrator: OrchestratorService,
    ) -> None:
        self._plugins = plugins
        self._ingest = ingest
        self._observer = observer
        self._orchestrator = orchestrator
        self._heard = Heard()
        self._messages: set[int] = set()  # guilds
        self._decisions: set[int] = set()
        self._edits: set[int] = set()
        self._deletions: set[int] = set()
        self._claims = PluginClaims(plugins.registry)
        self._claiming: set[int] = set()
        plugins.on_listening = self.look
        self.look()

    def look(self) -> None:
        """Listen for what plugins listen for now."""
        self._messages = self._plugins.guilds_listening(MessageObserved)
        self._decisions = self._plugins.guilds_listening(DecisionMade)
        self._edits = self._plugins.guilds_listening(MessageEdited)
        self._deletions = self._plugins.guilds_listening(MessageDeleted)
        self._claiming = self._claims.guilds()
        stored = self._messages or self._edits or self._deletions
        self._ingest.on_stored = self._stored if stored else None
        self._observer.on_observed = self._observed if self._messages else None
        self._orchestrator.on_decided = self._decided if self._decisions else None
        self._orchestrator.claimed = self._claimed if self._claiming else None

    def also(self, tickets: TicketService, summaries: Summaries) -> None:
        """Hear of tickets and summaries, too: they are rare."""
        placed = tickets.opening.on_placed

        def on_placed(ticket: Ticket) -> None:
            placed(ticket)
            self._plugins.publish(opened(ticket))

        async def on_closed(ticket: Ticket) -> None:
            self._plugins.publish(closed(ticket))

        tickets.opening.on_placed = on_placed
        tickets.life.closed.append(on_closed)
        summaries.daily.on_posted = self._posted

    def _stored(self, steps: Steps) -> None:
        for event in self._heard.stored(steps, self._messages):
            self._plugins.publish(event)
        for edit in self._heard.edited(steps, self._edits):
            self._plugins.publish(edit)
        for gone in deleted(steps, self._deletions):
            self._plugins.publish(gone)

    def _observed(self, signals: Sequence[Signal]) -> None:
        for event in self._heard.observed(signals, self._messages):
            self._plugins.publish(event)

    async def _claimed(self, signals: Sequence[Signal]) -> Mapping[str, str]:
        """Return the plugin that answers instead of the bot, by signal."""
        asked = {each.message.message_id: each for each in signals if each.message.guild_id in self._claiming}
        if not asked:
            return {}
        found = await self._claims.of([event_of(each, MessageObserved) for each in asked.values()])
        return {asked[message_id].id: plugin for message_id, plugin in found.items()}

    def _decided(self, decisions: Sequence[tuple[Signal, Decision]]) -> None:
        for event in decided(decisions, self._decisions):
            self._plugins.publish(event)

    def _posted(self, guild_id: int, channel_id: int, message_id: int, day: date) -> None:
        event = SummaryPosted(guild_id=guild_id, channel_id=channel_id, message_id=message_id, day=day)
        self._plugins.publish(event)
