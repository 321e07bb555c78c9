"""The life of the language models: made as the settings say, their calls written down, closed in order."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from loguru import logger

from bot.db.database import Database
from bot.llm.build import build_providers
from bot.llm.chain import LanguageModels
from bot.llm.embedded import EmbeddedAnswers
from bot.llm.gate import OutputGate
from bot.llm.ports import CeilingNotice, ChainPorts
from bot.llm.prompts import Prompts, new_canary
from bot.nlp.redaction import redact
from bot.nlp.summary import summarize_lines
from bot.services.clock import Clock
from bot.services.llm_log import LlmLog
from bot.services.metrics import Metrics
from bot.services.replies import Replies
from bot.services.tasks import Worker
from bot.services.tickets.lessons import LessonWriter
from bot.services.writing import BOT, Writer
from bot.settings import Settings


class Language:
    """The chain of models with all it needs.

    Attributes:
        models: the chain; without a provider it answers from what is embedded.
        providers: those that a chain names.
        log: of calls, not yet all written.
        writer: asks the chain for features, with the prompts and the gate.
        lessons: asks it what solved tickets could teach.
    """

    def __init__(
        self,
        settings: Settings,
        config: Path,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        tell_owner: Callable[[CeilingNotice], Awaitable[None]],
    ) -> None:
        """Make it; no provider is asked anything.

        Raises:
            StartupError: a prompt or the replies are malformed, or a provider that costs has no prices.
        """
        built = build_providers(
            settings.llm,
            settings.nlp,
            config / "prices.yaml",
            max_context=settings.observer.max_context_length,
        )
        self.providers = built.providers
        self.log = LlmLog(database)
        ports = ChainPorts(clock, self.log, metrics, prices=built.price_of, tell_owner=tell_owner)
        self.models = LanguageModels(self.providers, settings.llm, ports)
        canary = new_canary()
        prompts = Prompts(config / "prompts", canary)
        own = (BOT, *prompts.texts, *Replies.load(config / "replies.yaml").texts)
        gate = OutputGate(settings.secrets(), canary, redact=redact, own_texts=own)
        self.writer = Writer(self.models, prompts, gate, EmbeddedAnswers(summarize_lines))
        self.lessons = LessonWriter(self.models, prompts, gate, settings.llm.deadlines.summarize)
        self._worker = Worker("the log of language models", self.log.run, clock)
        metrics.track_queue("llm_log", lambda: self.log.depth)

    def start(self) -> None:
        """Begin to write calls down."""
        names = ", ".join(self.providers)
        logger.info("Language models: {}", names or "none, embedded mode")
        self._worker.start()

    async def close(self) -> None:
        """Ask nobody any more, close the providers, then write down the calls there were."""
        try:
            await self.models.close()
        finally:
            await self._worker.stop()
            try:
                await self.log.flush()
            except Exception:
                logger.exception("{} calls of language models could not be written down", self.log.depth)
