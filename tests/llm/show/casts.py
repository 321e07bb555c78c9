"""The providers as the tests of this folder meet them: each with its loopback, all driven alike."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.llm.anthropic import AnthropicProvider
from bot.llm.ollama import OllamaProvider
from bot.llm.openai import OpenAICompatibleProvider
from bot.llm.provider import LLMProvider
from bot.llm.transformers import Local, TransformersProvider
from sandbox.hosted import HostedSandbox
from sandbox.hosted import answers as hosted_answers
from sandbox.ollama import OllamaSandbox
from sandbox.ollama import answers as ollama_answers
from tests.llm.show.stage import PRICES
from tests.unit.llm import tiny_models

TASKS = ("classify", "reply", "summarize")
NETWORK = ("ollama", "anthropic", "openai")
CASTS = (*NETWORK, "transformers", "embedded")
MODELS = {"ollama": "llama3.2:3b", "anthropic": "claude-haiku-4-5", "openai": "gemma-3-27b-it"}
PATHS = {"ollama": "/api/chat", "anthropic": "/v1/messages", "openai": "/v1/chat/completions"}


@dataclass
class Cast:
    """A provider and the server behind it, both None in embedded mode; the server None for local models.

    Attributes:
        links: what the settings name for each task.
    """

    name: str
    provider: LLMProvider | None = None
    server: OllamaSandbox | HostedSandbox | None = None
    links: dict[str, list[str]] = field(default_factory=dict)

    @property
    def link(self) -> str:
        return f"{self.name}/{MODELS[self.name]}"

    @property
    def loopback(self) -> OllamaSandbox | HostedSandbox:
        assert self.server is not None
        return self.server

    def bodies(self) -> list[dict[str, Any]]:
        """Return what was asked, oldest first."""
        return self.loopback.bodies(PATHS[self.name])

    def fail(
        self, kind: str, *, times: int = 1, after: int = 0, retry_after: int | None = None, **more: Any
    ) -> None:
        """Have the next requests for an answer fail; `retry_after` is seconds."""
        if isinstance(self.server, OllamaSandbox):
            wait: dict[str, Any] = {"retry_after": retry_after}
        else:
            wait = {"retry_after": "" if retry_after is None else str(retry_after)}
        self.loopback.fail(kind, PATHS[self.name], times=times, after=after, **wait, **more)  # type: ignore[arg-type]

    def hold(self, until: asyncio.Event, text: str = "") -> None:
        """Have every request wait for an event, and be answered then."""
        if isinstance(self.server, OllamaSandbox):
            self.server.script(ollama_answers.Answer(text, wait=until.wait))
        else:
            self.loopback.script(hosted_answers.Answer(text, wait=until.wait))

    async def close(self) -> None:
        if self.provider is not None:
            await self.provider.close()
        if self.server is not None:
            await self.server.stop()


async def cast_of(name: str, models: Path | None = None) -> Cast:
    """Return a cast that is ready; `models` is the folder of the local ones."""
    if name == "embedded":
        return Cast(name)
    if name == "transformers":
        assert models is not None
        provider = TransformersProvider(Local(models, threads=1))
        write, shorten = ["transformers/writer"], ["transformers/summarizer"]
        return Cast(name, provider, links={"classify": write, "reply": write, "summarize": shorten})
    server: OllamaSandbox | HostedSandbox
    made: LLMProvider
    if name == "ollama":
        server = OllamaSandbox([MODELS[name]])
        await server.start()
        made = OllamaProvider(server.url)
    else:
        server = HostedSandbox()
        await server.start()
        if name == "anthropic":
            made = AnthropicProvider(server.key, prices=PRICES, base_url=server.anthropic_url)
        else:
            made = OpenAICompatibleProvider(server.key, prices=PRICES, base_url=server.openai_url)
    cast = Cast(name, made, server)
    cast.links = {task: [cast.link] for task in TASKS}
    return cast


def write_models(folder: Path) -> Path:
    """Make the local models: one that writes, with room for the bot's prompts, and one that summarizes."""
    tiny_models.write_writer(folder / "writer", context=16_384)
    tiny_models.write_summarizer(folder / "summarizer")
    return folder
