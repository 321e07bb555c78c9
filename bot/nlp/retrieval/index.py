"""The trained phrasings in memory, searched by meaning, by words and by exact match.

Everything here computes and never waits: call `search`, and `add` of more than a few entries, in a thread
(`asyncio.to_thread`). Nearly all the time is spent in NumPy on large arrays, which lets the event loop run.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.retrieval.buffers import GrowingArray
from bot.nlp.retrieval.calibration import Calibration
from bot.nlp.retrieval.lexical import LexicalIndex
from bot.nlp.retrieval.normalise import TermCounts, normalise, read, terms_of_all
from bot.nlp.retrieval.ranking import Ranking, rank
from bot.nlp.retrieval.vectors import VectorStore

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]

EXACT_SCORE: Final = 0.99
_NEAR: Final = 96  # candidates by vector
_BY_WORDS: Final = 48  # candidates by BM25
_BLOCK: Final = 64  # scores whose highest is compared first
_CHUNK: Final = 1_024  # entries added before a waiting search gets its turn
_COMPACT_FROM: Final = 1_024  # removed rows
_COMPACT_SHARE: Final = 0.25  # of all rows


@dataclass(frozen=True, slots=True)
class Entry:
    """One phrasing of a question, and the answer that it gets."""

    id: str
    answer_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """An answer to a question. `score` is the probability that it fits."""

    answer_id: str
    score: float  # 0 to 1
    fits: bool  # the score reaches the threshold
    entry_id: str  # the phrasing that matched
    is_exact: bool  # the same question but for case, punctuation, spacing and courtesies


class _Evidence(NamedTuple):
    answer_ids: list[str]  # by the ranking's codes
    entry_ids: list[str]  # by the ranking's rows
    ranking: Ranking
    phrasings: float  # mean number of entries an answer has


class _Rows(NamedTuple):
    """Entries ready to be added: what takes long was done without the lock."""

    entries: Sequence[Entry]
    vectors: Floats
    normals: list[str]
    terms: TermCounts

    @classmethod
    def read(cls, entries: Sequence[Entry], vectors: Floats) -> "_Rows":
        found = [read(entry.text) for entry in entries]
        return cls(
            entries, vectors, [each.normal for each in found], terms_of_all([each.words for each in found])
        )


class RetrievalIndex:
    """Entries with vectors of one encoder. All methods may be called from any thread."""

    def __init__(self, dim: int, calibration: Calibration) -> None:
        self.dim = dim
        self.calibration = calibration
        self._lock = threading.Lock()
        self._clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._row_of)

    def __contains__(self, entry_id: object) -> bool:
        with self._lock:
            return entry_id in self._row_of

    @property
    def nbytes(self) -> int:
        """Return the bytes of all arrays; the entries themselves come on top."""
        with self._lock:
            return self._vectors.nbytes + self._lexical.nbytes

    def add(self, entries: Sequence[Entry], vectors: Floats) -> None:
        """Add `entries` with their `vectors`, shape (n, dim), unit length; one of a known id is replaced.

        Searches in between see some of a long list already.

        Raises:
            ValueError: the shape is wrong, or a vector is not finite.
        """
        vectors = self._checked(vectors, len(entries))
        latest = {entry.id: at for at, entry in enumerate(entries)}
        kept = sorted(latest.values())
        for start in range(0, len(kept), _CHUNK):
            part = kept[start : start + _CHUNK]
            rows = _Rows.read([entries[at] for at in part], vectors[part])
            with self._lock:
                self._forget([entry.id for entry in rows.entries])
                self._append(rows)
                self._compact_if_due()

    def reserve(self, count: int) -> None:
        """Make room for `count` more entries that are to be added in portions."""
        with self._lock:
            self._vectors.reserve(count)

    def remove(self, entry_ids: Iterable[str]) -> int:
        """Remove the entries of these ids and return how many were there."""
        with self._lock:
            count = self._forget(entry_ids)
            self._compact_if_due()
            return count

    def search(self, text: str, vector: Floats, limit: int = 5) -> list[Match]:
        """Return up to `limit` answers to `text`, best first; none for an empty text or index.

        An exact match comes first. What is equal is in the order of the answers' ids.

        Args:
            text: the question.
            vector: its vector, shape (dim,), from the encoder of the entries.
            limit: the most answers that are returned.

        Raises:
            ValueError: the shape is wrong, or the vector is not finite.
        """
        (vector,) = self._checked(np.asarray(vector)[None], 1)
        normal = normalise(text)
        with self._lock:
            if not normal or not self._row_of:
                return []
            same = [self._entry(row) for row in self._rows_of_text.get(normal, ())]
            evidence = self._evidence(text, vector)
        return _merged(self._exact_matches(same), self._ranked_matches(evidence), limit)

    def best_evidence(self, text: str, vector: Floats) -> tuple[str, float, float]:
        """Return the best answer, exact matches aside, its support, and the mean number of phrasings.

        Calibration is fitted on these; the index must not be empty.
        """
        with self._lock:
            evidence = self._evidence(text, vector)
        ranking = evidence.ranking
        return evidence.answer_ids[ranking.codes[0]], float(ranking.support[0]), evidence.phrasings

    def _clear(self) -> None:
        self._vectors = VectorStore(self.dim)
        self._lexical = LexicalIndex()
        self._entries: list[Entry | None] = []  # by row; None where it was removed
        self._row_of: dict[str, int] = {}
        self._gone = GrowingArray(np.int64)  # removed rows
        self._phrasings: Counter[str] = Counter()  # by answer
        self._rows_of_text: dict[str, list[int]] = {}

    def _checked(self, vectors: Floats, count: int) -> Floats:
        vectors = np.asarray(vectors, np.float32)
        if vectors.shape != (count, self.dim):
            raise ValueError(f"vectors of shape {(count, self.dim)} are needed, not {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise ValueError("a vector is not finite")
        return vectors

    def _append(self, rows: "_Rows") -> None:
        first = len(self._entries)
        self._vectors.add(rows.vectors)
        self._lexical.add_terms(rows.terms)
        self._entries += rows.entries
        for row, (entry, normal) in enumerate(zip(rows.entries, rows.normals, strict=True), first):
            self._row_of[entry.id] = row
            self._phrasings[entry.answer_id] += 1
            if normal:
                self._rows_of_text.setdefault(normal, []).append(row)

    def _forget(self, entry_ids: Iterable[str]) -> int:
        rows = [row for entry_id in entry_ids if (row := self._row_of.pop(entry_id, None)) is not None]
        for row in rows:
            entry = self._entry(row)
            self._phrasings[entry.answer_id] -= 1
            if not self._phrasings[entry.answer_id]:
                del self._phrasings[entry.answer_id]
            normal = normalise(entry.text)
            if normal:
                same = self._rows_of_text[normal]
                same.remove(row)
                if not same:
                    del self._rows_of_text[normal]
            self._entries[row] = None
        if rows:
            self._gone.append(np.array(rows))
            self._lexical.remove(np.array(rows))
        return len(rows)

    def _entry(self, row: int) -> Entry:
        entry = self._entries[row]
        assert entry is not None, row
        return entry

    def _compact_if_due(self) -> None:
        """Build everything anew from the living rows once many are gone."""
        if len(self._gone) < max(_COMPACT_FROM, _COMPACT_SHARE * len(self._entries)):
            return
        rows = [row for row, entry in enumerate(self._entries) if entry is not None]
        entries = [self._entry(row) for row in rows]
        vectors = self._vectors.take(np.array(rows, np.int64))
        self._clear()
        if entries:
            self._append(_Rows.read(entries, vectors))

    def _candidates(self, text: str, vector: Floats) -> list[tuple[Entry, int]]:
        """Return the entries near the question, by vector or by words, in the order of their ids."""
        cosines = self._vectors.quick_cosines(vector)
        by_words = self._lexical.scores(text)
        cosines[self._gone.view] = -np.inf
        by_words[self._gone.view] = -np.inf
        rows = np.union1d(_top(cosines, _NEAR), _top(by_words, _BY_WORDS))
        living = [(entry, int(row)) for row in rows if (entry := self._entries[row]) is not None]
        return sorted(living, key=lambda pair: pair[0].id)

    def _evidence(self, text: str, vector: Floats) -> _Evidence:
        candidates = self._candidates(text, vector)
        rows = np.array([row for _, row in candidates])
        names, codes = np.unique([entry.answer_id for entry, _ in candidates], return_inverse=True)
        likeness = self._lexical.likeness(text, rows)
        phrasings = len(self._row_of) / len(self._phrasings)
        ranking = rank(vector, self._vectors.take(rows), likeness, codes)
        return _Evidence(names.tolist(), [entry.id for entry, _ in candidates], ranking, phrasings)

    def _ranked_matches(self, evidence: _Evidence) -> list[Match]:
        """Return the ranked answers; one answer fits at most, so the rest share what the first leaves."""
        ranking = evidence.ranking
        scores = self.calibration.probabilities(ranking.support, evidence.phrasings)
        scores[1:] = np.minimum(np.minimum.accumulate(scores)[1:], 1 - scores[0])
        return [
            Match(
                answer_id=evidence.answer_ids[code],
                score=float(score),
                fits=bool(score >= self.calibration.threshold),
                entry_id=evidence.entry_ids[row],
                is_exact=False,
            )
            for code, row, score in zip(ranking.codes, ranking.rows, scores, strict=True)
        ]

    def _exact_matches(self, same: Sequence[Entry]) -> list[Match]:
        """Return the answers whose phrasing is the question; several share what is certain."""
        by_answer: dict[str, str] = {}
        for entry in same:
            by_answer[entry.answer_id] = min(entry.id, by_answer.get(entry.answer_id, entry.id))
        score = EXACT_SCORE / max(len(by_answer), 1)
        fits = score >= self.calibration.threshold
        return [
            Match(answer_id, score, fits, entry_id, is_exact=True)
            for answer_id, entry_id in sorted(by_answer.items())
        ]


def _merged(exact: list[Match], ranked: list[Match], limit: int) -> list[Match]:
    """Return the exact matches and then the others, whose scores are what those leave."""
    if exact:
        taken = {match.answer_id for match in exact}
        most = min(exact[-1].score, 1 - sum(match.score for match in exact))
        rest = [replace(match, score=most, fits=False) if match.score > most else match for match in ranked]
        exact += [match for match in rest if match.answer_id not in taken]
        return exact[:limit]
    return ranked[:limit]


def _top(scores: Floats, count: int) -> Rows:
    """Return the rows of the `count` highest scores, in no order.

    They lie in the `count` blocks of the highest maxima, so that only those are looked through.
    """
    blocks = len(scores) // _BLOCK
    if blocks <= 2 * count:
        return _partitioned(scores, count)
    tail = blocks * _BLOCK
    best = _partitioned(scores[:tail].reshape(blocks, _BLOCK).max(1), count)
    rows = (best[:, None] * _BLOCK + np.arange(_BLOCK)).ravel()
    rows = np.append(rows, np.arange(tail, len(scores)))
    return rows[_partitioned(scores[rows], count)]


def _partitioned(scores: Floats, count: int) -> Rows:
    if len(scores) <= count:
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - count)[-count:]
