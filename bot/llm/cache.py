"""Answers kept for a while, for questions that come again word for word."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from bot.llm.ports import Clock
from bot.llm.types import Prompt, Task

T = TypeVar("T")


def key_of(task: Task, guild_id: int | None, links: Sequence[tuple[str, str]], prompt: Prompt) -> bytes:
    """Return what two questions share only if they are the same, of one guild, to the same models."""
    prompt = replace(prompt, messages=tuple(prompt.messages), tools=tuple(prompt.tools))
    # Every part is a dataclass, a text, a number or JSON, whose repr tells all of it and where it ends.
    return hashlib.sha256(repr((task.value, guild_id, tuple(links), prompt)).encode()).digest()


def key_about(task: Task, guild_id: int | None, links: Sequence[tuple[str, str]], about: str) -> bytes:
    """Return what two questions about the same share, however they are put."""
    return hashlib.sha256(repr((task.value, guild_id, tuple(links), "about", about)).encode()).digest()


class AnswerCache(Generic[T]):
    """The answers used last, each for so many seconds since it was given."""

    def __init__(self, size: int, seconds: float, clock: Clock) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[float, T]] = OrderedDict()  # the longest unused first

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)

    def get(self, key: bytes) -> T | None:
        """Return the answer under `key`, None where there is none or it is too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        given, answer = found
        if self._clock.monotonic() - given >= self._seconds:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: T) -> None:
        """Keep `answer`, and let go of the one that was unused for longest when there are too many."""
        self._kept[key] = (self._clock.monotonic(), answer)
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()
