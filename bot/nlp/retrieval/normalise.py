"""When two texts count as the same question, and the terms that the word index keeps of a text."""

import re
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlp.words import words_of

Terms = NDArray[np.uint32]

MAX_CHARACTERS: Final = 2_000  # of a text; what follows is left out
_GRAM: Final = 4  # characters of an n-gram
_WORD: Final = re.compile(r"\w+(?:[+#]+(?!\w))?|[^\w\s]")  # c++ and c# are other words than c
_APOSTROPHES: Final = re.compile(r"(?<=\w)['\u2019](?=\w)")
_KEPT: Final = frozenset("+#")

_OPENINGS: Final = words_of(
    "hi hii hello helo hey heyy heya hiya howdy yo sup greetings good morning afternoon evening day gm"
    " guys all everyone everybody folks team there mates people yall please pls plz"
    " hallo moin servus hola buenas salut bonjour coucou ciao ola oi hej привет"
)
_CLOSINGS: Final = words_of(
    "please pls plz thanks thank you thx tnx ty cheers tia guys all everyone danke gracias merci"
)


def normalise(text: str) -> str:
    """Return what is compared for an exact match: case, punctuation, white space and courtesies taken away.

    Greeting words are dropped at the beginning and thanks at the end only, and never all that there is.
    A text of punctuation alone stays as it is.
    """
    folded = _fold(text)
    words = [word for word in _WORD.findall(folded) if not _is_punctuation(word)]
    if not words:
        return " ".join(folded.split())
    return " ".join(_without_courtesies(words))


def words(text: str) -> list[str]:
    """Return the words of `text`, folded, with emoji and other symbols but without punctuation."""
    return [word for word in _WORD.findall(_fold(text)) if not _is_punctuation(word)]


def terms_of(text: str) -> tuple[Terms, NDArray[np.uint8]]:
    """Return the hashes of the terms of `text`, ascending, and how often each occurs (255 at most).

    Terms are words, pairs of neighbouring words, and the 4-grams of each word with its borders, which find
    a word again in spite of its ending or a slip of the keyboard.
    """
    hashes = np.fromiter(_hashes(words(text)), np.uint32)
    terms, counts = np.unique(hashes, return_counts=True)
    return terms, np.minimum(counts, 255).astype(np.uint8)


def _hashes(words_: list[str]) -> Iterator[int]:
    previous = 0
    for word in words_:
        own, *grams = _hashes_of_word(word)
        yield own
        yield from grams
        if previous:
            yield zlib.crc32(b" %d" % own, previous)
        previous = own


@lru_cache(maxsize=65_536)
def _hashes_of_word(word: str) -> tuple[int, ...]:
    whole = zlib.crc32(word.encode("utf-8", "surrogatepass"))
    bordered = f"<{word}>"
    grams = {bordered[at : at + _GRAM] for at in range(max(len(bordered) - _GRAM + 1, 1))}
    return whole, *(zlib.crc32(f"#{gram}".encode("utf-8", "surrogatepass")) for gram in sorted(grams))


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.strip()[:MAX_CHARACTERS]).casefold()
    return _APOSTROPHES.sub("", folded)


@lru_cache(maxsize=4_096)
def _is_punctuation(word: str) -> bool:
    if len(word) > 1 or word in _KEPT:
        return False
    return unicodedata.category(word)[0] in "PCZ" or word == "\ufe0f"


def _without_courtesies(words_: list[str]) -> list[str]:
    start, end = 0, len(words_)
    while start < end and words_[start] in _OPENINGS:
        start += 1
    while end > start and words_[end - 1] in _CLOSINGS:
        end -= 1
    return words_[start:end] or words_
