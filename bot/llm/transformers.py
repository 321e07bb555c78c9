"""Models on this machine through transformers: they write, summarize and label, each in its process."""

import asyncio
import importlib.util
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from bot.child.frames import FAILED
from bot.llm.errors import (
    BadOutput,
    ContextOverflow,
    LLMError,
    ModelMissing,
    ProviderUnavailable,
    Refused,
    TooSlow,
)
from bot.llm.transformers_folders import Described, Folder, Kind, describe, find_folder, list_models
from bot.llm.transformers_process import ModelProcess, Patience
from bot.llm.transformers_worker import OVERFLOW, TEXT
from bot.llm.types import (
    Capabilities,
    Chunk,
    Completion,
    DoneChunk,
    Finish,
    Health,
    ModelInfo,
    Prompt,
    Role,
    TextChunk,
    Usage,
)

_PACKAGES: Final = ("torch", "transformers")


class Label(NamedTuple):
    """A classifier's word for a text, and how sure it is."""

    name: str
    score: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Local:
    """How local models are used.

    Attributes:
        models_folder: where models are, and where they are fetched into, as `owner/name`.
        allow_download: fetch from the hub what isn't there, at its first use.
        threads: to compute with; 0 for the machine's cores, 4 at the most.
    """

    models_folder: Path
    allow_download: bool = False
    threads: int = 0
    patience: Patience = field(default_factory=Patience)


class TransformersProvider:
    """Models in folders. A model is named by its folder's path, below the models' folder or whole.

    What it does follows from its files: a causal model writes, an encoder-decoder summarizes what the user's
    last message says, a classifier labels and can't write. One text is written at a time; labels don't wait
    for that. Tools and a schema are not told to a model: none of these declares that it knows them.
    """

    name = "transformers"
    is_hosted = False

    def __init__(
        self,
        local: Local,
        monotonic: Callable[[], float] = time.monotonic,
        module: str = "bot.llm.transformers_worker",
    ) -> None:
        """Remember what to use; nothing is loaded before it is asked. `module` is what processes run."""
        self._local = local
        self._monotonic = monotonic
        self._module = module
        self._writing = asyncio.Lock()
        self._processes: dict[str, ModelProcess] = {}
        self._described: dict[str, Described] = {}
        self._is_closed = False

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        """Return the whole answer; see `LLMProvider`."""
        return await _gathered(self._written(_asked(prompt), model, deadline), model)

    async def stream(self, prompt: Prompt, *, model: str, deadline: float) -> AsyncIterator[Chunk]:
        """Yield the answer as it comes, a summarizer's a piece at a time; see `LLMProvider`."""
        async with aclosing(self._written(_asked(prompt), model, deadline)) as chunks:
            async for chunk in chunks:
                yield chunk

    def output_bound(self, prompt: Prompt, model: str) -> int:
        """Return the most tokens of an answer; none of these models thinks apart from it."""
        return prompt.options.max_tokens

    async def summarize(self, text: str, *, model: str, deadline: float, max_tokens: int = 256) -> Completion:
        """Return a summary by an encoder-decoder; a long text is summarized in pieces, which are joined.

        Raises:
            LLMError: as `LLMProvider` says; `Refused` when the model is of another kind.
        """

        def asked(kind: Kind) -> dict[str, Any]:
            if kind is not Kind.SUMMARIZES:
                raise Refused(f"{model} is no summarizer: name an encoder-decoder such as a BART or T5")
            return {"text": text, "max_tokens": max_tokens}

        return await _gathered(self._written(asked, model, deadline), model)

    async def classify(self, texts: Sequence[str], *, model: str, deadline: float) -> list[list[Label]]:
        """Return for each text all labels, best first; what is longer than the model reads is cut.

        Raises:
            LLMError: as `LLMProvider` says; `Refused` when the model is of another kind.
        """
        until = asyncio.get_running_loop().time() + deadline
        process, kind = await self._prepared(model, until)
        if kind is not Kind.LABELS:
            raise Refused(f"{model} tells no labels: name a model for text classification")
        if not texts:
            return []
        told: dict[str, Any] = {}
        async with aclosing(_told(process, {"texts": list(texts)}, until)) as answers:
            async for each in answers:
                told = each if isinstance(each, dict) else told
        labels = told.get("labels", [])
        if len(labels) != len(texts):
            raise BadOutput(f"{model} labelled {len(labels)} of {len(texts)} texts")
        return [[Label(name, score) for name, score in row] for row in labels]

    async def embed(self, texts: Sequence[str], *, model: str, deadline: float) -> list[list[float]]:
        """Refuse: vectors are the encoder's."""
        raise Refused("the transformers provider makes no vectors: the encoder does (nlp.encoder)")

    async def models(self) -> list[ModelInfo]:
        """Return the models below the models' folder, and those used from elsewhere."""
        loaded = {name: process.is_loaded for name, process in self._processes.items()}
        return await asyncio.to_thread(list_models, self._local.models_folder, loaded)

    async def capabilities(self, model: str) -> Capabilities:
        """Return what a model's files say; the defaults meanwhile for one that is still to be fetched."""
        if model not in self._described:
            folder = await self._find(model)
            if folder.repo:
                return Capabilities()
            await self._describe(folder)
        return self._described[model].capabilities

    async def health(self, wanted: Sequence[str] = ()) -> Health:
        """Return whether packages and models are there and how the last answers went."""
        if self._is_closed:
            return Health(ok=False, detail="closed")
        try:
            _check_packages()
        except ProviderUnavailable as error:
            return Health(ok=False, detail=str(error))
        missing, words = [], []
        for model in wanted:
            try:
                folder = await self._find(model)
            except ModelMissing as error:
                missing.append(model)
                words.append(str(error))
            else:
                words.extend([f"{model} is fetched at its first use"] if folder.repo else [])
        troubles = [process.trouble for process in self._processes.values() if process.trouble]
        detail = "; ".join([*troubles, *words]) or "models are loaded at their first use"
        return Health(ok=not missing and not troubles, detail=detail, missing=tuple(missing))

    async def close(self) -> None:
        """End all processes; whoever still waits gets ProviderUnavailable."""
        self._is_closed = True
        await asyncio.gather(*(process.close() for process in self._processes.values()))

    async def _written(
        self, asked: Callable[[Kind], dict[str, Any]], model: str, deadline: float
    ) -> AsyncGenerator[Chunk, None]:
        """Yield what a model writes; `asked` returns the request for its kind."""
        until = asyncio.get_running_loop().time() + deadline
        process, kind = await self._prepared(model, until)
        request = asked(kind)
        try:
            async with asyncio.timeout_at(until):
                await self._writing.acquire()
        except TimeoutError:
            raise TooSlow("local models were busy with other answers until the deadline") from None
        try:
            async with aclosing(_told(process, request, until)) as answers:
                async for each in answers:
                    yield TextChunk(each) if isinstance(each, str) else _done(each)
        finally:
            self._writing.release()

    async def _prepared(self, model: str, until: float) -> tuple[ModelProcess, Kind]:
        """Return a model's process and what it does; one that isn't there is fetched for that."""
        if self._is_closed:
            raise ProviderUnavailable("the transformers provider is closed")
        _check_packages()
        folder = await self._find(model)
        if model not in self._processes:
            local = self._local
            self._processes[model] = ModelProcess(
                folder, local.threads, local.patience, self._monotonic, self._module
            )
        process = self._processes[model]
        if model not in self._described:
            if folder.repo:
                await process.load(until)
            await self._describe(folder)
        return process, self._described[model].kind

    async def _find(self, model: str) -> Folder:
        local = self._local
        return await asyncio.to_thread(
            find_folder, model, local.models_folder, allow_download=local.allow_download
        )

    async def _describe(self, folder: Folder) -> None:
        self._described[folder.name] = await asyncio.to_thread(describe, folder)


