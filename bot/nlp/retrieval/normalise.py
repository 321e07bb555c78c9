"""When two texts count as the same question, and the terms that the word index keeps of a text."""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.spans import mix
from bot.nlp.words import words_of

Terms = NDArray[np.uint32]
Counts = NDArray[np.uint8]

MAX_CHARACTERS: Final = 2_000  # of a text; what follows is left out
_GRAM: Final = 4  # characters of an n-gram
_WORD: Final = re.compile(r"\w+(?:[+#]+(?!\w))?|[^\w\s]")  # c++ and c# are other words than c
_APOSTROPHES: Final = re.compile(r"(?<=\w)['\u2019](?=\w)")
_KEPT: Final = frozenset("+#")
_HALF: Final = np.uint64(32)  # a row or a word stands in the upper half of a number, a term in the lower

_OPENINGS: Final = words_of(
    "hi hii hello helo hey heyy heya hiya howdy yo sup greetings good morning afternoon evening day gm"
    " guys all everyone everybody folks team there mates people yall please pls plz"
    " hallo moin servus hola buenas salut bonjour coucou ciao ola oi hej привет"
)
_CLOSINGS: Final = words_of(
    "please pls plz thanks thank you thx tnx ty cheers tia guys all everyone danke gracias merci"
)


class Read(NamedTuple):
    """A text as it is compared and searched."""

    normal: str
    words: list[str]  # folded, with emoji and other symbols but without punctuation


class TermCounts(NamedTuple):
    """The terms of texts, one text after the other."""

    terms: Terms  # of each text ascending
    counts: Counts  # how often each occurs in its text, 255 at most
    sizes: NDArray[np.int64]  # how many each text has


def read(text: str) -> Read:
    """Return what is compared for an exact match, and the words that are searched.

    For an exact match case, punctuation, white space and courtesies are taken away. Greeting words are
    dropped at the beginning and thanks at the end only, and never all that there is. A text of punctuation
    alone stays as it is.
    """
    folded = _fold(text)
    found = [word for word in _WORD.findall(folded) if len(word) > 1 or not _is_punctuation(word)]
    return Read(" ".join(_without_courtesies(found) if found else folded.split()), found)


def normalise(text: str) -> str:
    """Return what is compared for an exact match; see `read`."""
    return read(text).normal


def terms_of(text: str) -> tuple[Terms, Counts]:
    """Return the hashes of the terms of `text`, ascending, and how often each occurs (255 at most)."""
    terms, counts, _ = terms_of_all([read(text).words])
    return terms, counts


def terms_of_all(texts: Sequence[Sequence[str]]) -> TermCounts:
    """Return the hashes of the terms of texts that were read to words.

    Terms are words, pairs of neighbouring words, and the 4-grams of each word with its borders, which find
    a word again in spite of its ending or a slip of the keyboard.
    """
    numbers: dict[str, int] = {}
    found = np.fromiter(
        (numbers.setdefault(word, len(numbers)) for words in texts for word in words), np.int64
    )
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), [len(words) for words in texts])
    hashes = [_hashes_of_word(word) for word in numbers]
    sizes = np.array([len(each) for each in hashes], np.int64)
    flat = np.fromiter(chain.from_iterable(hashes), np.uint64)
    starts = np.cumsum(sizes) - sizes
    own = flat[starts[found]]  # the first is the word itself
    repeats = sizes[found]
    shift = starts[found] - (np.cumsum(repeats) - repeats)
    single = flat[np.arange(repeats.sum()) + np.repeat(shift, repeats)]
    beside = np.flatnonzero(rows[1:] == rows[:-1])
    pairs = mix(own[beside] << _HALF | own[beside + 1]) >> _HALF
    keys = np.concatenate([np.repeat(rows, repeats) << _HALF | single, rows[beside] << _HALF | pairs])
    keys.sort()
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    at = np.flatnonzero(first)
    counts = np.minimum(np.diff(np.append(at, len(keys))), 255).astype(np.uint8)
    of_row = np.bincount((keys[at] >> _HALF).astype(np.int64), minlength=len(texts))
    return TermCounts(keys[at].astype(np.uint32), counts, of_row)


@lru_cache(maxsize=65_536)
def _hashes_of_word(word: str) -> tuple[int, ...]:
    whole = zlib.crc32(word.encode("utf-8", "surrogatepass"))
    bordered = f"<{word}>"
    grams = {bordered[at : at + _GRAM] for at in range(max(len(bordered) - _GRAM + 1, 1))}
    return whole, *(zlib.crc32(f"#{gram}".encode("utf-8", "surrogatepass")) for gram in sorted(grams))


def forget_words() -> None:
    """Let go of what is remembered of words."""
    _hashes_of_word.cache_clear()


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.strip()[:MAX_CHARACTERS]).casefold()
    return _APOSTROPHES.sub("", folded)


@lru_cache(maxsize=4_096)
def _is_punctuation(word: str) -> bool:
    """Whether a single character is no word."""
    if word in _KEPT:
        return False
    return unicodedata.category(word)[0] in "PCZ" or word == "\ufe0f"


def _without_courtesies(words_: list[str]) -> list[str]:
    start, end = 0, len(words_)
    while start < end and words_[start] in _OPENINGS:
        start += 1
    while end > start and words_[end - 1] in _CLOSINGS:
        end -= 1
    return words_[start:end] or words_
