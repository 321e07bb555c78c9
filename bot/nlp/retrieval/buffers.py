"""Arrays that grow at their end without being copied each time."""

from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

_SPARE: Final = 1.5


class GrowingArray:
    """An array of rows with room at its end; `view` is valid until the next `append`."""

    def __init__(self, dtype: DTypeLike, columns: int | None = None) -> None:
        self._shape = () if columns is None else (columns,)
        self._data: NDArray[Any] = np.empty((0, *self._shape), dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def view(self) -> NDArray[Any]:
        """Return the rows so far, not a copy."""
        return self._data[: self._length]

    @property
    def nbytes(self) -> int:
        """Return the bytes held, those in reserve too."""
        return self._data.nbytes

    def append(self, rows: NDArray[Any]) -> None:
        """Add `rows`, shape (k,) or (k, columns), converted to the array's type."""
        self.reserve(len(rows))
        start, self._length = self._length, self._length + len(rows)
        self._data[start : self._length] = rows

    def reserve(self, count: int) -> None:
        """Make room for `count` more rows, at once instead of bit by bit."""
        needed = self._length + count
        if needed > len(self._data):
            spare = needed if not self._length else int(max(needed, self._length * _SPARE))
            grown = np.empty((spare, *self._shape), self._data.dtype)
            grown[: self._length] = self.view
            self._data = grown