def _asked(prompt: Prompt) -> Callable[[Kind], dict[str, Any]]:
    """Return what makes a request of a prompt once the model's kind is known."""

    def asked(kind: Kind) -> dict[str, Any]:
        if any(message.images for message in prompt.messages):
            raise Refused("the transformers provider sees no pictures: use a model elsewhere that does")
        options = prompt.options
        if kind is Kind.LABELS:
            raise Refused("this model tells labels and can't write: name a model for text generation")
        if kind is Kind.SUMMARIZES:
            texts = [message.text for message in prompt.messages if message.role is Role.USER]
            return {"text": "".join(texts[-1:]), "max_tokens": options.max_tokens}
        return {
            "messages": [{"role": each.role, "content": each.text} for each in prompt.messages],
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
            "stop": options.stop,
            "seed": options.seed,
            "thinking": None if options.thinking is None else bool(options.thinking),
        }

    return asked


async def _told(
    process: ModelProcess, request: Mapping[str, Any], until: float
) -> AsyncGenerator[str | dict[str, Any], None]:
    """Yield the text of an answer as it comes, and at its end what is told of it."""
    async with aclosing(process.frames(request, until)) as frames:
        async for kind, body in frames:
            if kind == TEXT:
                yield body.decode()
            elif kind == FAILED:
                raise _failure(json.loads(body))
            else:
                yield json.loads(body)


async def _gathered(chunks: AsyncGenerator[Chunk, None], model: str) -> Completion:
    """Return an answer in one piece."""
    text: list[str] = []
    done = DoneChunk(Usage(), Finish.STOP)
    async with aclosing(chunks):
        async for chunk in chunks:
            if isinstance(chunk, TextChunk):
                text.append(chunk.text)
            elif isinstance(chunk, DoneChunk):
                done = chunk
    return Completion("".join(text), model, usage=done.usage, finish=done.finish)


def _done(told: Mapping[str, Any]) -> DoneChunk:
    return DoneChunk(Usage(told["input"], told["output"]), Finish(told["finish"]))


def _failure(told: Mapping[str, str]) -> LLMError:
    """Return the error a process told."""
    if told["why"] == OVERFLOW:
        return ContextOverflow(told["text"])
    return ProviderUnavailable(f"the model failed: {told['text']}")


def _check_packages() -> None:
    """Look for what models need, without importing it.

    Raises:
        ProviderUnavailable: something is missing.
    """
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise ProviderUnavailable(f"{package} is not installed: python run.py setup")
