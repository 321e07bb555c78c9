"""Whether an answer gives away what nobody may see, as it is or in disguise."""

import re
from collections.abc import Callable, Collection
from enum import StrEnum
from itertools import pairwise
from typing import Final

from bot.llm.disguises import views
from bot.llm.visible import letters, squeezed

_SECRET_PART: Final = 12  # characters of a secret, mark or fence in a row that give it away
_MIN_SECRET: Final = 6  # shorter ones occur by chance
_PROMPT_PART: Final = 40  # of the system prompt: about eight words
_COVERED: Final = 0.6  # of its words, in whatever order
_MIN_WORDS: Final = 25  # different words, below which a prompt's words occur by chance
_WORD: Final = re.compile(r"\w{4,}")
_LOW_LETTERS: Final = re.compile(r"[^a-z]+")


class Leak(StrEnum):
    """What was given away."""

    SECRET = "secret"  # noqa: S105  (a word for the reason)
    PROMPT = "prompt"
    FENCE = "fence"


class _Needles:
    """Pieces of one size of what must not be said, forwards, backwards, and in shifted alphabets."""

    def __init__(self, texts: Collection[str], size: int) -> None:
        self._by_size: dict[int, set[str]] = {}
        self._shifted: dict[int, set[str]] = {}
        for text in texts:
            whole = squeezed(text)
            if len(whole) >= _MIN_SECRET:
                _add(self._by_size, (whole, whole[::-1]), size)
            steps = _steps(text)
            if len(steps) >= _SECRET_PART - 1:
                turned = "".join(chr(_turn(step)) for step in steps)
                _add(self._shifted, (steps, turned, steps[::-1], turned[::-1]), size - 1)

    def found(self, whole: str, steps: str) -> bool:
        """Whether a piece is in a squeezed text, or in the steps between its letters."""
        return _any_of(self._by_size, whole) or _any_of(self._shifted, steps)


class LeakFinder:
    """Looks for secrets, the system prompt and the fence of one prompt."""

    def __init__(
        self,
        secrets: Collection[str],
        system: str,
        nonces: Collection[str],
        redact: Callable[[str], str] | None,
    ) -> None:
        self._secrets = _Needles(secrets, _SECRET_PART)
        self._system = _Needles((system,), _PROMPT_PART)
        self._nonces = _Needles(nonces, _SECRET_PART)
        self._redact = redact
        self._words = _words(system)

    def find(self, text: str) -> Leak | None:
        """Return the first thing `text` gives away, None for nothing."""
        for view in views(text):
            whole, steps = squeezed(view), _steps(view)
            for hay in (whole, whole[::2], whole[1::2], whole[::3], whole[1::3], whole[2::3]):
                if self._secrets.found(hay, steps):
                    return Leak.SECRET
                if self._nonces.found(hay, steps):
                    return Leak.FENCE
                if self._system.found(hay, steps):
                    return Leak.PROMPT
                steps = ""  # the same for each
            if self._redact is not None and self._redact(view) != view:
                return Leak.SECRET
            if self._is_covered(view):
                return Leak.PROMPT
        return None

    def _is_covered(self, view: str) -> bool:
        if len(self._words) < _MIN_WORDS:
            return False
        return len(self._words & _words(view)) >= _COVERED * len(self._words)


def _any_of(pieces: dict[int, set[str]], hay: str) -> bool:
    return any(
        hay[at : at + size] in wanted for size, wanted in pieces.items() for at in range(len(hay) - size + 1)
    )


def _add(pieces: dict[int, set[str]], texts: Collection[str], size: int) -> None:
    """Add the pieces of `size` characters, or a shorter text as a whole."""
    for text in texts:
        length = min(size, len(text))
        pieces.setdefault(length, set()).update(
            text[at : at + length] for at in range(len(text) - length + 1)
        )


def _words(text: str) -> frozenset[str]:
    return frozenset(letters(word) for word in _WORD.findall(text))


def _steps(text: str) -> str:
    """Return how far each letter is from the one before: the same however far an alphabet is shifted."""
    low = _LOW_LETTERS.sub("", letters(text))
    return "".join(chr(ord("a") + (ord(b) - ord(a)) % 26) for a, b in pairwise(low))


def _turn(step: str) -> int:
    return ord("a") + (ord("a") - ord(step)) % 26
