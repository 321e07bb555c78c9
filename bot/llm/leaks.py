"""Whether an answer gives away what nobody may see, as it is or in disguise."""

import re
import string
from collections.abc import Callable, Collection
from enum import StrEnum
from itertools import pairwise
from typing import Final

from bot.llm.disguises import views
from bot.llm.visible import letters, squeezed

_SECRET_PART: Final = 12  # characters of a secret, mark or fence in a row that give it away
_MIN_SECRET: Final = 6  # letters and digits; shorter ones occur by chance
_PROMPT_PART: Final = 40  # of the system prompt: about eight words
_COVERED: Final = 0.6  # of its words, in whatever order
_MIN_WORDS: Final = 25  # different words, below which a prompt's words occur by chance
_WORD: Final = re.compile(r"\w{4,}")
_LOW_LETTERS: Final = re.compile(r"[^a-z]+")
_TURNED: Final = str.maketrans(string.ascii_lowercase, "a" + string.ascii_lowercase[:0:-1])  # steps backwards


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
        self._texts: list[str] = []
        self._whole: set[str] = set()  # made when a half is found, which is seldom
        self._halves: set[str] = set()

    def add(self, text: str) -> None:
        self._texts.append(text)
        self._whole.clear()
        self._halves.update(_slices(text, self._half, 1))

    def occur_in(self, hay: str) -> bool:
        # a piece of `size` characters holds a half that begins at a multiple of it
        if self._halves.isdisjoint(_slices(hay, self._half, self._half)):
            return False
        if not self._whole:
            self._whole = {piece for text in self._texts for piece in _slices(text, self._size, 1)}
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
                turned = steps.translate(_TURNED)
                _add(self._shifted, (steps, turned, steps[::-1], turned[::-1]), size - 1)

    def found(self, whole: str, steps: str) -> bool:
        """Whether a piece is in a squeezed text, or in the steps between its letters."""
        return any(pieces.occur_in(whole) for pieces in self._read.values()) or any(
            pieces.occur_in(steps) for pieces in self._shifted.values()
        )


class LeakFinder:
    """Looks for secrets, the system prompt and the fence of one prompt.

    A secret of fewer than `_SECRET_PART` characters may be a word or a part of one, so it counts as it is and
    between other signs than letters alone.
    """

    def __init__(
        self,
        secrets: Collection[str],
        system: str,
        nonces: Collection[str],
        redact: Callable[[str], str] | None,
    ) -> None:
        self._secrets = _Needles([each for each in secrets if len(each) >= _SECRET_PART], _SECRET_PART)
        self._short = _tokens([each for each in secrets if len(each) < _SECRET_PART])
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
            if self._is_told_whole(view):
                return Leak.SECRET
            if self._is_covered(view):
                return Leak.PROMPT
        return None

    def _is_told_whole(self, view: str) -> bool:
        if self._short is not None and self._short.search(view):
            return True
        return self._redact is not None and self._redact(view) != view

    def _is_covered(self, view: str) -> bool:
        if len(self._words) < _MIN_WORDS:
            return False
        return len(self._words & _words(view)) >= _COVERED * len(self._words)


def is_ordinary(secret: str, text: str) -> bool:
    """Whether a secret stands in `text` as a word anyone says, in whatever case.

    A long one with digits or capitals in it is no word: where it stands, somebody left it there.
    """
    is_word = len(secret) < _SECRET_PART or (secret.isalpha() and secret[1:].islower())
    return is_word and re.search(_token(secret), text, re.IGNORECASE) is not None


def _tokens(short: Collection[str]) -> re.Pattern[str] | None:
    """Return what finds each of some secrets where it stands as a whole."""
    found = [_token(each) for each in short if len(squeezed(each)) >= _MIN_SECRET]
    return re.compile("|".join(found)) if found else None


def _token(word: str) -> str:
    return rf"(?<!\w){re.escape(word)}(?!\w)"


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
