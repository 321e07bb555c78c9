"""The samples as matrices: what the heads are fitted on, computed exactly as the bot computes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot.nlp import context, features
from bot.nlp.encoder import Vectors
from bot.nlp.ngrams import BUCKETS, CHUNK, grams_of
from bot.nlp.reading import Reading, read
from bot.training.rows import Sample

INNER: Final = 0.06  # what a standardised column of the inner layer counts, by cross-validation
_MOST_SPREAD: Final = 1e-6


@dataclass
class Design:
    """n samples as numbers.

    Attributes:
        grams: (n, BUCKETS), idf-weighted n-grams of length 1, sparse.
        numbers: (n, features.SIZE).
        vectors: (n, width) as the encoder gives them; None without it.
        shift, stretch: (width,): `(vectors - shift) * stretch` is fitted on.
        before: (n, context.SIZE), filled in when the light heads are there.
        idf: (BUCKETS,).
    """

    grams: Any
    numbers: NDArray[np.float32]
    idf: NDArray[np.float32]
    vectors: Vectors | None
    shift: NDArray[np.float32]
    stretch: NDArray[np.float32]
    before: NDArray[np.float32]

    def light(self, rows: Sequence[int] | NDArray[np.int64]) -> Any:
        """Return what light heads are fitted on, (m, BUCKETS + features.SIZE), sparse."""
        from scipy.sparse import csr_matrix, hstack

        return hstack([self.grams[rows], csr_matrix(self.numbers[rows])], "csr")

    def full(self, rows: Sequence[int] | NDArray[np.int64], *, with_context: bool) -> Any:
        """Return what full heads are fitted on: the same, vectors and perhaps context."""
        from scipy.sparse import csr_matrix, hstack

        assert self.vectors is not None
        parts = [self.light(rows), csr_matrix((self.vectors[rows] - self.shift) * self.stretch)]
        if with_context:
            parts.append(csr_matrix(self.before[rows]))
        return hstack(parts, "csr")


def design(samples: Sequence[Sample], vectors: Vectors | None) -> Design:
    """Return the samples as matrices; `vectors` are (n, width), those of `FeatureEncoder.features`."""
    readings = [read(sample.text) for sample in samples]
    grams, idf = weighted_grams(readings)
    shift = stretch = np.zeros(0, np.float32)
    if vectors is not None:
        half = vectors.shape[1] // 2
        inner = vectors[:, half:]
        shift = np.concatenate((np.zeros(half), inner.mean(axis=0))).astype(np.float32)
        spread = np.maximum(inner.std(axis=0), _MOST_SPREAD)
        stretch = np.concatenate((np.ones(half), INNER / spread)).astype(np.float32)
    before = np.zeros((len(samples), context.SIZE), np.float32)
    return Design(grams, features.numbers_of(readings), idf, vectors, shift, stretch, before)


def weighted_grams(readings: Sequence[Reading]) -> tuple[Any, NDArray[np.float32]]:
    """Return the n-grams of n messages as a sparse matrix with rows of length 1, and the idf they have."""
    from scipy.sparse import csr_matrix

    texts = features.texts_of(readings)
    starts, buckets = [np.zeros(1, np.int64)], []
    for at in range(0, len(texts), CHUNK):
        grams = grams_of(texts[at : at + CHUNK])
        starts.append(grams.starts[1:] + starts[-1][-1])
        buckets.append(grams.buckets)
    begin, column = np.concatenate(starts), np.concatenate(buckets)
    rows = np.repeat(np.arange(len(texts)), np.diff(begin))
    pairs = np.unique(rows * BUCKETS + column)
    counts = np.bincount(pairs % BUCKETS, minlength=BUCKETS)
    idf = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float16).astype(np.float32)
    values = idf[column]
    lengths = np.sqrt(np.bincount(rows, np.square(values), len(texts)))
    matrix = csr_matrix(
        (values / lengths[rows], column, begin), shape=(len(texts), BUCKETS), dtype=np.float32
    )
    matrix.sum_duplicates()
    return matrix, idf
