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


class _Pieces:
    """All pieces of one size of some texts. Looked for by their halves first, at every half's distance."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._half = size // 2
        self._whole: set[str] = set()
        self._halves: set[str] = set()

    def add(self, text: str) -> None:
        self._whole.update(_slices(text, self._size, 1))
        self._halves.update(_slices(text, self._half, 1))

    def occur_in(self, hay: str) -> bool:
        # a piece of `size` characters holds a half that begins at a multiple of it
        if self._halves.isdisjoint(_slices(hay, self._half, self._half)):
            return False
        return not self._whole.isdisjoint(_slices(hay, self._size, 1))


class _Needles:
    """Pieces of one size of what must not be said, forwards, backwards, and in shifted alphabets."""

    def __init__(self, texts: Collection[str], size: int) -> None:
        self._read: dict[int, _Pieces] = {}  # by their size: shorter texts are one piece
        self._shifted: dict[int, _Pieces] = {}
        for text in texts:
            whole = squeezed(text)
            if len(whole) >= _MIN_SECRET:
                _add(self._read, (whole, whole[::-1]), size)
            steps = _steps(text)
            if len(steps) >= _SECRET_PART - 1:
                turned = "".join(chr(_turn(step)) for step in steps)
                _add(self._shifted, (steps, turned, steps[::-1], turned[::-1]), size - 1)

    def found(self, whole: str, steps: str) -> bool:
        """Whether a piece is in a squeezed text, or in the steps between its letters."""
        return any(pieces.occur_in(whole) for pieces in self._read.values()) or any(
            pieces.occur_in(steps) for pieces in self._shifted.values()
        )


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
            for hay in (whole, whole[::2], whole[1::2]):
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


def _slices(text: str, size: int, step: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text) - size + 1, step)]


def _add(pieces: dict[int, _Pieces], texts: Collection[str], size: int) -> None:
    for text in texts:
        length = min(size, len(text))
        pieces.setdefault(length, _Pieces(length)).add(text)


def _words(text: str) -> frozenset[str]:
    return frozenset(letters(word) for word in _WORD.findall(text))


def _steps(text: str) -> str:
    """Return how far each letter is from the one before: the same however far an alphabet is shifted."""
    low = _LOW_LETTERS.sub("", letters(text)).encode()
    return bytes([ord("a") + (b - a) % 26 for a, b in pairwise(low)]).decode()


def _turn(step: str) -> int:
    return ord("a") + (ord("a") - ord(step)) % 26
