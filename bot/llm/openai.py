"""OpenAI's models and all servers that speak its chat completions, through the official SDK."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any

from bot.llm.errors import BadOutput, Declined, HungUp, LLMError, ModelMissing, Refused
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
from bot.llm.inline_thinking import split
from bot.llm.openai_models import (
    OPENAI_URL,
    Dialect,
    as_told,
    by_name,
    dialect_of,
    is_own_address,
    parameters,
    response_format,
    service_of,
)
from bot.llm.openai_stream import Calls, Reading, thinking_of
from bot.llm.prices import Prices
from bot.llm.types import (
    MOST_COST,
    Capabilities,
    Chunk,
    Completion,
    DoneChunk,
    Finish,
    Message,
    ModelInfo,
    Prompt,
    Role,
    Usage,
)

_FINISH = {"length": Finish.LENGTH, "tool_calls": Finish.TOOL_CALLS, "function_call": Finish.TOOL_CALLS}
_FAILED = "error"  # OpenRouter's reason for an end amid an answer
_TEXTS_AT_ONCE = 128  # servers on small machines take no more embeddings in one request
_NO_LIST = {404, 405, 501}


class OpenAICompatibleProvider(Hosted):
    """Models behind OpenAI's chat completions: OpenAI, OpenRouter, vLLM, llama.cpp, LM Studio."""

    name = "openai"
    sdk_name = "openai"

    def __init__(
        self,
        api_key: str | None,
        *,
        prices: Prices,
        base_url: str | None = None,
        dialect: Dialect | None = None,
        declared: Mapping[str, Capabilities] | None = None,
    ) -> None:
        """Prepare; nothing is loaded before the first call.

        Args:
            api_key: None for a server that asks for none.
            prices: of what is not the owner's own machine.
            base_url: with the version, such as http://127.0.0.1:8000/v1; None for OpenAI.
            dialect: None to tell it by the address.
            declared: what models can do by patterns of their names, for servers that don't tell.
        """
        self._base_url = base_url or OPENAI_URL
        self._dialect = dialect or dialect_of(self._base_url)
        super().__init__(
            service=service_of(self._base_url, self._dialect),
            is_hosted=not is_own_address(self._base_url),
            prices=prices,
        )
        self._key = api_key
        self._declared = dict(declared or {})
        self._told: dict[str, Capabilities] = {}
        self._has_list: bool | None = None

    def _build(self, sdk: ModuleType) -> Any:
        if not self._key and self._dialect is not Dialect.LOCAL:
            raise Refused(f"{self.service} needs a key: set {self.key_name} in .env and restart the bot")
        # The chain tries again, within its deadline. Without a key the SDK would take one of the environment.
        return sdk.AsyncOpenAI(api_key=self._key or "none", base_url=self._base_url, max_retries=0)

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        """Return the whole answer of `model`."""
        ends = asyncio.get_running_loop().time() + deadline
        async with self._guarded(ends, deadline, model):
            client = await self._ready()
            form = self._form(prompt, model)
            answer = plain(await client.chat.completions.create(**form, timeout=deadline), self.service)
        choice = mapping(next(iter(items(answer.get("choices"))), None))
        if _tells_failure(answer) or choice.get("finish_reason") == _FAILED:
            raise self._failed(mapping(answer.get("usage")), model, prompt)
        message = mapping(choice.get("message"))
        if not message:
            raise BadOutput(f"{self.service} sent an answer without a message: try again")
        text, inline = split(text_of(message.get("content")))
        thinking = thinking_of(message) or inline.strip()
        calls = Calls(self.service)
        for number, call in enumerate(items(message.get("tool_calls"))):
            calls.take({"index": number, **mapping(call)})
        found = tuple(calls.finish())
        written = (text, thinking, *(str(call.arguments) for call in found))
        usage = self._counted(mapping(answer.get("usage")), model, prompt, written)
        finish = self._finish(
            choice.get("finish_reason"), message.get("refusal"), usage, has_calls=bool(found)
        )
        return Completion(
            text=text,
            model=text_of(answer.get("model")) or model,
            thinking=thinking,
            tool_calls=found,
            usage=usage,
            finish=finish,
        )

    async def stream(self, prompt: Prompt, *, model: str, deadline: float) -> AsyncIterator[Chunk]:
        """Yield the answer as it comes, a `DoneChunk` last."""
        ends = asyncio.get_running_loop().time() + deadline
        async with self._guarded(ends, deadline, model):
            client = await self._ready()
            form = self._form(prompt, model) | {"stream": True, "stream_options": {"include_usage": True}}
            source = await client.chat.completions.create(**form, timeout=deadline)
        reading = Reading(self.service)
        try:
            async with aclosing(self._timed(source, ends, deadline, model)) as events:
                async for event in events:
                    chunks = reading.take(event)
                    if _tells_failure(event):
                        raise self._failed(reading.usage, model, prompt)
                    for chunk in chunks:
                        yield chunk
        finally:
            await source.close()
        if reading.finish_reason is None:
            raise HungUp(f"{self.service} hung up amid an answer: try again")
        if reading.finish_reason == _FAILED:
            raise self._failed(reading.usage, model, prompt)
        for chunk in reading.finish():
            yield chunk
        usage = self._counted(reading.usage, model, prompt, reading.said)
        finish = self._finish(reading.finish_reason, reading.refusal, usage, has_calls=reading.has_calls)
        yield DoneChunk(usage, finish)

    def output_bound(self, prompt: Prompt, model: str) -> int:
        """Return the most tokens of answer and thinking, which counts as output."""
        said = self._parameters(prompt, model)
        return int(said.get("max_completion_tokens") or said["max_tokens"])

    async def embed(self, texts: Sequence[str], *, model: str, deadline: float) -> list[list[float]]:
        """Return a vector for each text."""
        ends = asyncio.get_running_loop().time() + deadline
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = list(texts[start : start + _TEXTS_AT_ONCE])
            async with self._guarded(ends, deadline, model):
                client = await self._ready()
                # As numbers: not every server knows base64, which the SDK would ask for.
                answer = await client.embeddings.create(
                    model=model, input=part, encoding_format="float", timeout=deadline
                )
                rows = [mapping(row) for row in items(plain(answer, self.service).get("data"))]
            found = {row.get("index"): items(row.get("embedding")) for row in rows}
            if set(found) != set(range(len(part))) or not all(
                _is_vector(vector) for vector in found.values()
            ):
                raise BadOutput(f"{self.service} sent no vector for each text: is {model} for embeddings?")
            vectors += [[float(value) for value in found[number]] for number in range(len(part))]
        return vectors

    async def models(self) -> list[ModelInfo]:
        """Return what models there are, none for a server that does not list them."""
        ends = asyncio.get_running_loop().time() + HEALTH_SECONDS
        try:
            async with self._guarded(ends, HEALTH_SECONDS):
                client = await self._ready()
                try:
                    page = await client.models.list(timeout=HEALTH_SECONDS)
                except Exception as error:
                    if getattr(error, "status_code", None) not in _NO_LIST:
                        raise
                    return []
                infos = [plain(each, self.service) for each in items(getattr(page, "data", None))]
        except ModelMissing:
            return []
        found: list[ModelInfo] = []
        for info in infos:
            if name := text_of(info.get("id")):
                self._told[name] = as_told(info, self._dialect)
                found.append(ModelInfo(name, self._can(name)))
        return found

    async def capabilities(self, model: str) -> Capabilities:
        """Return what a model can do: as declared, as the server tells, as its name tells."""
        if self._has_list is None and not self._is_declared(model):
            try:
                self._has_list = bool(await self.models())
            except LLMError:  # asked again next time; health says what is wrong
                return self._can(model)
        return self._can(model)

    def _is_declared(self, model: str) -> bool:
        return any(fnmatchcase(model, pattern) for pattern in self._declared)

    def _can(self, model: str) -> Capabilities:
        declared = (can for pattern, can in self._declared.items() if fnmatchcase(model, pattern))
        return next(declared, None) or self._told.get(model) or by_name(model, self._dialect)

    def _form(self, prompt: Prompt, model: str) -> dict[str, Any]:
        """Return the body of a request."""
        can = self._can(model)
        messages = [_turn(message) for message in prompt.messages]
        form: dict[str, Any] = {"model": model, "messages": messages}
        form |= self._parameters(prompt, model)
        if prompt.schema is not None and can.supports_schema:
            form["response_format"] = response_format(prompt.schema)
        elif prompt.schema is not None:
            messages.insert(0, {"role": "system", "content": in_words(prompt.schema)})
        if prompt.tools:
            form["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in prompt.tools
            ]
        return form

    def _parameters(self, prompt: Prompt, model: str) -> dict[str, Any]:
        """Return how to answer, in the server's words."""
        can = self._can(model)
        return parameters(model, prompt.options, can, self._dialect, has_tools=bool(prompt.tools))

    def _failed(self, told: Mapping[str, Any], model: str, prompt: Prompt) -> HungUp:
        """Return the error for a failure that is told with a status of 200; what it took may be charged."""
        is_told = {"prompt_tokens", "completion_tokens"} <= told.keys()
        usage = self._counted(told, model, prompt, ()) if is_told else None
        return HungUp(f"{self.service} failed amid an answer: try again", usage)

    def _finish(self, reason: object, refusal: object, usage: Usage, *, has_calls: bool) -> Finish:
        if reason == "content_filter" or refusal:
            raise Declined("the model or its provider's filter declined to answer this", usage)
        if has_calls:  # some servers call that "stop"
            return Finish.TOOL_CALLS
        return _FINISH.get(str(reason), Finish.STOP)

    def _counted(self, usage: Mapping[str, Any], model: str, prompt: Prompt, said: Sequence[str]) -> Usage:
        read = count_of(usage.get("prompt_tokens")) or guessed_input(prompt)
        written = count_of(usage.get("completion_tokens")) or guessed_tokens(said)
        counted = self._usage(model, Usage(read, written))
        cost = usage.get("cost")
        if self._dialect is Dialect.OPENROUTER and isinstance(cost, float | int) and 0 < cost <= MOST_COST:
            return Usage(read, written, float(cost))  # it tells what it charges
        return counted


def _tells_failure(answer: Mapping[str, Any]) -> bool:
    """Return whether an answer or an event of one is a failure, as OpenRouter tells it."""
    choice = mapping(next(iter(items(answer.get("choices"))), None))
    return bool(answer.get("error") or choice.get("error"))


def _is_vector(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(each, float | int) for each in value)


def _turn(message: Message) -> dict[str, Any]:
    """Return a message in OpenAI's form."""
    turn: dict[str, Any] = {"role": message.role.value, "content": message.text}
    if message.role is Role.TOOL:
        turn["tool_call_id"] = message.tool_call_id
    if message.images:
        turn["content"] = [{"type": "text", "text": message.text}] if message.text else []
        for image in message.images:
            data = base64.b64encode(image.data).decode()
            url = {"url": f"data:{image.media_type};base64,{data}"}
            turn["content"].append({"type": "image_url", "image_url": url})
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in message.tool_calls
        ]
    return turn
