"""One guild's questions in memory: an index by meaning, and one by words that needs no model.

The methods compute and wait for nothing: call them in a thread. Whoever calls `put` holds the shelf's lock.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.db.training_vectors import Phrasing
from bot.nlp.hashed import HashedEncoder
from bot.nlp.retrieval import DENSE, HASHED, Entry, Match, RetrievalIndex

Floats = NDArray[np.float32]

_HASHED: Final = HashedEncoder()
_PORTION: Final = 1_024  # questions whose vectors are made before they are added


class Shelf:
    """The living phrasings of a guild, of which those valid now are searched.

    Entries with the same answer count as one answer, so that they don't take each other's place.
    """

    def __init__(self, dim: int | None) -> None:
        """Prepare an empty shelf; `dim` is the model's, None where there is only the index by words."""
        self.changing = asyncio.Lock()
        self.meaning = RetrievalIndex(dim, DENSE) if dim is not None else None
        self._words: RetrievalIndex | None = None
        self._phrasings: dict[int, Phrasing] = {}
        self._of_entry: dict[int, list[int]] = {}
        self._dated: set[int] = set()  # phrasings with a beginning or an end
        self._shown: set[int] = set()  # phrasings in the indexes
        self._next_turn: datetime | None = None  # when one of the dated begins or ends
        self.lacking: set[int] = set()  # those without the model's vector

    @property
    def is_empty(self) -> bool:
        """Whether nothing is trained."""
        return not self._phrasings

    @property
    def has_words(self) -> bool:
        """Whether there is the index by words."""
        return self._words is not None

    @property
    def is_whole(self) -> bool:
        """Whether every question can be found by meaning."""
        return self.meaning is not None and not self.lacking

    def put(self, entry_ids: Iterable[int], phrasings: Sequence[Phrasing], now: datetime) -> None:
        """Have `phrasings` be all there is of the entries of these ids."""
        gone = [id_ for entry_id in entry_ids for id_ in self._of_entry.pop(entry_id, ())]
        self._hide(gone)
        for id_ in gone:
            del self._phrasings[id_]
        self._dated.difference_update(gone)
        self.lacking.difference_update(gone)
        for each in phrasings:
            self._phrasings[each.id] = each
            self._of_entry.setdefault(each.entry_id, []).append(each.id)
            if each.valid_from is not None or each.valid_until is not None:
                self._dated.add(each.id)
            if self.meaning is not None and each.vector is None:
                self.lacking.add(each.id)
        self._show([each for each in phrasings if _is_valid(each, now)])
        self._find_next_turn(now)

    def embed(self, vectors: Sequence[tuple[int, bytes]]) -> None:
        """Take vectors of the model, by phrasing."""
        known = [(id_, vector) for id_, vector in vectors if id_ in self._phrasings]
        for id_, vector in known:
            self._phrasings[id_] = self._phrasings[id_]._replace(vector=vector)
        self._index_by_meaning([self._phrasings[id_] for id_, _ in known if id_ in self._shown])
        self.lacking.difference_update(id_ for id_, _ in known)

    def turns(self, now: datetime) -> bool:
        """Whether an entry has become valid or ceased to be since it was last looked."""
        return self._next_turn is not None and now >= self._next_turn

    def turn(self, now: datetime) -> None:
        """Search what is valid now, and nothing else."""
        valid = {id_ for id_ in self._dated if _is_valid(self._phrasings[id_], now)}
        self._hide([id_ for id_ in self._dated - valid if id_ in self._shown])
        self._show([self._phrasings[id_] for id_ in sorted(valid - self._shown)])
        self._find_next_turn(now)

    def by_meaning(self, text: str, vector: Floats, limit: int) -> list[Match]:
        """Return the answers to `text`, best first; only when the shelf `is_whole`."""
        assert self.meaning is not None
        return self.meaning.search(text, vector, limit)

    def by_words(self, text: str, limit: int) -> list[Match]:
        """Return the answers to `text`, best first, without a model; only when the shelf `has_words`."""
        assert self._words is not None
        return self._words.search(text, _HASHED.encode_now([text])[0], limit)

    def index_words(self) -> None:
        """Make the index by words, unless it is there; under the lock, as `put`."""
        if self._words is None:
            words = RetrievalIndex(_HASHED.dim, HASHED)
            _add_words(words, [self._phrasings[id_] for id_ in sorted(self._shown)])
            self._words = words

    def phrasing(self, match: Match) -> Phrasing | None:
        """Return the question that was matched; None when it is gone meanwhile."""
        return self._phrasings.get(int(match.entry_id))

    def _hide(self, ids: Sequence[int]) -> None:
        names = [_name(id_) for id_ in ids]
        for index in (self.meaning, self._words):
            if index is not None:
                index.remove(names)
        self._shown.difference_update(ids)

    def _show(self, phrasings: Sequence[Phrasing]) -> None:
        self._shown.update(each.id for each in phrasings)
        self._index_by_meaning(phrasings)
        if self._words is not None:
            _add_words(self._words, phrasings)

    def _index_by_meaning(self, phrasings: Sequence[Phrasing]) -> None:
        if self.meaning is None:
            return
        ready = [(each, each.vector) for each in phrasings if each.vector is not None]
        if ready:
            vectors = unpacked([vector for _, vector in ready])
            self.meaning.add([_entry(each) for each, _ in ready], vectors)

    def _find_next_turn(self, now: datetime) -> None:
        dated = [self._phrasings[id_] for id_ in self._dated]
        moments = [moment for each in dated for moment in (each.valid_from, each.valid_until)]
        self._next_turn = min((moment for moment in moments if moment and moment > now), default=None)


def packed(vector: Floats) -> bytes:
    """Return a vector as it is stored."""
    return vector.astype(np.float16).tobytes()


def unpacked(vectors: Sequence[bytes]) -> Floats:
    """Return stored vectors, at least one, as the rows of an array."""
    return np.frombuffer(b"".join(vectors), np.float16).reshape(len(vectors), -1).astype(np.float32)


def _entry(phrasing: Phrasing) -> Entry:
    answer = hashlib.blake2b(phrasing.answer.encode("utf-8", "surrogatepass"), digest_size=12)
    return Entry(_name(phrasing.id), answer.hexdigest(), phrasing.text)


def _add_words(index: RetrievalIndex, phrasings: Sequence[Phrasing]) -> None:
    index.reserve(len(phrasings))
    for start in range(0, len(phrasings), _PORTION):  # the vectors of all would take 40 MB for 10,000
        part = phrasings[start : start + _PORTION]
        index.add([_entry(each) for each in part], _HASHED.encode_now([each.text for each in part]))


def _name(phrasing_id: int) -> str:
    """Return an id of which the order is that of the numbers."""
    return f"{phrasing_id:012}"


def _is_valid(phrasing: Phrasing, now: datetime) -> bool:
    begun = phrasing.valid_from is None or phrasing.valid_from <= now
    return begun and (phrasing.valid_until is None or now < phrasing.valid_until)
