"""Short ways to ask."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from bot.llm.ollama import OllamaProvider
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
)

T = TypeVar("T")
DEADLINE = 10.0  # seconds; what passes is asked within it on any machine


def prompt(text: str = "can you help me?", **more: Any) -> Prompt:
    """Return a prompt of one question."""
    return Prompt([Message(Role.SYSTEM, "Be brief."), Message(Role.USER, text)], **more)


def with_options(**options: Any) -> Prompt:
    """Return a prompt of one question with these options."""
    return prompt(options=Options(**options))


async def ask(
    provider: OllamaProvider,
    how: str,
    asked: Prompt | None = None,
    *,
    model: str = "gemma3:27b",
    deadline: float = DEADLINE,
) -> Completion:
    """Ask by `complete` or `stream` and return the same for both."""
    asked = asked or prompt()
    if how == "complete":
        return await provider.complete(asked, model=model, deadline=deadline)
    chunks = [chunk async for chunk in provider.stream(asked, model=model, deadline=deadline)]
    return joined(chunks, model)


async def take(
    items: AsyncIterator[T], into: list[T], then: Callable[[], Awaitable[object]] | None = None
) -> None:
    """Collect what comes until it ends or fails; call `then` after each."""
    async for item in items:
        into.append(item)
        if then is not None:
            await then()


def joined(chunks: list[Chunk], model: str) -> Completion:
    """Return the completion that chunks make; the last of them must be the only `DoneChunk`."""
    done = [chunk for chunk in chunks if isinstance(chunk, DoneChunk)]
    assert done == chunks[-1:]
    return Completion(
        text="".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk)),
        model=model,
        thinking="".join(chunk.text for chunk in chunks if isinstance(chunk, ThinkingChunk)),
        tool_calls=tuple(chunk.call for chunk in chunks if isinstance(chunk, ToolCallChunk)),
        usage=done[0].usage,
        finish=done[0].finish,
    )
