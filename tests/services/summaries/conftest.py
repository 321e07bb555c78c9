from collections.abc import AsyncIterator

import pytest

from bot.db.database import Database
from bot.llm.chain import LanguageModels
from bot.llm.embedded import EmbeddedAnswers
from bot.llm.gate import OutputGate
from bot.llm.ollama import OllamaProvider
from bot.llm.ports import ChainPorts
from bot.llm.prompts import Prompts
from bot.nlp.redaction import redact
from bot.nlp.summary import summarize_lines
from bot.services.clock import SystemClock
from bot.services.writing import Writer
from bot.settings import LlmSettings
from sandbox.ollama import Asked, Model, OllamaSandbox
from tests.llm.golden_prompts import CANARY, PROMPTS
from tests.services.summaries.support import Workshop, noting, workshop
from tests.unit.llm.chain_support import Counts, MemoryLog

CONTEXT = 8_000  # tokens the model reads


@pytest.fixture
async def ollama() -> AsyncIterator[OllamaSandbox]:
    """A model with a small context, that takes notes as it should until it is told otherwise."""
    async with OllamaSandbox([Model("small:8k", context=CONTEXT)]) as server:
        server.script(lambda asked: noting(asked.prompt, asked.system))
        yield server


@pytest.fixture
async def writer(ollama: OllamaSandbox) -> AsyncIterator[Writer]:
    settings = LlmSettings.model_validate({"chains": {"summarize": ["ollama/small:8k"]}})
    ports = ChainPorts(SystemClock(), MemoryLog(), Counts())
    models = LanguageModels({"ollama": OllamaProvider(ollama.url)}, settings, ports)
    gate = OutputGate(("topsecrettokenofthebot",), CANARY, redact=redact)
    yield Writer(models, Prompts(PROMPTS, CANARY), gate, EmbeddedAnswers(summarize_lines))
    await models.close()


@pytest.fixture
async def shop(database: Database, writer: Writer) -> Workshop:
    return await workshop(database, SystemClock(), writer)


def asked_of(ollama: OllamaSandbox) -> list[Asked]:
    """Return what the model was asked, oldest first."""
    return [Asked.of("/api/chat", str(body["model"]), body) for body in ollama.bodies()]
