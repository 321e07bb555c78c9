"""The encoder's vectors of all entries, and a quick first look for the nearest ones.

Vectors are kept in half precision (a cosine moves by less than 0.001). Up to 16,384 entries every cosine is
computed; beyond, on the 64 main directions of the entries only (32-bit), and the caller takes exact
cosines for the best few hundred.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlp.retrieval.buffers import GrowingArray

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

_EXACT_UP_TO: Final = 16_384  # entries
_DIRECTIONS: Final = 64
_SAMPLE: Final = 8_192  # entries that the directions are found from
_CHUNK: Final = 8_192


class VectorStore:
    """Rows of unit length, numbered from 0 in the order of `add`."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self._kept = GrowingArray(np.float16, dim)
        self._quick = GrowingArray(np.float32, dim)
        self._directions: Floats | None = None  # (dim, _DIRECTIONS), or None while all columns are compared
        self._turned_at = 0  # rows when the directions were found

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        """Return the bytes of all arrays."""
        return self._kept.nbytes + self._quick.nbytes

    def add(self, vectors: Floats) -> None:
        """Append `vectors`, shape (k, dim)."""
        self._kept.append(vectors)
        if len(self) > _EXACT_UP_TO and self.dim > _DIRECTIONS and len(self) >= 2 * self._turned_at:
            self._turn()
        else:
            self._quick.append(self._turned(vectors))

    def reserve(self, count: int) -> None:
        """Make room for `count` more rows, at once instead of bit by bit."""
        self._kept.reserve(count)
        if self._directions is not None or len(self) + count <= _EXACT_UP_TO:  # else they will be turned
            self._quick.reserve(count)

    def quick_cosines(self, vector: Floats) -> Floats:
        """Return about the cosine of `vector`, shape (dim,), with every row, shape (rows,)."""
        cosines: Floats = self._quick.view @ self._turned(vector)
        return cosines

    def take(self, rows: Rows) -> Floats:
        """Return the vectors of `rows`, shape (m, dim)."""
        taken: Floats = self._kept.view[rows].astype(np.float32)
        return taken

    def _turned(self, vectors: Floats) -> Floats:
        return vectors if self._directions is None else vectors @ self._directions

    def _turn(self) -> None:
        """Find the main directions of the rows so far, and turn all rows to them."""
        step = max(len(self) // _SAMPLE, 1)
        sample = self._kept.view[::step].astype(np.float32)
        _, axes = np.linalg.eigh(sample.T @ sample)  # ascending
        self._directions = np.ascontiguousarray(axes[:, : -_DIRECTIONS - 1 : -1], np.float32)
        self._turned_at = len(self)
        quick = GrowingArray(np.float32, _DIRECTIONS)
        for start in range(0, len(self), _CHUNK):
            quick.append(self._turned(self._kept.view[start : start + _CHUNK].astype(np.float32)))
        self._quick = quick
