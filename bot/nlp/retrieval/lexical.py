"""BM25 over the words of all entries, and the likeness by words of a few of them, in NumPy.

Postings are kept in a few immutable segments of growing size, merged as they fill up, so that adding is
cheap; document frequencies are summed over the segments at each question, so the scores don't depend on
the order in which entries came and went.

BM25: Robertson and Zaragoza 2009, with Lucene's inverse document frequency, which is never negative.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.retrieval.buffers import GrowingArray
from bot.nlp.retrieval.normalise import TermCounts, Terms, read, terms_of, terms_of_all

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

_K1: Final = 1.2
_B: Final = 0.75
_MERGE: Final = 2  # a segment takes in its right neighbour that is at least a half of it
_COMMON_FROM: Final = 16_384  # entries from which on very common terms don't choose candidates
_COMMON: Final = 0.05  # of all entries
_HALF: Final = np.uint64(32)
_PLACE: Final = np.uint64(2**32 - 1)


class _Segment(NamedTuple):
    terms: Terms  # distinct, ascending
    offsets: NDArray[np.int64]  # (terms + 1,), where each one's postings start
    rows: NDArray[np.int32]
    counts: NDArray[np.uint8]

    @classmethod
    def build(cls, terms: Terms, rows: NDArray[np.int32], counts: NDArray[np.uint8]) -> "_Segment":
        keys = terms.astype(np.uint64) << _HALF | np.arange(len(terms), dtype=np.uint64)
        keys.sort()  # plain numbers are sorted several times as fast as an order is found
        order = (keys & _PLACE).astype(np.int64)
        ascending = (keys >> _HALF).astype(np.uint32)
        starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1]) if len(terms) else [])
        return cls(ascending[starts], np.append(starts, len(terms)), rows[order], counts[order])

    def merged(self, other: "_Segment") -> "_Segment":
        terms = np.concatenate([np.repeat(part.terms, np.diff(part.offsets)) for part in (self, other)])
        rows = np.concatenate([self.rows, other.rows])
        return self.build(terms, rows, np.concatenate([self.counts, other.counts]))

    def frequencies(self, terms: Terms) -> NDArray[np.int64]:
        if not len(self.terms):
            return np.zeros(len(terms), np.int64)
        at = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
        return np.where(self.terms[at] == terms, self.offsets[at + 1] - self.offsets[at], 0)


class Likeness(NamedTuple):
    """How alike some entries and a question are by their words: cosines of idf-weighted terms."""

    entries: Floats  # (m, m), each entry to each
    query: Floats  # (m,), the question to each entry


class LexicalIndex:
    """The words of all entries. Rows are numbered from 0 in the order of `add`, and never reused."""

    def __init__(self) -> None:
        self._terms = GrowingArray(np.uint32)
        self._counts = GrowingArray(np.uint8)
        self._ends = GrowingArray(np.int64)
        self._lengths = GrowingArray(np.float32)
        self._segments: list[_Segment] = []
        self._removed: Terms = np.empty(0, np.uint32)
        self._live = 0
        self._total_length = 0.0

    def __len__(self) -> int:
        """Return the number of rows, removed ones too."""
        return len(self._ends)

    @property
    def nbytes(self) -> int:
        """Return the bytes of all arrays."""
        parts = (self._terms, self._counts, self._ends, self._lengths)
        return sum(part.nbytes for part in parts) + sum(
            array.nbytes for segment in self._segments for array in segment
        )

    def add(self, texts: Sequence[str]) -> None:
        """Append a row for each text."""
        self.add_terms(terms_of_all([read(text).words for text in texts]))

    def add_terms(self, found: TermCounts) -> None:
        """Append a row for each text whose terms these are."""
        terms, counts, sizes = found
        if not len(sizes):
            return
        first = len(self)
        start = len(self._terms)
        self._terms.append(terms)
        self._counts.append(counts)
        self._ends.append(start + np.cumsum(sizes))
        rows = np.repeat(np.arange(len(sizes)), sizes)
        lengths = np.bincount(rows, counts, len(sizes))
        self._lengths.append(lengths)
        self._live += len(sizes)
        self._total_length += float(lengths.sum())
        self._segments.append(_Segment.build(terms, (rows + first).astype(np.int32), counts))
        while len(self._segments) > 1 and self._is_due(*self._segments[-2:]):
            last = self._segments.pop()
            self._segments[-1] = self._segments[-1].merged(last)

    def remove(self, rows: Rows) -> None:
        """Stop counting `rows` (each once); their scores are still given and mean nothing."""
        terms, _, _ = self._gather(rows)
        self._removed = np.sort(np.concatenate([self._removed, terms]))
        self._live -= len(rows)
        self._total_length -= float(self._lengths.view[rows].sum())

    def scores(self, text: str) -> Floats:
        """Return the BM25 score of every row, shape (rows,).

        From 16,384 entries on, terms in more than a twentieth of them don't count: they decide little here,
        where only candidates are chosen, and would take most of the time.
        """
        scores = np.zeros(len(self), np.float32)
        if not self._live:
            return scores
        terms, _ = terms_of(text)
        weights = self._idf(terms)
        if self._live >= _COMMON_FROM:
            weights[self._frequencies(terms) > self._live * _COMMON] = 0
        lengths = self._lengths.view
        average = max(self._total_length / self._live, 1.0)
        for segment in self._segments:
            at = np.minimum(np.searchsorted(segment.terms, terms), max(len(segment.terms) - 1, 0))
            for place, term, weight in zip(at, terms, weights, strict=True):
                if not weight or not len(segment.terms) or segment.terms[place] != term:
                    continue
                span = slice(segment.offsets[place], segment.offsets[place + 1])
                rows, counts = segment.rows[span], segment.counts[span].astype(np.float32)
                norm = _K1 * (1 - _B + _B / average * lengths[rows])
                scores[rows] += weight * counts / (counts + norm)  # a row occurs once in a term's postings
        return scores

    def likeness(self, text: str, rows: Rows) -> Likeness:
        """Return how alike the question and the entries of `rows` are, each to each."""
        terms, counts, owners = self._gather(rows)
        asked, asked_counts = terms_of(text)
        columns, inverse, uses = np.unique(
            np.concatenate([terms, asked]), return_inverse=True, return_counts=True
        )
        idf = self._idf(columns)
        repeats = np.concatenate([counts, asked_counts]).astype(np.float32)
        values = (1 + np.log(repeats)) * idf[inverse]
        owners = np.append(owners, np.full(len(asked), len(rows)))
        norms = np.sqrt(np.bincount(owners, values * values, len(rows) + 1)).astype(np.float32)
        # A term of one text alone counts in its length only.
        column_of = np.cumsum(uses > 1) - 1
        shared = uses[inverse] > 1
        matrix = np.zeros((len(rows) + 1, column_of[-1] + 1 if len(column_of) else 0), np.float32)
        matrix[owners[shared], column_of[inverse[shared]]] = values[shared]
        matrix /= np.where(norms > 0, norms, 1)[:, None]
        entries = matrix[:-1]
        alike = entries @ entries.T
        alike[np.diag_indices_from(alike)] = norms[:-1] > 0
        return Likeness(alike, entries @ matrix[-1])

    @staticmethod
    def _is_due(left: _Segment, right: _Segment) -> bool:
        return len(right.rows) * _MERGE >= len(left.rows)

    def _gather(self, rows: Rows) -> tuple[Terms, NDArray[np.uint8], Rows]:
        """Return the terms of `rows` one after the other, their counts, and which row (0 to m-1) has each."""
        ends = self._ends.view
        starts = np.where(rows > 0, ends[rows - 1], 0)
        sizes = ends[rows] - starts
        shift = starts - (np.cumsum(sizes) - sizes)
        at = np.arange(sizes.sum()) + np.repeat(shift, sizes)
        return self._terms.view[at], self._counts.view[at], np.repeat(np.arange(len(rows)), sizes)

    def _frequencies(self, terms: Terms) -> NDArray[np.int64]:
        found = np.zeros(len(terms), np.int64)
        for segment in self._segments:
            found += segment.frequencies(terms)
        gone = np.searchsorted(self._removed, terms, "right") - np.searchsorted(self._removed, terms, "left")
        return found - gone

    def _idf(self, terms: Terms) -> Floats:
        found = self._frequencies(terms)
        return np.log1p((self._live - found + 0.5) / (found + 0.5)).astype(np.float32)
