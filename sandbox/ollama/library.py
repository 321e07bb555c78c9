"""Everything about models but talking: list, show, ps, pull, delete, embed."""

import hashlib
import math
import random
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from sandbox.ollama.memory import Memory
from sandbox.ollama.models import LIBRARY, Model, full_name, model_of
from sandbox.ollama.talk import Talk
from sandbox.ollama.wire import OllamaError

NOT_FOUND, BAD_REQUEST = 404, 400
STEPS = 8  # lines of progress for each layer


class Library:
    """The models one server has, and those it can pull."""

    def __init__(self, models: Iterable[str | Model], memory: Memory) -> None:
        there = [model_of(model) for model in models]
        self.there = {model.name: model for model in there}
        self.offered = dict(LIBRARY)
        self._memory = memory

    def find(self, name: Any, words: str = "model '{}' not found") -> Model:
        """Return a pulled model.

        Raises:
            OllamaError: 400 without a name, 404 for one that isn't there.
        """
        if not isinstance(name, str) or not name:
            raise OllamaError(BAD_REQUEST, "model is required")
        model = self.there.get(full_name(name))
        if model is None:
            raise OllamaError(NOT_FOUND, words.format(name))
        return model

    def tags(self) -> dict[str, Any]:
        """Return the answer of `/api/tags`."""
        return {"models": [model.summary() for model in self.there.values()]}

    def delete(self, name: Any) -> None:
        """Remove a model.

        Raises:
            OllamaError: it isn't there.
        """
        model = self.find(name)
        del self.there[model.name]
        self._memory.drop(model.name)

    async def pull(self, name: Any, talk: Talk) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the progress of a pull; an unknown model ends with an error."""
        yield {"status": "pulling manifest"}
        model = self.offered.get(full_name(str(name)))
        if model is None:
            yield {"error": "pull model manifest: file does not exist"}
            return
        for layer, size in (("weights", model.size - 500), ("template", 500)):
            digest = "sha256:" + hashlib.sha256(f"{model.name} {layer}".encode()).hexdigest()
            line = {"status": f"pulling {digest[7:19]}", "digest": digest, "total": size}
            yield line
            for step in range(1, STEPS + 1):
                yield line | {"completed": size * step // STEPS}
                await talk.pause(talk.latency.line)
        for status in ("verifying sha256 digest", "writing manifest"):
            yield {"status": status}
        self.there[model.name] = model
        yield {"status": "success"}


def embedded(model: Model, body: dict[str, Any]) -> dict[str, Any]:
    """Return the answer of `/api/embed`: for the same text always the same vector, of length 1.

    Raises:
        OllamaError: a text is longer than the model reads, and may not be cut.
    """
    given = body.get("input") or []
    texts = [given] if isinstance(given, str) else [str(text) for text in given]
    tokens = [1 + len(text.encode()) // 4 for text in texts]
    if body.get("truncate") is False and any(count > model.context for count in tokens):
        raise OllamaError(BAD_REQUEST, "the input length exceeds the context length")
    size = body.get("dimensions") or model.embedding_length
    return {
        "model": body["model"],
        "embeddings": [_vector(text, size) for text in texts],
        "total_duration": 1_000_000,
        "load_duration": 0,
        "prompt_eval_count": sum(min(count, model.context) for count in tokens),
    }


def _vector(text: str, size: int) -> list[float]:
    rng = random.Random(text)  # noqa: S311 - repeatable, not secret
    numbers = [rng.gauss(0.0, 1.0) for _ in range(size)]
    length = math.hypot(*numbers)
    return [number / length for number in numbers]
