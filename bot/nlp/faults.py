"""Which reports tell of one fault.

People of one server write alike whatever they write about, so what they have in common is taken off first:
the mean of what was asked and reported there before. Measured by leaving one set out (docs/ALERTS.md).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from bot.nlp.clusters import clusters
from bot.nlp.encoder import Vectors

LEAST_KNOWN: Final = 20  # earlier messages from which on their mean is taken off


class Bar(NamedTuple):
    """The mean cosine from which reports tell of one fault."""

    known: float  # with what the server's messages have in common taken off
    unknown: float


MODEL_BAR: Final = Bar(0.40, 0.50)
WORDS_BAR: Final = Bar(0.35, 0.40)


class Faults:
    """Compares the reports of one server; computes, so use it in a thread."""

    def __init__(self, earlier: Vectors, bar: Bar) -> None:
        """Prepare for vectors like `earlier`: of what was asked and reported before, shape (n, dim)."""
        is_known = len(earlier) >= LEAST_KNOWN
        self._common = earlier.mean(axis=0) if is_known else None
        self._least = bar.known if is_known else bar.unknown

    def groups(self, vectors: Vectors) -> list[list[int]]:
        """Return the rows that tell of one fault, the largest group first; most are alone."""
        return clusters(self._cleared(vectors), 1 - self._least)

    def nearest(self, vectors: Vectors, faults: Sequence[Vectors]) -> list[int | None]:
        """Return for each row which of these known faults, each given by its reports, it tells of."""
        rows = self._cleared(vectors)
        means = [self._cleared(each).mean(axis=0) for each in faults if len(each)]
        places = [place for place, each in enumerate(faults) if len(each)]
        if not means or not len(rows):
            return [None] * len(rows)
        likeness = rows @ np.stack(means).T
        best = likeness.argmax(axis=1)
        return [
            places[at] if likeness[row, at] >= self._least else None for row, at in enumerate(best.tolist())
        ]

    def _cleared(self, vectors: Vectors) -> Vectors:
        if self._common is None:
            return vectors
        left = vectors - self._common
        left[~vectors.any(axis=1)] = 0  # a text without words is like nothing
        lengths = np.linalg.norm(left, axis=1, keepdims=True)
        cleared: Vectors = (left / np.maximum(lengths, 1e-9)).astype(np.float32)
        return cleared
