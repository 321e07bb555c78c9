"""Groups of texts that mean the same: average-link agglomerative clustering of their vectors.

The nearest-neighbour chain (Murtagh 1983, "A survey of recent advances in hierarchical clustering
algorithms") finds the same merges as always joining the nearest two, in O(n²) time and memory. Distances are
one minus the cosine, and those between groups the mean of all pairs', by the Lance-Williams update.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.nlp.encoder import Vectors


def clusters(vectors: Vectors, farthest: float, counts: Sequence[int] | None = None) -> list[list[int]]:
    """Return the rows of each group, largest first by its texts; computes, so call it in a thread.

    Args:
        vectors: shape (n, dim), rows of length 1; a row of zeros is like nothing and stays alone.
        farthest: the mean distance (0 to 1) up to which groups are joined.
        counts: how many texts each row stands for; None for one each.
    """
    weights = np.ones(len(vectors)) if counts is None else np.asarray(counts, np.float64)
    label = _labels(np.asarray(vectors, np.float32), weights.copy(), farthest)
    groups: dict[int, list[int]] = {}
    for row, root in enumerate(label):
        groups.setdefault(root, []).append(row)
    return sorted(groups.values(), key=lambda rows: (-weights[rows].sum(), rows[0]))


def _labels(vectors: Vectors, sizes: NDArray[np.float64], farthest: float) -> list[int]:
    """Return for each row the row that its group goes by."""
    root = list(range(len(vectors)))
    distances = 1 - vectors @ vectors.T
    distances = np.maximum(distances, distances.T)  # rounding must not tell one way from the other
    np.fill_diagonal(distances, np.inf)
    living = np.ones(len(vectors), np.bool_)
    chain: list[int] = []
    while living.any():
        if not chain:
            chain.append(int(np.argmax(living)))
        last = chain[-1]
        nearest = int(np.argmin(distances[last]))
        if len(chain) > 1 and distances[last, chain[-2]] <= distances[last, nearest]:
            nearest = chain[-2]  # of equals the one before, so that the chain ends
        if distances[last, nearest] > farthest:
            # Nothing comes nearer to it by merging: a mean is never below all it is the mean of.
            living[last] = False
            distances[last] = distances[:, last] = np.inf
            chain.pop()
        elif len(chain) > 1 and nearest == chain[-2]:
            del chain[-2:]
            _merge(distances, sizes, living, nearest, last)
            root[last] = nearest
        else:
            chain.append(nearest)
    return [_found(root, row) for row in range(len(root))]


def _merge(
    distances: Vectors, sizes: NDArray[np.float64], living: NDArray[np.bool_], kept: int, gone: int
) -> None:
    both = sizes[kept] + sizes[gone]
    mean = (sizes[kept] * distances[kept] + sizes[gone] * distances[gone]) / both
    mean[[kept, gone]] = np.inf
    distances[kept] = distances[:, kept] = mean
    distances[gone] = distances[:, gone] = np.inf
    sizes[kept] = both
    living[gone] = False


def _found(root: list[int], row: int) -> int:
    while root[row] != row:
        row = root[row]
    return row
