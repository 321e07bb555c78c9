"""Words, pairs of words and 3- to 5-grams of characters, hashed into the columns of the linear heads.

N-grams of characters stay inside a word with its borders, as scikit-learn's `char_wb` does it. All texts of a
batch are hashed together, which takes some 30 microseconds a message.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.spans import SPACE, Hashes, Positions, SpanHasher, codes_of, inside_words, mix

BITS: Final = 17
BUCKETS: Final = 1 << BITS
CHUNK: Final = 256  # texts hashed together; more would not stay in the processor's cache
_WORD: Final = re.compile(r"\w+(?:'\w+)*|[^\w\s]+")
_SIZES: Final = (3, 4, 5)  # characters of an n-gram
_ONE_WORD: Final = np.uint64(0xD6E8FEB86659FD93)  # "cat" the word is another feature than the 3-gram
_TWO_WORDS: Final = np.uint64(0xA0761D6478BD642F)
_SHIFT: Final = np.uint64(64 - BITS)


class Grams(NamedTuple):
    """Every word, pair and n-gram of n texts, repeated as often as it occurs, those of a text together.

    Attributes:
        starts: (n + 1,): the grams of text i are those from starts[i] up to, not including, starts[i + 1].
        buckets: (m,): the column of each, below BUCKETS.
    """

    starts: Positions
    buckets: Positions


def grams_of(texts: Sequence[str]) -> Grams:
    """Return the grams of `texts`, which are in lower case already."""
    spaced = [f" {' '.join(words)} " if (words := _WORD.findall(text)) else "" for text in texts]
    codes = codes_of("".join(spaced))
    row_of = np.repeat(np.arange(len(texts), dtype=np.int32), [len(text) for text in spaced])
    hasher = SpanHasher(codes)
    is_space = codes == SPACE
    rows, hashes = _words(hasher, is_space, row_of)
    for size in _SIZES:
        at = inside_words(is_space, size)
        rows.append(row_of[at])
        hashes.append(hasher(at, at + size))
    row = np.concatenate(rows)
    order = np.argsort(row.astype(np.uint16) if len(texts) <= CHUNK else row, kind="stable")
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(texts)), out=starts[1:])
    return Grams(starts, (mix(np.concatenate(hashes)[order]) >> _SHIFT).astype(np.int64))


def _words(
    hasher: SpanHasher, is_space: NDArray[np.bool_], row_of: NDArray[np.int32]
) -> tuple[list[NDArray[np.int32]], list[Hashes]]:
    """Return the row and the hash of every word and of every pair of neighbours."""
    begin = np.flatnonzero(is_space[:-1] & ~is_space[1:]) + 1
    end = np.flatnonzero(~is_space[:-1] & is_space[1:]) + 1
    row = row_of[begin]
    paired = np.flatnonzero(row[:-1] == row[1:])
    return (
        [row, row[paired]],
        [hasher(begin, end) ^ _ONE_WORD, hasher(begin[paired], end[paired + 1]) ^ _TWO_WORDS],
    )
