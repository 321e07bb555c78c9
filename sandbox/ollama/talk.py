"""Chat and generate: what a request may ask of a model, and the lines of the answer."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from sandbox.ids import Clock, iso
from sandbox.ollama.answers import Answer, Asked, Script, limited, pieces_of
from sandbox.ollama.latency import Latency
from sandbox.ollama.memory import Memory
from sandbox.ollama.models import Model
from sandbox.ollama.wire import OllamaError

LEVELS = ("low", "medium", "high")
BAD_REQUEST = 400
DEFAULT_CONTEXT = 4_096
Lines = AsyncGenerator[dict[str, Any], None]


def check(model: Model, asked: Asked) -> None:
    """Refuse what the model can't do, in Ollama's words.

    Raises:
        OllamaError: 400.
    """
    can = model.all_capabilities
    long_name = f"registry.ollama.ai/library/{model.name}"
    refusals = [
        ("completion" not in can, f'"{asked.model}" does not support {asked.path.rpartition("/")[2]}'),
        (bool(asked.tools) and "tools" not in can, f"{long_name} does not support tools"),
        (bool(asked.images) and "vision" not in can, f"{long_name} does not support vision"),
        (bool(asked.think) and "thinking" not in can, f'"{asked.model}" does not support thinking'),
        (
            isinstance(asked.think, str) and (model.thinking != "level" or asked.think not in LEVELS),
            f'think value "{asked.think}" is not supported for this model',
        ),
    ]
    for refused, words in refusals:
        if refused:
            raise OllamaError(BAD_REQUEST, words)


def context_of(model: Model, options: Any) -> int:
    """Return how many tokens a model is loaded with for a request."""
    return min(int(options.get("num_ctx") or DEFAULT_CONTEXT), model.context)


class Talk:
    """Answers as one server does.

    Attributes:
        sleep: what waits the delays of the latency.
    """

    def __init__(self, clock: Clock, memory: Memory, latency: Latency) -> None:
        self._clock = clock
        self._memory = memory
        self.latency = latency
        self.script = Script()
        self.sleep: Callable[[float], Any] = asyncio.sleep

    async def pause(self, median: float) -> None:
        """Wait about so many seconds."""
        seconds = self.latency.of(median)
        if seconds:
            await self.sleep(seconds)

    async def load(self, model: Model, options: Any) -> int:
        """Load a model unless it is there; return how long that took, in nanoseconds."""
        num_ctx = context_of(model, options)
        start = self._clock.monotonic()
        if not self._memory.has(model, num_ctx):
            self._memory.put(model, num_ctx)
            await self.pause(self.latency.load)
        return self._since(start)

    def only_loading(self, asked: Asked, reason: str) -> dict[str, Any]:
        """Return the answer to a request that says nothing: it loads or unloads the model."""
        return self._line(asked, "", done=True) | {"done_reason": reason}

    async def lines(self, model: Model, asked: Asked, load_duration: int) -> Lines:
        """Yield the lines of an answer, the one with `done` last."""
        start = self._clock.monotonic()
        asked, read = asked.fitted(context_of(model, asked.options))
        answer = await self.script.answer(asked, model)
        if answer.wait is not None:
            await answer.wait()
        await self.pause(self.latency.first)
        pieces, answer = limited(answer, asked.options)
        thinking, pieces = _thinking(model, asked, answer, pieces)
        for thought in thinking:
            yield self._line(asked, "", thinking=thought)
            await self.pause(self.latency.line)
        for piece in pieces:
            yield self._line(asked, piece)
            await self.pause(self.latency.line)
        if answer.tool_calls:
            calls = [{"function": {"name": name, "arguments": given}} for name, given in answer.tool_calls]
            yield self._line(asked, "", tool_calls=calls)
        tokens = (read, len(pieces) + len(thinking))
        yield self._end(asked, answer, tokens, (self._since(start), load_duration))

    def _line(self, asked: Asked, text: str, *, done: bool = False, **more: Any) -> dict[str, Any]:
        line: dict[str, Any] = {"model": asked.model, "created_at": iso(self._clock.now())}
        if asked.path == "/api/chat":
            line["message"] = {"role": "assistant", "content": text, **more}
        else:
            line |= {"response": text, **more}
        return line | {"done": done}

    def _end(
        self, asked: Asked, answer: Answer, tokens: tuple[int, int], took: tuple[int, int]
    ) -> dict[str, Any]:
        prompt, output = tokens
        return self._line(asked, "", done=True) | {
            "done_reason": answer.done_reason,
            "total_duration": sum(took),
            "load_duration": took[1],
            "prompt_eval_count": prompt if answer.prompt_tokens is None else answer.prompt_tokens,
            "prompt_eval_duration": took[0] // 2,
            "eval_count": output if answer.output_tokens is None else answer.output_tokens,
            "eval_duration": took[0] // 2,
        }

    def _since(self, start: float) -> int:
        return int((self._clock.monotonic() - start) * 1e9)


def _thinking(model: Model, asked: Asked, answer: Answer, pieces: list[str]) -> tuple[list[str], list[str]]:
    """Return the thoughts, and the text with those of a model that thinks in it."""
    if not answer.thinking or (asked.think is False and model.thinking == "boolean"):
        return [], pieces
    if model.thinking == "inline":
        return [], [*pieces_of(f"<think>\n{answer.thinking}\n</think>\n\n"), *pieces]
    return ([], pieces) if model.thinking == "none" else (pieces_of(answer.thinking), pieces)


async def collected(lines: Lines, asked: Asked) -> dict[str, Any]:
    """Return the one object that the lines of an answer make."""
    text, thinking, calls, last = [], [], [], {}
    async for line in lines:
        part = line["message"] if asked.path == "/api/chat" else line
        text.append(part.get("content", part.get("response", "")))
        thinking.append(part.get("thinking", ""))
        calls += part.get("tool_calls", [])
        last = line
    whole = last["message"] if asked.path == "/api/chat" else last
    whole["content" if asked.path == "/api/chat" else "response"] = "".join(text)
    if any(thinking):
        whole["thinking"] = "".join(thinking)
    if calls:
        whole["tool_calls"] = calls
    return last
