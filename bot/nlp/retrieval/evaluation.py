"""How well answers are found on a set of questions of which it is known what fits: a port for `evaluate`.

`predict` fills an index and asks it every question; `measure` compares with what is known. Both compute at
once, without an event loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.nlp.retrieval.calibration import Calibration
from bot.nlp.retrieval.index import Entry, RetrievalIndex

Floats = NDArray[np.float32]

IN_SCOPE = "in"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the index says to one question."""

    best: str | None  # the first answer, whether or not it reaches the threshold
    answer_id: str | None  # the answer given: None when the bot would keep silent
    score: float


@dataclass(frozen=True, slots=True)
class RetrievalFigures:
    """What `measure` returns; shares are 0 to 1, or NaN where there is nothing to count."""

    questions: int
    in_scope: int
    top1: float  # in-scope questions whose first answer is right, whatever its score
    auroc: float  # chance that an in-scope question scores higher than one out of scope
    precision: float  # right ones among the answers given
    recall: float  # in-scope questions that were answered rightly
    rejected: dict[str, float]  # out-of-scope questions left without an answer, by kind
    calibration_error: float  # expected calibration error of the score, 10 bins


def predict(
    entries: Sequence[Entry],
    entry_vectors: Floats,
    questions: Sequence[str],
    question_vectors: Floats,
    calibration: Calibration,
) -> list[Prediction]:
    """Return what an index of `entries` says to each of `questions`; vectors are (n, dim), one a text."""
    index = RetrievalIndex(entry_vectors.shape[1], calibration)
    index.add(entries, entry_vectors)
    found = []
    for text, vector in zip(questions, question_vectors, strict=True):
        matches = index.search(text, vector, limit=1)
        if matches:
            best = matches[0]
            found.append(Prediction(best.answer_id, best.answer_id if best.fits else None, best.score))
        else:
            found.append(Prediction(None, None, 0.0))
    return found


def measure(
    predictions: Sequence[Prediction], expected: Sequence[str | None], scopes: Sequence[str]
) -> RetrievalFigures:
    """Compare `predictions` with the answers `expected` (None out of scope), by scope ("in" or a kind)."""
    inside = np.array([scope == IN_SCOPE for scope in scopes])
    scores = np.array([prediction.score for prediction in predictions])
    pairs = list(zip(predictions, expected, strict=True))
    is_best = np.array([answer is not None and prediction.best == answer for prediction, answer in pairs])
    is_given = np.array([prediction.answer_id is not None for prediction in predictions])
    return RetrievalFigures(
        questions=len(pairs),
        in_scope=int(inside.sum()),
        top1=_share(is_best[inside]),
        auroc=auroc(scores[inside], scores[~inside]),
        precision=_share(is_best[is_given]),
        recall=_share((is_best & is_given)[inside]),
        rejected={
            kind: _share(~is_given[np.array([scope == kind for scope in scopes])])
            for kind in sorted(set(scopes) - {IN_SCOPE})
        },
        calibration_error=calibration_error(scores, is_best),
    )


def auroc(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """Return how often one of `higher` is above one of `lower`, a tie half; NaN if either is empty."""
    if not len(higher) or not len(lower):
        return float("nan")
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, "left") + np.searchsorted(ordered, higher, "right")
    return float(below.mean() / 2 / len(lower))


def calibration_error(scores: NDArray[np.float64], is_right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the mean distance of score and share of right ones over equal bins, weighted by their size."""
    places = np.minimum((scores * bins).astype(np.int64), bins - 1)
    size = np.bincount(places, minlength=bins)
    distance = np.abs(np.bincount(places, scores, bins) - np.bincount(places, is_right, bins))
    return float(distance.sum() / max(size.sum(), 1))


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
