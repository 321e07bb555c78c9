from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.llm.prices import Prices
from bot.llm.provider import LLMProvider
from bot.llm.types import (
    Chunk,
    Completion,
    DoneChunk,
    Message,
    Options,
    Prompt,
    Role,
    TextChunk,
    ThinkingChunk,
    ToolCallChunk,
    ToolSpec,
)
from sandbox.hosted import HostedSandbox

ROOT = Path(__file__).parents[3]
PRICES = Prices.read(ROOT / "config" / "prices.yaml")
MODELS = {"anthropic": "claude-haiku-4-5", "openai": "gemma-3-27b-it"}
PRIVATE_WORDS = "my grandmother's parakeet is called Zebedee"
LONG = 30.0
WEATHER = ToolSpec(
    "weather",
    "The weather of a town.",
    {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
)
SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": ["yes", "no"]}, "score": {"type": "number", "minimum": 0, "maximum": 1}},
    "required": ["label", "score"],
}


def ask(text: str = "What is new?", *before: Message, **more: Any) -> Prompt:
    """A prompt with a system message; keywords that Prompt has not are options."""
    own = {name: more.pop(name) for name in ("schema", "tools") if name in more}
    system = Message(Role.SYSTEM, "You are brief.")
    return Prompt([system, *before, Message(Role.USER, text)], options=Options(**more), **own)


@dataclass
class Both:
    """A provider, its model and the servers behind it."""

    provider: LLMProvider
    model: str
    hosted: HostedSandbox

    @property
    def is_claude(self) -> bool:
        return self.provider.name == "anthropic"

    async def complete(self, prompt: Prompt | None = None, deadline: float = LONG) -> Completion:
        return await self.provider.complete(prompt or ask(), model=self.model, deadline=deadline)

    async def stream(self, prompt: Prompt | None = None, deadline: float = LONG) -> list[Chunk]:
        chunks = self.provider.stream(prompt or ask(), model=self.model, deadline=deadline)
        return [chunk async for chunk in chunks]

    async def any_way(self, way: str, prompt: Prompt | None = None, deadline: float = LONG) -> Completion:
        """Complete, or stream and put together."""
        if way == "complete":
            return await self.complete(prompt, deadline)
        return joined(await self.stream(prompt, deadline), self.model)


def joined(chunks: list[Chunk], model: str) -> Completion:
    """The completion that streamed chunks amount to; the last and no other is the end."""
    *parts, done = chunks
    assert isinstance(done, DoneChunk)
    assert not any(isinstance(part, DoneChunk) for part in parts)
    return Completion(
        text="".join(part.text for part in parts if isinstance(part, TextChunk)),
        model=model,
        thinking="".join(part.text for part in parts if isinstance(part, ThinkingChunk)),
        tool_calls=tuple(part.call for part in parts if isinstance(part, ToolCallChunk)),
        usage=done.usage,
        finish=done.finish,
    )
