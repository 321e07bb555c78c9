"""Puts streamed chat completions together, as OpenAI and the servers like it send them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bot.llm.errors import BadOutput
from bot.llm.hosted import items, mapping, text_of
from bot.llm.inline_thinking import ThinkSplitter
from bot.llm.types import Chunk, TextChunk, ThinkingChunk, ToolCall, ToolCallChunk


def thinking_of(message: Mapping[str, Any]) -> str:
    """Return the thinking beside an answer; vLLM and llama.cpp name it differently from OpenRouter."""
    return text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))


class Calls:
    """Tool calls that come in pieces."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._calls: dict[int, dict[str, str]] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take(self, piece: Mapping[str, Any]) -> None:
        """Add a piece; what has no number goes on with the last call, unless it names a new one."""
        index, identity = piece.get("index"), text_of(piece.get("id"))
        if not isinstance(index, int):
            last = max(self._calls, default=-1)
            is_new = last < 0 or (identity and identity != self._calls[last]["id"])
            index = last + 1 if is_new else last
        call = self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})
        function = mapping(piece.get("function"))
        call["id"] = call["id"] or identity
        call["name"] = call["name"] or text_of(function.get("name"))
        arguments = function.get("arguments")
        call["arguments"] += json.dumps(arguments) if isinstance(arguments, dict) else text_of(arguments)

    def finish(self) -> list[ToolCall]:
        """Return them whole, in order.

        Raises:
            BadOutput: one has no name, or arguments that are no JSON object.
        """
        return [self._whole(index, self._calls[index]) for index in sorted(self._calls)]

    def _whole(self, index: int, call: Mapping[str, str]) -> ToolCall:
        try:
            arguments = json.loads(call["arguments"] or "{}")
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict) or not call["name"]:
            raise BadOutput(f"{self._service} sent a tool call that is not whole: try again")
        return ToolCall(call["id"] or f"call_{index}", call["name"], arguments)


class Reading:
    """Puts the events of a stream together."""

    def __init__(self, service: str) -> None:
        self._calls = Calls(service)
        self._splitter = ThinkSplitter()
        self.said: list[str] = []
        self.usage: dict[str, Any] = {}
        self.finish_reason: object = None
        self.refusal = ""

    @property
    def has_calls(self) -> bool:
        """Whether a tool is called."""
        return bool(self._calls)

    def take(self, event: Mapping[str, Any]) -> list[Chunk]:
        """Return what an event says."""
        self.usage.update(mapping(event.get("usage")))
        chunks: list[Chunk] = []
        for choice in map(mapping, items(event.get("choices"))):
            delta = mapping(choice.get("delta"))
            if thinking := thinking_of(delta):
                self.said.append(thinking)
                chunks.append(ThinkingChunk(thinking))
            chunks += self._parts(self._splitter.feed(text_of(delta.get("content"))))
            for call in map(mapping, items(delta.get("tool_calls"))):
                self._calls.take(call)
                self.said.append(text_of(mapping(call.get("function")).get("arguments")))
            self.refusal += text_of(delta.get("refusal"))
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
        return chunks

    def finish(self) -> list[Chunk]:
        """Return what was held back until the end."""
        calls: list[Chunk] = [ToolCallChunk(call) for call in self._calls.finish()]
        return self._parts(self._splitter.end()) + calls

    def _parts(self, parts: Iterable[TextChunk | ThinkingChunk]) -> list[Chunk]:
        chunks: list[Chunk] = []
        for part in parts:
            self.said.append(part.text)
            chunks.append(part)
        return chunks
