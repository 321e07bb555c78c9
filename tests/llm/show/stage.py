"""The bot's use of language as it is put together in earnest: writer, chain, gate, prompts, log, metrics."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.llm.chain import LanguageModels
from bot.llm.embedded import EmbeddedAnswers
from bot.llm.gate import OutputGate
from bot.llm.material import Line
from bot.llm.ports import CeilingNotice, ChainPorts, Clock, Price
from bot.llm.prices import Prices
from bot.llm.prompts import Prompts
from bot.llm.provider import LLMProvider
from bot.models.types import metadata
from bot.nlp.redaction import redact
from bot.nlp.summary import summarize_lines
from bot.services.clock import SystemClock
from bot.services.llm_log import LlmLog
from bot.services.metrics import Metrics
from bot.services.verdicts import Doubt
from bot.services.writing import Asked, Writer
from bot.settings import LlmSettings
from tests.llm.golden_prompts import CANARY, NONCE, PROMPTS
from tests.llm.injection.world import TOKEN

GUILD = 1_400_000_000_000_000_001
DEADLINE = 120.0  # seconds; reached only when something is broken
PRICES = Prices.read(PROMPTS.parent / "prices.yaml")
TEMPLATE = "I have told the staff, Bo."
REPLY = "Open the settings and choose Export, as entry 1 says."
SUMMARY = "Ana and Bo moved the release to Friday; who tests it is still open."
TALK = [
    ("Ana", "good morning, is the release still for today?"),
    ("Bo", "no, the export of large files fails, so I would rather wait"),
    ("Ana", "how large are they?"),
    ("Bo", "above 2 GB it stops at 40 percent"),
    ("Chi", "I saw that too on version 4"),
    ("Ana", "then let's say Friday"),
    ("Bo", "Friday is fine for me"),
    ("Chi", "who tests it until then?"),
    ("Ana", "I don't know yet, I'll ask Dee"),
    ("Bo", "thanks, see you tomorrow"),
]
LIGHT = Judgement(
    Purpose.UNKNOWN, Sentiment.NEGATIVE, -0.4, Urgency.HIGH, 0.1, Intent.OTHER, 0.5, "", "en", uncertain=True
)
MEANT = {
    "how do I move the export to another disk?": Intent.HELP_REQUEST,
    "the export stops at 40 percent since the update": Intent.PROBLEM_REPORT,
    "what a sunny day it is today, friends": Intent.OTHER,
    "can anybody tell me where the settings are?": Intent.HELP_REQUEST,
    "the page with the settings is broken again": Intent.PROBLEM_REPORT,
}
_ITEM = re.compile(r"^\[(m\d+)\](?: \"[^\"\n]*\")?:\n> (.*)$", re.MULTILINE)


class Asking(Protocol):
    """A request as either loopback tells it to a script."""

    @property
    def prompt(self) -> str: ...

    @property
    def system(self) -> str: ...


def well_behaved(asked: Asking) -> str | dict[str, Any]:
    """Answer as a good model would: judge each message that has an id, summarize, reply."""
    if found := _ITEM.findall(asked.prompt):
        return {"results": [_verdict(number, text) for number, text in found]}
    return SUMMARY if "summarize what was said" in asked.system else REPLY


def _verdict(number: str, text: str) -> dict[str, Any]:
    intent = MEANT.get(text, Intent.OTHER).value
    return {"id": number, "intent": intent, "confidence": 0.9, "reason": f"it reads as {intent}"}


def doubts() -> list[Doubt]:
    """Return a batch of messages the heads were unsure about; the last says what the first does."""
    first = next(iter(MEANT))
    texts = {**{f"k{number}": text for number, text in enumerate(MEANT)}, "again": first}
    return [Doubt(key, text, ("Ana: good morning",), "Bo", LIGHT) for key, text in texts.items()]


def asked(question: str = "how do I export?", **more: Any) -> Asked:
    """Return a question about the export."""
    more = {"context": ("Ana: which version?",), "author": "Bo", "template": TEMPLATE, **more}
    return Asked(question, answers=("Settings have an entry named Export.",), **more)


def ten_lines() -> list[Line]:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    return [Line(who, text, start + timedelta(minutes=at)) for at, (who, text) in enumerate(TALK)]


class Stage:
    """A writer over providers a test chose; what is written down goes to a database."""

    def __init__(
        self,
        engine: AsyncEngine,
        providers: Mapping[str, LLMProvider],
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        self._engine = engine
        self.log = LlmLog(Database(engine))
        self.metrics = Metrics()
        self.told: list[CeilingNotice] = []
        ports = ChainPorts(clock or SystemClock(), self.log, self.metrics, _price_of, self._tell)
        self.llm = LanguageModels(providers, LlmSettings.model_validate(settings), ports)
        # The oracles of the injection suite know this mark and this token.
        self.writer = Writer(
            self.llm,
            Prompts(PROMPTS, CANARY, lambda: NONCE),
            OutputGate((TOKEN,), CANARY, redact=redact),
            EmbeddedAnswers(summarize_lines),
        )

    async def calls(self) -> Sequence[Row[Any]]:
        """Return the rows that were written down, oldest first."""
        await self.log.flush()
        table = metadata.tables["llm_calls"]
        async with self._engine.connect() as connection:
            return (await connection.execute(select(table).order_by(table.c.id))).all()

    async def close(self) -> None:
        await self.llm.close()
        await self.log.flush()

    async def _tell(self, notice: CeilingNotice) -> None:
        self.told.append(notice)


def _price_of(_provider: str, model: str) -> Price | None:
    price = PRICES.of(model)
    return Price(price.input, price.output)
