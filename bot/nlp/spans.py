"""Hashes of many spans of a text at once: that of a span is the difference of two prefix sums."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Positions = NDArray[np.int64]
Codes = NDArray[np.uint32]  # code points, one for each character

SPACE: Final = ord(" ")
_BASE: Final = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2**64
_INVERSE: Final = pow(_BASE, -1, 2**64)


def codes_of(text: str) -> Codes:
    """Return the code points of a text, halves of characters too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


class SpanHasher:
    """The polynomial hash of any span of a text, modulo 2**64."""

    def __init__(self, codes: Codes) -> None:
        count = len(codes)
        powers = np.full(count, _BASE, np.uint64)
        powers[:1] = 1
        np.multiply.accumulate(powers, out=powers)
        self._unshift = np.full(count, _INVERSE, np.uint64)
        self._unshift[:1] = 1
        np.multiply.accumulate(self._unshift, out=self._unshift)
        self._sums = np.zeros(count + 1, np.uint64)
        np.cumsum(powers * codes, out=self._sums[1:])

    def __call__(self, starts: Positions, ends: Positions) -> Hashes:
        """Return the hashes of the spans from `starts` up to, not including, `ends`."""
        hashes: Hashes = (self._sums[ends] - self._sums[starts]) * self._unshift[starts]
        return hashes


def inside_words(is_space: NDArray[np.bool_], size: int) -> Positions:
    """Return where an n-gram of `size` characters starts that holds spaces at its ends at most."""
    last = len(is_space) - size + 1
    if last <= 0:
        return np.empty(0, np.int64)
    inner = np.zeros(last, np.bool_)
    for offset in range(1, size - 1):
        inner |= is_space[offset : offset + last]
    return np.flatnonzero(~inner)


def mix(hashes: Hashes) -> Hashes:
    """Spread every bit over all of them (the finalizer of splitmix64)."""
    mixed = hashes ^ (hashes >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
