"""An encoder without a model: words and character n-grams, hashed to a fixed number of columns.

Each text counts its words and the 3- to 5-grams of every word with its borders, as scikit-learn's `char_wb`
does. Counts are sublinear (1 + ln n). A feature's hash chooses its column and its sign, so that collisions
cancel out on average (Weinberger et al. 2009, "Feature Hashing for Large Scale Multitask Learning").
All texts of a batch are hashed together.
"""

import asyncio
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlp.encoder import Vectors
from bot.nlp.spans import SPACE, Hashes, Positions, SpanHasher, codes_of, inside_words, mix

MAX_CHARACTERS: Final = 2_000  # of a text; what follows is left out
_CHUNK: Final = 256  # texts hashed together; between two chunks the event loop gets its turn
_ROW_BITS: Final = 8  # for the number of a text within its chunk
_WORD: Final = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]+")
_SIZES: Final = (3, 4, 5)  # characters of an n-gram
_WORD_SALT: Final = 0xD6E8FEB86659FD93  # the word "cat" is another feature than the 3-gram "cat"
_WORD_WEIGHT: Final = 2.0
_FUNCTION_WORD_WEIGHT: Final = 0.5  # also of their n-grams


class HashedEncoder:
    """Signed hashing of words and character n-grams; the same vectors in every process and version."""

    def __init__(self, dim: int = 1_024) -> None:
        self.dim = dim
        self.name = f"hashed-{dim}-1"  # the last figure changes whenever the vectors do

    def encode_now(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of `texts`, shape (n, dim); some microseconds a text."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            vectors[start : start + len(chunk)] = self._encode_chunk(chunk)
        return vectors

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of `texts`, shape (n, dim)."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), _CHUNK):
            if start:
                await asyncio.sleep(0)
            chunk = texts[start : start + _CHUNK]
            vectors[start : start + len(chunk)] = self._encode_chunk(chunk)
        return vectors

    async def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _encode_chunk(self, texts: Sequence[str]) -> NDArray[np.float64]:
        rows, hashes, weights = _features(texts)
        # One entry for each row and feature, with its count.
        order = _order(rows, hashes)
        rows, hashes = rows[order], hashes[order]
        first = np.ones(len(rows), np.bool_)
        first[1:] = (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1])
        starts = np.flatnonzero(first)
        counts = np.diff(np.append(starts, len(rows)))
        rows, hashes = rows[starts], hashes[starts]
        values = weights[order[starts]] * (1 + np.log(counts))
        values *= 1 - 2 * (hashes >> np.uint64(63)).astype(np.float64)  # the sign
        columns = (hashes % np.uint64(self.dim)).astype(np.int64)
        size = len(texts) * self.dim
        flat = np.bincount(rows * self.dim + columns, values, size)
        summed = flat.astype(np.float64, copy=False).reshape(len(texts), self.dim)  # integers for no text
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        summed /= np.where(lengths > 0, lengths, 1)
        return summed


def _order(rows: Positions, hashes: Hashes) -> Positions:
    """Return the order by row (up to 255) and hash; what is equal in both stays in its order.

    Plain numbers are sorted several times as fast as pairs: a row, the beginning of a hash and the place.
    """
    bits = np.uint64(len(rows).bit_length())
    rest = np.uint64(_ROW_BITS) + bits
    keys = (hashes >> rest << bits) | np.arange(len(rows), dtype=np.uint64)
    keys |= rows.astype(np.uint64) << np.uint64(64 - _ROW_BITS)
    keys.sort()
    order: Positions = (keys & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    begun = keys >> bits
    found = hashes[order]
    if np.any((begun[1:] == begun[:-1]) & (found[1:] != found[:-1])):  # two hashes begin alike
        return np.lexsort((hashes, rows))
    return order


def _features(texts: Sequence[str]) -> tuple[Positions, Hashes, NDArray[np.float64]]:
    """Return row, hash and weight of every word and n-gram, repeated as often as it occurs."""
    spaced = [_spaced(text) for text in texts]
    codes = codes_of("".join(spaced))
    row_of = np.repeat(np.arange(len(texts)), [len(text) for text in spaced])
    hasher = SpanHasher(codes)
    is_space = codes == SPACE
    starts = np.flatnonzero(is_space[:-1] & ~is_space[1:]) + 1
    ends = np.flatnonzero(~is_space[:-1] & is_space[1:]) + 1
    words = hasher(starts, ends)
    factors = np.where(np.isin(words, _FUNCTION_WORDS), _FUNCTION_WORD_WEIGHT, 1.0)
    ended = np.cumsum(np.bincount(ends, minlength=len(codes)))  # words before each place
    rows = [row_of[starts]]
    hashes = [mix(words ^ np.uint64(_WORD_SALT))]
    weights = [factors * _WORD_WEIGHT]
    for size in _SIZES:
        at = inside_words(is_space, size)
        rows.append(row_of[at])
        hashes.append(mix(hasher(at, at + size)))
        weights.append(factors[ended[at]])
    return np.concatenate(rows), np.concatenate(hashes), np.concatenate(weights)


def _spaced(text: str) -> str:
    """Return the words of `text`, folded, with a space on both sides of each; "" for none."""
    folded = unicodedata.normalize("NFKC", text.strip()[:MAX_CHARACTERS]).casefold()
    words = _WORD.findall(folded)
    return f" {' '.join(words)} " if words else ""


def _hash_words(words: str) -> Hashes:
    codes = codes_of(words)
    ends = np.append(np.flatnonzero(codes == SPACE), len(codes))
    starts = np.append(0, ends[:-1] + 1)
    return SpanHasher(codes)(starts, ends)


_FUNCTION_WORDS: Final = _hash_words(
    "a an the and or but if of to in on at for with from by as is are was were be been am i i'm i've i'd me"
    " my we our us you your it its it's this that these those he she they them their do does did have has"
    " had can could would will should not so there here just some any . , ! ? : ; ' \" ( ) - ..."
)
