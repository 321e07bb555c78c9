"""Trained entries that answer the same question differently."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from bot.db.training_vectors import Phrasing
from bot.nlp.encoder import Vectors
from bot.nlp.hashed import HashedEncoder
from bot.services.meaning import MODEL_LIKENESS, WORDS_LIKENESS
from bot.services.training.shelf import unpacked

_BLOCK: Final = 512  # questions compared with all others at once
_MOST: Final = 2_000  # pairs of a block, so that equal questions by the thousand don't take for ever
_HASHED: Final = HashedEncoder()


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two entries that are asked alike, with the questions that are most so."""

    first: Phrasing
    second: Phrasing
    likeness: float  # cosine


def contradictions(
    phrasings: Sequence[Phrasing], now: datetime, limit: int
) -> tuple[list[Contradiction], bool]:
    """Return the pairs of entries that contradict each other, most alike first; and whether by words.

    By words where a question has no vector of the model. Takes a second for 10,000 questions: call it in a
    thread. Entries that are never valid together don't contradict each other, nor do expired ones.
    """
    asked = [each for each in phrasings if each.valid_until is None or each.valid_until > now]
    stored = [each.vector for each in asked if each.vector is not None]
    by_words = len(stored) < len(asked)
    if by_words:
        vectors = _HASHED.encode_now([each.text for each in asked])
    else:
        vectors = unpacked(stored) if stored else np.zeros((0, 1), np.float32)
    threshold = (WORDS_LIKENESS if by_words else MODEL_LIKENESS).same
    best: dict[tuple[int, int], Contradiction] = {}
    for first, second, likeness in _alike(asked, vectors, threshold):
        key = (min(first.entry_id, second.entry_id), max(first.entry_id, second.entry_id))
        if key not in best or best[key].likeness < likeness:
            best[key] = Contradiction(first, second, likeness)
    found = sorted(best.values(), key=lambda each: (-each.likeness, each.first.id, each.second.id))
    return found[:limit], by_words


def _alike(
    asked: Sequence[Phrasing], vectors: Vectors, threshold: float
) -> list[tuple[Phrasing, Phrasing, float]]:
    """Return the pairs of questions that are alike, with different answers that are valid together."""
    codes = {answer: code for code, answer in enumerate({each.answer.strip(): None for each in asked})}
    answers = np.array([codes[each.answer.strip()] for each in asked])
    pairs: list[tuple[Phrasing, Phrasing, float]] = []
    for start in range(0, len(asked), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosines = vectors[block] @ vectors[start:].T
        hits = (cosines >= threshold) & (answers[block, None] != answers[None, start:])
        rows, columns = np.nonzero(np.triu(hits, 1))
        for at in np.argsort(-cosines[rows, columns], kind="stable")[:_MOST]:
            first, second = asked[start + rows[at]], asked[start + columns[at]]
            if _overlap(first, second):
                pairs.append((first, second, float(cosines[rows[at], columns[at]])))
    return pairs


def _overlap(first: Phrasing, second: Phrasing) -> bool:
    begin = [each.valid_from for each in (first, second) if each.valid_from is not None]
    end = [each.valid_until for each in (first, second) if each.valid_until is not None]
    return not begin or not end or max(begin) < min(end)
