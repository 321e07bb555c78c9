"""What every provider of language models does."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from bot.llm.types import (
    Capabilities,
    Chunk,
    Completion,
    Health,
    ModelInfo,
    Prompt,
)


class LLMProvider(Protocol):
    """One place that has models. Safe to call from many tasks at once; nothing blocks the event loop.

    Attributes:
        name: as settings, records and `/status` call it: "ollama", "anthropic", "openai", "transformers".
        is_hosted: whether what it is told leaves the owner's machine, and may cost money.

    Every method raises `LLMError`s alone (see `bot.llm.errors`), of which each says the fix; cancelling a
    call ends its request. `deadline` is seconds for the whole call, from first to last byte.
    """

    name: str
    is_hosted: bool

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        """Return the whole answer of `model`, which is named as the provider knows it."""
        ...

    def stream(self, prompt: Prompt, *, model: str, deadline: float) -> AsyncIterator[Chunk]:
        """Yield the answer as it comes, a `DoneChunk` last."""
        ...

    def output_bound(self, prompt: Prompt, model: str) -> int:
        """Return the most tokens that answer and thinking together are allowed."""
        ...

    async def embed(self, texts: Sequence[str], *, model: str, deadline: float) -> list[list[float]]:
        """Return a vector for each text."""
        ...

    async def models(self) -> list[ModelInfo]:
        """Return what models there are."""
        ...

    async def capabilities(self, model: str) -> Capabilities:
        """Return what a model can do; asked once and remembered."""
        ...

    async def health(self, wanted: Sequence[str] = ()) -> Health:
        """Return how it is, within a few seconds; `wanted` are the models the settings name. Never raises."""
        ...

    async def close(self) -> None:
        """Give back connections and memory."""
        ...
