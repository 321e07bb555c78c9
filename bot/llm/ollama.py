"""Ollama, on this machine or another of the owner's."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from time import monotonic as system_monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from bot.llm import ollama_requests as requests
from bot.llm.defaults import defaults_for, plain_name
from bot.llm.errors import BadOutput, LLMError, ModelMissing, ProviderUnavailable, Refused, TooSlow
from bot.llm.inline_thinking import ThinkSplitter, split
from bot.llm.ollama_client import Clients, make_clients, shown, translated
from bot.llm.ollama_sizes import OpenContexts, check_read, estimate_tokens, num_ctx_for
from bot.llm.types import (
    Capabilities,
    Chunk,
    Completion,
    DoneChunk,
    Health,
    ModelInfo,
    Prompt,
    ThinkingChunk,
    ToolCallChunk,
)

if TYPE_CHECKING:
    from ollama import ListResponse

T = TypeVar("T")
QUESTION_SECONDS = 10.0  # for what a server answers from its head
HEALTH_SECONDS = 3.0
SILENCE_SECONDS = 300.0  # checking a pulled model's digest takes minutes on a slow disk, and says nothing
AT_A_TIME = 8  # models asked about


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is: Ollama's words, and bytes of all parts it has named so far."""

    status: str
    completed: int
    total: int


