"""The composition root: the one place that builds concrete classes, and their life from start to stop."""

import asyncio
import gc
import sys
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

import discord
from loguru import logger

from bot.abilities import describe_abilities
from bot.app_admin import AdminParts
from bot.app_api import start_api
from bot.app_backups import backup_service
from bot.app_configuration import build_configuration
from bot.app_life import listen_for_signals, title_of, track, warm_up_encoder, within
from bot.app_plugins import PluginParts, start_plugins
from bot.app_privacy import PrivacyParts
from bot.app_replies import build_replies
from bot.app_summaries import SummaryParts
from bot.app_tickets import TicketParts
from bot.bus.memory import MemoryBus
from bot.core.checks import is_support_member
from bot.core.client import Bot, Services
from bot.core.fair_reading import read_fairly
from bot.core.places import DiscordPlaces
from bot.core.pointing import point_discord
from bot.db.database import Database
from bot.db.engine import create_engine
from bot.db.instance_lock import InstanceLock
from bot.db.schema import prepare_database
from bot.domain.signal import Urgency
from bot.llm.types import Task
from bot.nlp.batching import BatchingEncoder
from bot.nlp.choice import EncoderChoice, Judges, choose_encoder, choose_judges
from bot.nlp.classifier import warm_up
from bot.nlp.refining import Refiner
from bot.services.audience import AudienceService
from bot.services.cascade import CascadeService
from bot.services.clock import Clock, SystemClock
from bot.services.command_sync import CommandSyncService
from bot.services.compose import SUGGEST, Composer
from bot.services.configuration.watch import SettingsWatch
from bot.services.drain import drain
from bot.services.errors.service import ErrorService
from bot.services.guilds import GuildService
from bot.services.holding import ACTION_KINDS
from bot.services.ingest import IngestService
from bot.services.language import Language
from bot.services.loop_delay import LoopDelay
from bot.services.meaning import Meaning
from bot.services.metrics import Metrics
from bot.services.observer import ObserverService
from bot.services.onboarding import OnboardingService
from bot.services.reasons import ReasonService
from bot.services.recovery import RecoveryService
from bot.services.refinement import RefinementService
from bot.services.replies import Replies
from bot.services.reply_writing import ReplyWriting
from bot.services.retention import RetentionService
from bot.services.status import StatusService
from bot.services.stories import StoryService
from bot.services.support_roles import SupportRoles
from bot.services.tasks import TaskSet
from bot.services.throttle import Throttle
from bot.services.tickets.service import TicketService
from bot.services.tools import Tool
from bot.services.trained_replies import TrainedReplies
from bot.services.training.entries import TrainingEntries
from bot.services.training.importing import TrainingFiles
from bot.services.training.knowledge import Knowledge
from bot.settings import Settings
from bot.texts import speak
from bot.tools.archived_threads import ArchivedThreads
from bot.tools.http_trace import retry_trace
from bot.tools.owner import OwnerNotices
from bot.tools.plugins import DiscordPluginDesk
from bot.tools.responder import DiscordResponderTool
from bot.tools.suggestions import DiscordSuggestionDesk, DiscordSuggestTool
from bot.tools.summaries import DiscordSummaryDesk
from bot.tools.tickets import DiscordTicketDesk

CONFIG = Path(__file__).resolve().parent.parent / "config"
CLOSE_SECONDS = 10.0  # for each part to close
RECONNECT_SECONDS = 5.0  # after an error of the gateway that discord.py doesn't handle
SWITCH_SECONDS = 0.001  # for which a thread that computes may keep the interpreter from the event loop
GC_THRESHOLDS = (50_000, 20, 50)  # messages come in bursts of small objects that hold no cycles


def run(settings: Settings) -> int:
    """Run the bot until it is told to stop; return the exit code.

    Raises:
        StartupError: it can't start; the text says the fix.
    """
    return asyncio.run(Application(settings, SystemClock()).run())


