"""What the providers behind an SDK share: loading it, deadlines, failures, tokens that nobody counted."""

import asyncio
import importlib
import json
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from json import JSONDecodeError
from types import ModuleType
from typing import Any, TypeVar

from pydantic import BaseModel

from bot.llm.errors import BadOutput, LLMError, ProviderUnavailable
from bot.llm.hosted_errors import too_slow, translate
from bot.llm.prices import Prices
from bot.llm.types import MOST_TOKENS, Health, ModelInfo, Prompt, Schema, Usage

T = TypeVar("T")
HEALTH_SECONDS = 5.0
LOADING_SECONDS = 60.0  # for an SDK, on a machine that has much else to do
# A token has four characters of English on average and fewer of most other languages.
_CHARACTERS_PER_TOKEN = 3
_TOKENS_PER_IMAGE = 1_600
# Their debug lines hold whole requests: members' words.
_TALKATIVE = ("anthropic", "openai", "httpx2", "httpcore2", "httpx", "httpcore")


def load_sdk(name: str) -> ModuleType:
    """Return an SDK; takes seconds.

    Raises:
        ProviderUnavailable: it isn't installed.
    """
    try:
        sdk = importlib.import_module(name)
    except ImportError:
        raise ProviderUnavailable(
            f"the package {name} is not installed: pip install -r requirements-llm.txt in the .venv"
        ) from None
    for talkative in _TALKATIVE:
        # An SDK sets its own level from the environment as it is imported.
        logger = logging.getLogger(talkative)
        logger.setLevel(max(logger.level, logging.WARNING))
    return sdk


def plain(answer: object, service: str) -> dict[str, Any]:
    """Return what an SDK read as it came over the wire: SDKs build their objects without checking them.

    Raises:
        BadOutput: it is no object of JSON.
    """
    if isinstance(answer, BaseModel):
        return answer.model_dump(mode="python", warnings=False)
    raise BadOutput(f"{service} sent no JSON: check the base_url in the settings")


def mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """Return a list, an empty one for anything else."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Return a text, "" for anything else."""
    return value if isinstance(value, str) else ""


def count_of(value: object) -> int:
    """Return a number of tokens, 0 for anything else, also for what can't be."""
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 < value <= MOST_TOKENS else 0


def guessed_input(prompt: Prompt) -> int:
    """Return about how many tokens a prompt has, rather too many."""
    parts = [each.text for each in prompt.messages] + [
        f"{tool.description}{tool.parameters}" for tool in prompt.tools
    ]
    images = sum(len(each.images) for each in prompt.messages)
    return guessed_tokens(parts) + images * _TOKENS_PER_IMAGE


def guessed_tokens(texts: Iterable[str]) -> int:
    """Return about how many tokens texts have, rather too many."""
    return sum(math.ceil(len(text) / _CHARACTERS_PER_TOKEN) for text in texts)


def in_words(schema: Schema) -> str:
    """Return what asks for an answer that fits a schema where the model can't be held to it."""
    return f"Answer with nothing but JSON that fits this JSON schema:\n{json.dumps(schema)}"


class Hosted:
    """The base of the providers behind an SDK.

    Attributes:
        name: as settings call it.
        is_hosted: whether what it is told leaves the owner's machine.
        service: what people call the server; in every error.
    """

    name: str
    sdk_name: str

    def __init__(self, *, service: str, is_hosted: bool, prices: Prices) -> None:
        self.service = service
        self.is_hosted = is_hosted
        self._prices = prices
        self._client: Any = None
        self._loading = asyncio.Lock()

    @property
    def key_name(self) -> str:
        """What its own key is called in .env; this works wherever the provider stands in a chain."""
        return f"{self.name.upper()}_API_KEY"

    @property
    def _model_setting(self) -> str:
        return f"LOOKOUT_LLM__{self.name.upper()}_MODEL (or llm.models, llm.chains)"

    def _build(self, sdk: ModuleType) -> Any:
        """Return the SDK's client; called in a thread."""
        raise NotImplementedError

    async def models(self) -> list[ModelInfo]:
        """Return what models there are."""
        raise NotImplementedError

    async def _ready(self) -> Any:
        """Return the client, made at the first call, off the loop: importing an SDK takes seconds."""
        async with self._loading:
            if self._client is None:
                self._client = await asyncio.to_thread(lambda: self._build(load_sdk(self.sdk_name)))
            return self._client

    @asynccontextmanager
    async def _guarded(self, ends: float, deadline: float, model: str = "") -> AsyncIterator[None]:
        """End what is inside at `ends`, by the loop's clock, and raise `LLMError`s alone."""
        try:
            async with asyncio.timeout_at(ends):
                yield
        except TimeoutError:
            raise too_slow(self.service, deadline) from None
        except LLMError:
            raise
        except Exception as error:
            if not self._is_foreign(error):
                raise
            # Without its cause: that quotes requests and answers, and tracebacks are logged.
            raise translate(error, self.service, self.key_name, model=model, deadline=deadline) from None

    def _is_foreign(self, error: Exception) -> bool:
        """Return whether it comes from the SDK or what it stands on, not from a fault of ours."""
        modules = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
        return isinstance(error, JSONDecodeError | UnicodeDecodeError | OSError) or bool(
            modules & {self.sdk_name, "httpx2", "httpcore2", "httpx", "httpcore", "anyio", "h11", "ssl"}
        )

    async def _timed(
        self, source: Any, ends: float, deadline: float, model: str
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the events of an SDK's stream; no timer runs while whoever reads them is busy."""
        while True:
            async with self._guarded(ends, deadline, model):
                if asyncio.get_running_loop().time() >= ends:  # also where more has already come
                    raise too_slow(self.service, deadline)
                try:
                    event = await anext(source)
                except StopAsyncIteration:
                    return
                event = plain(event, self.service)
            yield event

    def _usage(self, model: str, usage: Usage) -> Usage:
        """Return it with its cost."""
        cost = self._prices.cost_of(model, usage) if self.is_hosted else 0.0
        return Usage(usage.input_tokens, usage.output_tokens, cost)

    async def health(self, wanted: Sequence[str] = ()) -> Health:
        """Return how it is, within a few seconds once the SDK is imported; never raises."""
        try:
            # An SDK that is still to be imported says nothing of the server.
            ends = asyncio.get_running_loop().time() + LOADING_SECONDS
            async with self._guarded(ends, LOADING_SECONDS):
                await self._ready()
            names = [each.name for each in await self.models()]
        except LLMError as error:
            return Health(ok=False, detail=str(error))
        if not names:
            return Health(ok=True, detail=f"{self.service} answers; it does not list its models")
        missing = tuple(model for model in wanted if not _is_among(model, names))
        if missing:
            return Health(
                False,
                f"{self.service} has no {', '.join(missing)}: set {self._model_setting} to one it has",
                missing,
            )
        return Health(ok=True, detail=f"{self.service} answers")

    async def close(self) -> None:
        """Give back the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def _is_among(model: str, names: Sequence[str]) -> bool:
    """Return whether a model is listed, perhaps only by its dated version."""
    return any(name == model or name.startswith((f"{model}-20", f"{model}:")) for name in names)