class OllamaProvider:
    """The models of one Ollama server; see `bot.llm.provider.LLMProvider`.

    Texts that are too long for an embedding model are cut by Ollama.

    Attributes:
        url: where it is, without a password.
    """

    name = "ollama"

    def __init__(
        self,
        url: str,
        *,
        keep_alive: float = 300.0,
        max_context: int | None = None,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        """Take where it is and how it is used; nothing is asked before the first call.

        Args:
            url: such as http://127.0.0.1:11434.
            keep_alive: seconds a model stays in memory after its last answer; below 0 for ever.
            max_context: tokens no prompt and answer may exceed together, because context costs memory; None
                for what the model reads.
            monotonic: the clock that tells how long a model has been unused.
        """
        self._address = url
        self.url = shown(url)
        self.is_hosted = _is_cloud(urlsplit(url).hostname or "")
        self._keep_alive = keep_alive
        self._max_context = max_context
        self._contexts = OpenContexts(keep_alive, monotonic)
        self._clients: Clients | None = None
        self._opening = asyncio.Lock()
        self._known: dict[str, Capabilities] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        """Return the whole answer."""
        async with self._within(deadline, model):
            clients, request = await self._request(prompt, model)
            with self._translated(model):
                answer = await clients.ollama.chat(**request, stream=False)
        if not answer.done:
            raise self._cut(model)
        usage = requests.usage_of(answer)
        check_read(model, prompt, usage, request["options"]["num_ctx"])
        text, thinking = split(answer.message.content or "")
        calls = tuple(requests.calls_of(answer))
        return Completion(
            text=text,
            model=model,
            thinking=(answer.message.thinking or "") + thinking,
            tool_calls=calls,
            usage=usage,
            finish=requests.finish_of(answer, called=bool(calls)),
        )

    async def stream(self, prompt: Prompt, *, model: str, deadline: float) -> AsyncGenerator[Chunk, None]:
        """Yield the answer as it comes; leaving it ends the request."""
        end = asyncio.get_running_loop().time() + deadline
        async with aclosing(self._chunks(prompt, model)) as chunks:
            while True:
                # Around each step: a timeout around the whole would hit the caller between two of them.
                try:
                    async with asyncio.timeout_at(end):
                        chunk = await anext(chunks, None)
                except TimeoutError:
                    raise self._too_slow(model, deadline) from None
                if chunk is None:
                    return
                yield chunk

    def output_bound(self, prompt: Prompt, model: str) -> int:
        """Return the most tokens of answer and thinking: of the model that thinks longest."""
        return prompt.options.max_tokens + max(requests.THINKING_TOKENS.values())

    async def embed(self, texts: Sequence[str], *, model: str, deadline: float) -> list[list[float]]:
        """Return a vector for each text."""
        if not texts:
            return []
        async with self._within(deadline, model):
            self._check_place(model)
            clients = await self._opened()
            with self._translated(model):
                answer = await clients.ollama.embed(model, list(texts), keep_alive=self._keep_alive)
                vectors = [list(vector) for vector in answer.embeddings]
        if len(vectors) != len(texts):
            raise BadOutput(
                f"{model} returned {len(vectors)} vectors for {len(texts)} texts: is it an embedding model?"
            )
        return vectors

    async def models(self) -> list[ModelInfo]:
        """Return the models that are pulled, by name."""
        async with self._within(QUESTION_SECONDS, "its list of models"):
            clients = await self._opened()
            with self._translated():
                listed, running = await asyncio.gather(clients.ollama.list(), clients.ollama.ps())
        loaded = {each.model for each in running.models}
        places = asyncio.Semaphore(AT_A_TIME)

        async def info(each: "ListResponse.Model") -> ModelInfo:
            async with places:
                try:
                    can = await self.capabilities(each.model or "")
                except ModelMissing:  # deleted this moment
                    can = defaults_for(each.model or "").capabilities
            size = None if each.size is None else int(each.size)
            return ModelInfo(plain_name(each.model or ""), can, size, loaded=each.model in loaded)

        found = await asyncio.gather(*(info(each) for each in listed.models))
        return sorted(found, key=lambda model: model.name)

    async def capabilities(self, model: str) -> Capabilities:
        """Return what a model can do; asked once and remembered."""
        name = plain_name(model)
        if name in self._known:
            return self._known[name]
        async with self._asking.setdefault(name, asyncio.Lock()):
            if name not in self._known:
                async with self._within(QUESTION_SECONDS, model):
                    clients = await self._opened()
                    with self._translated(model):
                        can = requests.capabilities_of(model, await clients.ollama.show(model))
                most = can.context_tokens if self._max_context is None else self._max_context
                self._known[name] = replace(can, context_tokens=min(can.context_tokens, most))
            return self._known[name]

    async def health(self, wanted: Sequence[str] = ()) -> Health:
        """Return whether it answers and has the `wanted` models."""
        try:
            async with self._within(HEALTH_SECONDS, "its version"):
                clients = await self._opened()
                with self._translated():
                    version, listed = await asyncio.gather(_version(clients), clients.ollama.list())
        except LLMError as error:
            return Health(ok=False, detail=str(error), missing=())
        there = {plain_name(each.model or "") for each in listed.models}
        missing = tuple(dict.fromkeys(model for model in wanted if plain_name(model) not in there))
        detail = f"Ollama {version} at {self.url}"
        if missing:
            pulls = " and ".join(f"`ollama pull {model}`" for model in missing)
            return Health(False, f"{detail} lacks {', '.join(missing)}: run {pulls}", missing)
        return Health(ok=True, detail=f"{detail}, {len(there)} model{'' if len(there) == 1 else 's'}")

    async def pull(
        self, model: str, *, silence: float = SILENCE_SECONDS
    ) -> AsyncGenerator[PullProgress, None]:
        """Fetch a model, and yield how far it is.

        Args:
            model: as Ollama's library calls it.
            silence: seconds without a word after which it counts as stuck.

        Raises:
            ModelMissing: the library hasn't got it.
            LLMError: it could not be fetched; what has come is kept for the next try.
        """
        parts: dict[str, tuple[int, int]] = {}
        status = ""
        clients = await self._opened()
        async with aclosing(self._lines(model, clients.ollama.pull(model, stream=True))) as lines:
            while True:
                try:
                    async with asyncio.timeout(silence):
                        line = await anext(lines, None)
                except TimeoutError:
                    raise TooSlow(
                        f"the pull of {model} has stalled: run it again, it goes on there"
                    ) from None
                if line is None:
                    break
                status = line.status or ""
                if line.digest:
                    parts[line.digest] = (line.completed or 0, line.total or 0)
                done, total = (
                    (sum(numbers) for numbers in zip(*parts.values(), strict=True)) if parts else (0, 0)
                )
                yield PullProgress(status, done, total)
        if status != "success":
            raise ProviderUnavailable(f"the pull of {model} broke off: run it again, it goes on there")
        self._known.pop(plain_name(model), None)

    async def close(self) -> None:
        """Close all connections."""
        clients, self._clients = self._clients, None
        if clients is not None:
            await clients.close()

    async def _opened(self) -> Clients:
        async with self._opening:
            if self._clients is None:
                self._clients = await asyncio.to_thread(make_clients, self._address)
            return self._clients

    async def _request(self, prompt: Prompt, model: str) -> tuple[Clients, dict[str, Any]]:
        """Return the clients, and what to ask of the model.

        Raises:
            LLMError: it can't be asked this.
        """
        self._check_place(model)
        can = await self.capabilities(model)
        requests.check(model, prompt, can)
        think = requests.think_for(prompt.options.thinking, can.thinking)
        tokens = estimate_tokens(prompt)
        asked = prompt.options.max_tokens
        num_ctx_for(model, tokens, asked, can.context_tokens)
        # Thoughts get what room is left, the prompt and the answer come first.
        written = min(requests.answer_tokens(prompt, think, can.thinking), can.context_tokens - tokens)
        needed = num_ctx_for(model, tokens, written, can.context_tokens)
        num_ctx = self._contexts.use(plain_name(model), needed)
        request = {
            "model": model,
            "messages": requests.messages_of(prompt.messages),
            "tools": requests.tools_of(prompt.tools),
            "think": think,
            "format": None if prompt.schema is None else dict(prompt.schema),
            "options": requests.options_of(prompt, num_ctx=num_ctx, num_predict=written),
            "keep_alive": self._keep_alive,
        }
        return await self._opened(), request

    async def _chunks(self, prompt: Prompt, model: str) -> AsyncGenerator[Chunk, None]:
        clients, request = await self._request(prompt, model)
        splitter, called, last = ThinkSplitter(), False, None
        asked = clients.ollama.chat(**request, stream=True)
        async with aclosing(self._lines(model, asked)) as parts:
            async for part in parts:
                if part.message.thinking:
                    yield ThinkingChunk(part.message.thinking)
                for piece in splitter.feed(part.message.content or ""):
                    yield piece
                for call in requests.calls_of(part):
                    called = True
                    yield ToolCallChunk(call)
                if part.done:  # read on to the end, so that the connection can be used again
                    last = part
        if last is None:
            raise self._cut(model)
        usage = requests.usage_of(last)
        check_read(model, prompt, usage, request["options"]["num_ctx"])
        for piece in splitter.end():
            yield piece
        yield DoneChunk(usage, requests.finish_of(last, called=called))

    async def _lines(self, model: str, asked: Awaitable[AsyncIterator[T]]) -> AsyncGenerator[T, None]:
        """Yield what a streaming call of the client yields; leaving it ends the request."""
        with self._translated(model):
            lines = cast("AsyncGenerator[T, None]", await asked)
        async with aclosing(lines):
            while True:
                with self._translated(model):
                    line = await anext(lines, None)
                if line is None:
                    return
                yield line

    @contextmanager
    def _translated(self, model: str = "") -> Iterator[None]:
        try:
            with translated(self._address, model):
                yield
        except ModelMissing:
            self._known.pop(plain_name(model), None)  # what comes under this name next may be another
            raise

    @asynccontextmanager
    async def _within(self, seconds: float, what: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise self._too_slow(what, seconds) from None

    def _check_place(self, model: str) -> None:
        if not self.is_hosted and model.endswith(("-cloud", ":cloud")):
            raise Refused(
                f"{model} runs on ollama.com, not on your machine: choose a model without cloud in its name"
            )

    def _too_slow(self, what: str, seconds: float) -> TooSlow:
        return TooSlow(
            f"Ollama at {self.url} took more than {seconds:g} s for {what}: a smaller model or a GPU"
            " is faster, and the first answer waits for the model to load"
        )

    def _cut(self, model: str) -> ProviderUnavailable:
        return ProviderUnavailable(f"Ollama at {self.url} broke off the answer of {model}: its log says why")


def _is_cloud(host: str) -> bool:
    return host == "ollama.com" or host.endswith(".ollama.com")


async def _version(clients: Clients) -> str:
    answer = await clients.http.get("/api/version")
    return str(answer.raise_for_status().json().get("version", "?"))
