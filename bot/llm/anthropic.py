"""Anthropic's models, through the official SDK."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from types import ModuleType
from typing import Any

from bot.llm.anthropic_models import Traits, thinking_parameters, traits_by_name, traits_of
from bot.llm.errors import BadOutput, Declined, HungUp, LLMError, Refused
from bot.llm.hosted import (
    HEALTH_SECONDS,
    Hosted,
    count_of,
    guessed_input,
    guessed_tokens,
    in_words,
    items,
    mapping,
    plain,
    text_of,
)
from bot.llm.prices import Prices
from bot.llm.types import (
    Capabilities,
    Chunk,
    Completion,
    DoneChunk,
    Finish,
    Message,
    ModelInfo,
    Prompt,
    Role,
    TextChunk,
    ThinkingChunk,
    ToolCall,
    ToolCallChunk,
    Usage,
)

ANTHROPIC_URL = "https://api.anthropic.com"
_FINISH = {
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
}


class AnthropicProvider(Hosted):
    """Models behind Anthropic's Messages API.

    It takes no temperature and no seed: API version 2026-10-21 refuses the one and never knew the other.
    """

    name = "anthropic"
    sdk_name = "anthropic"

    def __init__(self, api_key: str, *, prices: Prices, base_url: str | None = None) -> None:
        super().__init__(service="Anthropic", is_hosted=True, prices=prices)
        self._key = api_key
        self._base_url = base_url or ANTHROPIC_URL
        self._traits: dict[str, Traits] = {}
        self._transform: Callable[[dict[str, Any]], dict[str, Any]] = dict

    def _build(self, sdk: ModuleType) -> Any:
        if not self._key:
            raise Refused(f"Anthropic needs a key: set {self.key_name} in .env and restart the bot")
        self._transform = sdk.transform_schema
        # The chain tries again, within its deadline.
        return sdk.AsyncAnthropic(api_key=self._key, base_url=self._base_url, max_retries=0)

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        """Return the whole answer of `model`."""
        ends = asyncio.get_running_loop().time() + deadline
        async with self._guarded(ends, deadline, model):
            client = await self._ready()
            form = self._form(prompt, model)
            answer = plain(await client.messages.create(**form, timeout=deadline), self.service)
        if not isinstance(answer.get("content"), list):
            raise BadOutput(f"{self.service} sent an answer without content: try again")
        blocks = [mapping(block) for block in answer["content"]]
        text = "".join(text_of(block.get("text")) for block in blocks if block.get("type") == "text")
        thinking = "".join(text_of(each.get("thinking")) for each in blocks if each.get("type") == "thinking")
        calls = tuple(
            self._call(block, block.get("input")) for block in blocks if block.get("type") == "tool_use"
        )
        usage = self._counted(mapping(answer.get("usage")), model, prompt, (text, thinking))
        return Completion(
            text=text,
            model=text_of(answer.get("model")) or model,
            thinking=thinking,
            tool_calls=calls,
            usage=usage,
            finish=self._finish(answer.get("stop_reason"), usage),
        )

    async def stream(self, prompt: Prompt, *, model: str, deadline: float) -> AsyncIterator[Chunk]:
        """Yield the answer as it comes, a `DoneChunk` last."""
        ends = asyncio.get_running_loop().time() + deadline
        async with self._guarded(ends, deadline, model):
            client = await self._ready()
            form = self._form(prompt, model)
            source = await client.messages.create(**form, stream=True, timeout=deadline)
        reading = _Reading(self._call)
        try:
            async with aclosing(self._timed(source, ends, deadline, model)) as events:
                async for event in events:
                    chunk = reading.take(event)
                    if chunk is not None:
                        yield chunk
                    if reading.is_whole:
                        break
        finally:
            await source.close()
        if not reading.is_whole:
            raise HungUp(f"{self.service} hung up amid an answer: try again")
        usage = self._counted(reading.usage, model, prompt, reading.said)
        yield DoneChunk(usage, self._finish(reading.stop_reason, usage))

    def output_bound(self, prompt: Prompt, model: str) -> int:
        """Return the most tokens of answer and thinking, which counts as output."""
        return self._thinking(prompt, model)[1]

    async def embed(self, texts: Sequence[str], *, model: str, deadline: float) -> list[list[float]]:
        """Raise, for Anthropic has no embeddings.

        Raises:
            LLMError: always.
        """
        raise LLMError("Anthropic has no embeddings: set another provider for them, such as ollama")

    async def models(self) -> list[ModelInfo]:
        """Return what models there are."""
        ends = asyncio.get_running_loop().time() + HEALTH_SECONDS
        found: list[ModelInfo] = []
        async with self._guarded(ends, HEALTH_SECONDS):
            client = await self._ready()
            page = await client.models.list(limit=1_000, timeout=HEALTH_SECONDS)
            listed = items(getattr(page, "data", None))
            if not isinstance(getattr(page, "data", None), list):
                raise BadOutput(f"{self.service} sent no list of models: check llm.anthropic_base_url")
            infos = [plain(each, self.service) for each in listed]
        for info in infos:
            if name := text_of(info.get("id")):
                self._traits[name] = traits_of(info)
                found.append(ModelInfo(name, self._traits[name].capabilities))
        return found

    async def capabilities(self, model: str) -> Capabilities:
        """Return what a model can do, by its name where the API doesn't tell."""
        if model not in self._traits:
            ends = asyncio.get_running_loop().time() + HEALTH_SECONDS
            try:
                async with self._guarded(ends, HEALTH_SECONDS, model):
                    client = await self._ready()
                    info = plain(await client.models.retrieve(model, timeout=HEALTH_SECONDS), self.service)
            except LLMError:  # asked again next time; health says what is wrong
                return traits_by_name(model).capabilities
            self._traits[model] = traits_of({**info, "id": model})
        return self._traits[model].capabilities

    def _form(self, prompt: Prompt, model: str) -> dict[str, Any]:
        """Return the body of a request."""
        traits = self._traits.get(model) or traits_by_name(model)
        system = [each.text for each in prompt.messages if each.role is Role.SYSTEM and each.text]
        output: dict[str, Any] = {}
        if prompt.schema is not None:
            if traits.capabilities.supports_schema:
                output["format"] = {"type": "json_schema", "schema": self._closed(prompt.schema)}
            else:
                system.append(in_words(prompt.schema))
        thinking, most = self._thinking(prompt, model)
        if effort := thinking.pop("effort", None):
            output["effort"] = effort
        form: dict[str, Any] = {
            "model": model,
            "max_tokens": most,
            "messages": _turns(prompt.messages),
            **thinking,
        }
        optional = {
            "system": "\n\n".join(system),
            "stop_sequences": [each for each in prompt.options.stop if each.strip()],  # it refuses blank ones
            "output_config": output,
            "tools": [
                {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
                for tool in prompt.tools
            ],
        }
        return form | {name: value for name, value in optional.items() if value}

    def _thinking(self, prompt: Prompt, model: str) -> tuple[dict[str, Any], int]:
        """Return what a request says about thinking, and the tokens it may take together with the answer."""
        traits = self._traits.get(model) or traits_by_name(model)
        after_tools = any(each.tool_calls for each in prompt.messages)
        said, headroom = thinking_parameters(traits, prompt.options, after_tools=after_tools)
        most = prompt.options.max_tokens + headroom
        return said, min(most, traits.max_output) if traits.max_output else most

    def _closed(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a schema as the API wants it: closed objects, and limits it can't keep told in words."""
        try:
            return self._transform(dict(schema))
        except (ValueError, TypeError, AssertionError):  # a form the SDK does not know; the API may
            return dict(schema)

    def _call(self, block: Mapping[str, Any], arguments: object) -> ToolCall:
        name = text_of(block.get("name"))
        if not isinstance(arguments, dict) or not name:
            raise BadOutput(f"{self.service} sent a tool call that is not whole: try again")
        return ToolCall(text_of(block.get("id")), name, arguments)

    def _finish(self, reason: object, usage: Usage) -> Finish:
        if reason == "refusal":
            raise Declined("the model declined to answer this", usage)
        return _FINISH.get(str(reason), Finish.STOP)

    def _counted(self, usage: Mapping[str, Any], model: str, prompt: Prompt, said: Sequence[str]) -> Usage:
        names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        read = sum(count_of(usage.get(name)) for name in names) or guessed_input(prompt)
        return self._usage(model, Usage(read, count_of(usage.get("output_tokens")) or guessed_tokens(said)))


class _Reading:
    """Puts the events of a stream together."""

    def __init__(self, call: Callable[[Mapping[str, Any], object], ToolCall]) -> None:
        self._call = call
        self._block: Mapping[str, Any] = {}
        self._arguments: list[str] = []
        self.said: list[str] = []
        self.usage: dict[str, Any] = {}
        self.stop_reason: object = None
        self.is_whole = False

    def take(self, event: Mapping[str, Any]) -> Chunk | None:
        """Return what an event says, None for nothing to be told."""
        kind = event.get("type")
        if kind == "content_block_start":
            self._block, self._arguments = mapping(event.get("content_block")), []
        elif kind == "content_block_delta":
            return self._delta(mapping(event.get("delta")))
        elif kind == "content_block_stop" and self._block.get("type") == "tool_use":
            return ToolCallChunk(self._call(self._block, self._input()))
        elif kind == "message_start":
            self._count(mapping(event.get("message")).get("usage"))
        elif kind == "message_delta":
            self.stop_reason = mapping(event.get("delta")).get("stop_reason")
            self._count(event.get("usage"))
        elif kind == "message_stop":
            self.is_whole = True
        return None

    def _delta(self, delta: Mapping[str, Any]) -> Chunk | None:
        kind = delta.get("type")
        if kind == "input_json_delta":
            self._arguments.append(text_of(delta.get("partial_json")))
            return None
        said = text_of(delta.get({"text_delta": "text", "thinking_delta": "thinking"}.get(str(kind), "")))
        if not said:
            return None
        self.said.append(said)
        return TextChunk(said) if kind == "text_delta" else ThinkingChunk(said)

    def _input(self) -> object:
        written = "".join(self._arguments)
        try:
            return json.loads(written) if written else self._block.get("input")
        except ValueError:
            return None

    def _count(self, usage: object) -> None:
        # Each count is of all so far; what an event leaves out stays.
        self.usage.update({name: count for name, count in mapping(usage).items() if count})


def _turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the conversation without its system messages; neighbours of one role are one turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        blocks = _blocks(message)
        if message.role is Role.SYSTEM or not blocks:
            continue
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role is Role.TOOL:
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}]
    blocks: list[dict[str, Any]] = [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": image.media_type,
                "data": base64.b64encode(image.data).decode(),
            },
        }
        for image in message.images
    ]
    if message.text.strip():  # it refuses blank ones
        blocks.append({"type": "text", "text": message.text})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in message.tool_calls
    ]
    return blocks