class Application:
    """One running bot."""

    def __init__(self, settings: Settings, clock: Clock, refiner: Refiner | None = None) -> None:
        """Prepare a bot; a `refiner` takes the place of the second judge that the settings would choose."""
        self._settings = settings
        self._clock = clock
        self._refiner = refiner
        self._stopping = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._tasks = TaskSet()
        self._support_roles = SupportRoles()
        self._ticket_desk = DiscordTicketDesk(partial(is_support_member, self._support_roles))
        self._summary_desk = DiscordSummaryDesk()
        self._threads = ArchivedThreads()
        self._plugin_desk = DiscordPluginDesk(partial(is_support_member, self._support_roles))
        self._admin = AdminParts(settings, clock)

    async def run(self) -> int:
        """Start everything, run until stopped, stop everything in reverse order."""
        settings = self._settings
        sys.setswitchinterval(SWITCH_SECONDS)
        speak(settings.discord.language)
        logger.info("Starting Lookout ({})", describe_abilities())
        async with AsyncExitStack() as stack:
            # FastAPI takes a while to import, a model to be checked; the database is opened meanwhile.
            if settings.api.enabled:
                importing = asyncio.create_task(asyncio.to_thread(import_module, "bot.api.app"))
                stack.push_async_callback(asyncio.wait, {importing})
            choosing = asyncio.create_task(asyncio.to_thread(choose_encoder, settings.nlp))
            stack.push_async_callback(asyncio.wait, {choosing})
            database = await self._open_database(stack)
            bus, metrics, tools = MemoryBus(), Metrics(), dict[str, Tool]()
            notices = OwnerNotices()
            language = self._language(stack, database, metrics, notices)
            judges = self._judges(stack, await choosing, metrics, language)
            errors = self._admin.errors(stack, database, language)
            services = await self._build(database, bus, metrics, tools, judges, language, errors)
            for part in (services.status, services.tickets, services.ticket_closing,
                         services.similar_tickets, services.summaries, services.plugins):  # fmt: skip
                stack.push_async_callback(part.close)
            point_discord(settings.discord)
            read_fairly(lambda: services.ingest.pressure)
            bot = Bot(
                services,
                intents=discord.Intents(**dict.fromkeys(settings.gateway_intents, True)),
                direct_messages=settings.ingest.direct_messages,
                greets=settings.discord.welcome,
                http_trace=retry_trace(metrics),
            )
            self._threads.client = self._admin.owner.bot = notices.bot = bot
            self._ticket_desk.bot = self._summary_desk.bot = self._plugin_desk.bot = bot
            tools.update({kind: DiscordResponderTool(bot, kind) for kind in ACTION_KINDS})
            tools[SUGGEST] = DiscordSuggestTool(bot, services.audience.may_carry)
            self._suggestion_desk.bot = bot
            services.audience.read_from(DiscordPlaces(bot))
            services.refinement.title_of = partial(title_of, bot)
            track(metrics, services, bus, bot)
            self._tasks.spawn(LoopDelay(SystemClock(), metrics.loop_delayed).run(), "loop delay")
            await start_api(stack, settings.api, database, services, bot)
            listen_for_signals(self.stop)
            await self._live(bot, bus)
        logger.info("Stopped")
        return 0

    async def _live(self, bot: Bot, bus: MemoryBus) -> None:
        try:
            await self._connect_until_stopped(bot)
            await self._drain(bot.services, bus)
        finally:
            await self._tasks.cancel()
            await within(CLOSE_SECONDS, bot.close(), "closing the connection to Discord")
            if self._working is not None:
                self._working.cancel()
                await asyncio.gather(self._working, return_exceptions=True)

    def stop(self) -> None:
        """Begin to stop; called again, stop without waiting for work in progress."""
        if self._stopping.is_set():
            self._stop_now.set()
        self._stopping.set()

    async def _open_database(self, stack: AsyncExitStack) -> Database:
        engine = create_engine(self._settings.database.sqlalchemy_url)
        database = Database(engine)
        stack.push_async_callback(database.close)
        await prepare_database(engine, self._clock.now())
        lock = InstanceLock(engine)
        await lock.acquire()
        stack.push_async_callback(lock.release)
        tasks = TaskSet()
        tasks.spawn(lock.keep(self.stop), "instance lock")
        stack.push_async_callback(tasks.cancel)
        async with database.transaction() as tx:
            await tx.queue.release_all()  # nobody else is at work on this database
        return database

    def _judges(
        self, stack: AsyncExitStack, choice: EncoderChoice, metrics: Metrics, language: Language
    ) -> Judges:
        """Return who judges; their encoder is closed last, when what was taken is finished."""
        mode = self._settings.llm.observer_mode
        judges = choose_judges(
            choice,
            self._refiner,
            has_llm=mode != "embedded" and language.writer.asks(Task.CLASSIFY),
            llm_judges_all=mode == "llm",
        )
        logger.log("WARNING" if choice.degraded else "INFO", "Judging: {}", judges.reason)
        encoder = choice.encoder
        if encoder is not None:
            stack.push_async_callback(lambda: within(CLOSE_SECONDS, encoder.close(), "closing the encoder"))
        if isinstance(encoder, BatchingEncoder):
            metrics.track_queue("encoder", lambda: encoder.depth)
        return judges

    def _language(
        self, stack: AsyncExitStack, database: Database, metrics: Metrics, notices: OwnerNotices
    ) -> Language:
        """Return the language models; they are closed when nobody asks any more, before the database."""
        language = Language(self._settings, CONFIG, database, self._clock, metrics, notices.tell)
        language.start()
        stack.push_async_callback(
            lambda: within(CLOSE_SECONDS, language.close(), "closing the language models")
        )
        return language

    async def _build(  # noqa: PLR0913, PLR0917  (where everything comes together)
        self,
        database: Database,
        bus: MemoryBus,
        metrics: Metrics,
        tools: dict[str, Tool],
        judges: Judges,
        language: Language,
        errors: ErrorService,
    ) -> Services:
        settings, clock, owner = self._settings, self._clock, self._admin.owner
        await asyncio.to_thread(warm_up)  # else the first message pays for loading heads and lexicon
        watch = SettingsWatch(database, clock)
        await watch.begin()  # before anything is read, so that no change falls between
        guilds = GuildService(database, clock, settings.orchestrator, self._support_roles)
        ingest = IngestService(database, judges.light, bus, clock, metrics, settings.ingest)
        ingest.cursors = await guilds.load()
        tickets = TicketService(
            database, clock, guilds, self._support_roles, self._ticket_desk, partial(_urgency, judges)
        )
        await tickets.load()
        refinement = RefinementService(judges.refiner, database, clock, metrics, settings.nlp.refine_seconds)
        cascade = CascadeService(
            writer=language.writer,
            mode=settings.llm.observer_mode,
            refinement=refinement,
            guilds=guilds,
            clock=clock,
            metrics=metrics,
            seconds=settings.llm.deadlines.classify,
            max_age=timedelta(minutes=settings.ingest.backfill_answer_age_minutes),
        )
        knowledge = Knowledge(database, judges.encoder, clock)
        self._tasks.spawn(knowledge.load(), "reading what was trained")  # while the rest starts
        training = TrainingEntries(database, clock, knowledge.update)
        audience, meaning = AudienceService(), Meaning(judges.encoder)
        maintenance = await self._admin.maintenance(database)
        parts = TicketParts(
            database, clock, settings, guilds, tickets, self._ticket_desk, language, knowledge, training,
            audience, meaning, maintenance,
        )  # fmt: skip
        summaries = SummaryParts(
            database, clock, settings, guilds, audience, language, tickets, self._summary_desk,
            self._threads, ingest, meaning, maintenance,
        )  # fmt: skip
        statistics = summaries.statistics()
        made_summaries = await summaries.build(statistics)
        throttle = Throttle(settings.orchestrator)
        rights = PrivacyParts(
            database, clock, settings, language, meaning, judges.encoder, throttle, self._ticket_desk,
            self._tasks,
        )  # fmt: skip
        writing = ReplyWriting(language.writer, refinement, settings.llm.deadlines.reply)
        composer = Composer(Replies.load(CONFIG / "replies.yaml"), guilds, writing, TrainedReplies(knowledge))
        self._suggestion_desk = DiscordSuggestionDesk(audience.may_carry)
        replies = build_replies(
            database, bus, clock, metrics, settings, guilds=guilds, ingest=ingest, composer=composer,
            tools=tools, desk=self._suggestion_desk, maintenance=maintenance, throttle=throttle,
        )  # fmt: skip
        heard = (replies.feedback, made_summaries)
        privacy = await rights.build(guilds, ingest, statistics, knowledge, tickets, *heard)
        services = Services(
            answers=parts.answers(),
            audience=audience,
            configuration=build_configuration(database, watch, guilds, tickets, made_summaries, statistics),
            settings_watch=watch,
            errors=errors,
            feedback=replies.feedback,
            fitting=replies.fitting,
            guilds=guilds,
            ingest=ingest,
            knowledge=knowledge,
            metrics=metrics,
            refinement=refinement,
            observer=ObserverService(
                database, bus, clock, metrics, refinement, settings.workers, cascade=cascade
            ),
            onboarding=OnboardingService(database, clock, guilds),
            orchestrator=replies.orchestrator,
            plugins=PluginParts(
                database, clock, settings, guilds, language, self._plugin_desk, owner, judges.light, meaning
            ).build(),
            maintenance=maintenance,
            reasons=ReasonService(database, audience),
            privacy=privacy,
            recovery=RecoveryService(database, ingest, clock, settings.ingest),
            retention=RetentionService(database, clock, settings.retention),
            similar_tickets=parts.similar(),
            statistics=statistics,
            status=StatusService(database, language, settings.llm, metrics, clock),
            stories=StoryService(database),
            suggestions=replies.suggestions,
            summoning=replies.summoning,
            summaries=made_summaries,
            support_roles=self._support_roles,
            ticket_closing=parts.closing(),
            tickets=tickets,
            training=training,
            training_gaps=parts.gaps(),
            training_files=TrainingFiles(database, clock, knowledge.update),
            command_sync=CommandSyncService(database),
        )
        await start_plugins(services)
        await services.privacy.reapply()
        return services

    async def _connect_until_stopped(self, bot: Bot) -> None:
        from bot.core.login import connect, log_in

        assert self._settings.discord.token is not None  # the command line checked
        stopping = asyncio.create_task(self._stopping.wait(), name="stopping")
        working = asyncio.create_task(
            log_in(bot, self._settings.discord.token.get_secret_value()), name="log in"
        )
        await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            gc.freeze()  # what start-up made stays: no need to look at it again
            gc.set_threshold(*GC_THRESHOLDS)
            gc.enable()
            self._tasks.spawn(warm_up_encoder(bot), "the encoder's start")
            self._tasks.spawn(backup_service(self._settings, self._clock, CONFIG).run(), "backups")
            working = asyncio.create_task(connect(bot, self._clock, RECONNECT_SECONDS), name="gateway")
            await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            stopping.cancel()
            working.result()
            return
        bot.on_every_message = bot.on_ticket_message = None  # what comes now is left to the next start
        self._working = working  # the connection stays for the answers still to be given

    async def _drain(self, services: Services, bus: MemoryBus) -> None:
        """Finish what was taken, for as long as the settings allow; the rest stays in the database."""
        seconds = self._settings.shutdown.drain_seconds
        logger.info("Stopping: finishing work in progress for at most {} s", seconds)
        finished = await drain(
            services.ingest, services.observer, services.orchestrator, bus, seconds, self._stop_now
        )
        if not finished:
            logger.warning("Stopped with work in progress; it is taken up at the next start")


def _urgency(judges: Judges, text: str) -> Urgency:
    """Return how urgent a text is."""
    [judgement] = judges.light.classify([text])
    return judgement.urgency
