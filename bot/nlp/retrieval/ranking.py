"""Answers ranked from the candidates of a question: a small classifier fitted anew for each question.

The candidates (phrasings near the question, each of a known answer) are the training set of a kernel ridge
regression, which is the mean of a Gaussian process (Rasmussen and Williams 2006, chapter 2): an answer
whose phrasings explain the question better than others' do gets more, and near-duplicates share their
weight. The kernel adds nearness by vector and by words. To its result half of the mean cosine of the
answer's best three phrasings is added, which several phrasings of one answer support.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.retrieval.lexical import Likeness

Floats = NDArray[np.float32]
Codes = NDArray[np.int64]

_WIDTH: Final = 2.0  # of the kernel over cosines: exp(-2 (1 - cosine))
_WORDS: Final = 1.0  # weight of the likeness by words in the kernel
_NOISE: Final = 0.5  # how far a phrasing is distrusted
_BEST: Final = 3  # phrasings whose mean cosine counts
_POOLED: Final = 0.5  # weight of that mean


class Ranking(NamedTuple):
    """Answers, best first, and how much speaks for each."""

    codes: Codes  # (a,), the answers
    rows: Codes  # (a,), the candidate (0 to m-1) that fits best of each answer
    support: Floats  # (a,), about 0 to 1.5


def rank(query: Floats, vectors: Floats, likeness: Likeness, codes: Codes) -> Ranking:
    """Rank the answers `codes`, shape (m,), of the candidates; m is at least 1.

    Args:
        query: the question's vector, (dim,).
        vectors: the candidates' vectors, (m, dim).
        likeness: of the same candidates, by words.
        codes: the answer of each candidate.
    """
    answers, places = np.unique(codes, return_inverse=True)
    cosines: Floats = vectors @ query
    near = _kernel(cosines) + _WORDS * likeness.query
    kernel = _kernel(vectors @ vectors.T) + _WORDS * likeness.entries
    kernel[np.diag_indices_from(kernel)] += _NOISE
    shares = np.bincount(places, np.linalg.solve(kernel, near))
    support = shares + _POOLED * _mean_of_best(cosines, places)
    support = np.round(support, 5).astype(np.float32)  # what differs by rounding alone is a tie
    order = np.lexsort((answers, -support))
    return Ranking(answers[order], _nearest(near, places)[order], support[order])


def _kernel(cosines: Floats) -> Floats:
    near: Floats = np.exp(_WIDTH * (cosines - 1))
    return near


def _nearest(near: Floats, places: Codes) -> Codes:
    """Return the first of the nearest candidates of each place."""
    order = np.lexsort((-np.round(near, 5), places))
    _, first = np.unique(places[order], return_index=True)
    nearest: Codes = order[first]
    return nearest


def _mean_of_best(values: Floats, places: Codes) -> Floats:
    """Return the mean of the `_BEST` highest values of each place, or of as many as it has."""
    sizes = np.bincount(places)
    order = np.lexsort((-values, places))
    rank_in_place = np.arange(len(values)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    best = order[rank_in_place < _BEST]
    return (np.bincount(places[best], values[best]) / np.minimum(sizes, _BEST)).astype(np.float32)
