"""The measures, in NumPy alone. Labels are texts, scores any numbers: higher means more of what is asked."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BINS = 15  # of the calibration error, as in Guo et al.
ROUNDS = 2_000  # of the bootstrap
_INTERVAL = (2.5, 97.5)  # percentiles


class ClassScore(NamedTuple):
    """One label's share of right answers; 0 where there is nothing to divide by."""

    n: int  # rows that truly have it
    precision: float
    recall: float
    f1: float


class Difference(NamedTuple):
    """How much better the first of two predictions is, with the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def accuracy(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Return the share of predictions that are right; NaN for none."""
    return float(np.mean([g == p for g, p in zip(gold, predicted, strict=True)])) if gold else float("nan")


def class_scores(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, ClassScore]:
    """Return precision, recall and F1 of every label that occurs in `gold`, in alphabetical order."""
    true, guess = np.asarray(gold, dtype=object), np.asarray(predicted, dtype=object)
    found = {}
    for label in sorted(set(gold)):
        hits = int(np.sum((true == label) & (guess == label)))
        there, said = int(np.sum(true == label)), int(np.sum(guess == label))
        precision, recall = hits / max(1, said), hits / there
        found[label] = ClassScore(there, precision, recall, 2 * hits / (there + said))
    return found


def macro_f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Return the mean F1 of the labels that occur in `gold`; NaN for no rows."""
    scores = class_scores(gold, predicted)
    return float(np.mean([score.f1 for score in scores.values()])) if scores else float("nan")


def precision_at_recall(positive: Bools, scores: Floats, recall: float) -> float:
    """Return the best precision of all thresholds that reach at least `recall`; NaN without positives."""
    precisions, recalls, _ = _sweep(positive, scores)
    reached = precisions[recalls >= recall - 1e-12]
    return float(reached.max()) if len(reached) else float("nan")


def recall_at_precision(positive: Bools, scores: Floats, precision: float) -> float:
    """Return the best recall of all thresholds with at least `precision`, 0 if none has it.

    NaN without positives.
    """
    precisions, recalls, _ = _sweep(positive, scores)
    if not len(recalls):
        return float("nan")
    return float(recalls[precisions >= precision - 1e-12].max(initial=0.0))


def precision_recall_curve(positive: Bools, scores: Floats) -> tuple[Floats, Floats]:
    """Return precision and recall at each threshold, from the highest down; equal scores are one."""
    precisions, recalls, _ = _sweep(positive, scores)
    return precisions, recalls


def _sweep(positive: Bools, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Return precisions, recalls and thresholds (descending); all empty without positives."""
    total = int(np.sum(positive))
    if total == 0:
        return (np.empty(0),) * 3
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1)  # of each run of equal scores
    hits = np.cumsum(positive[order])[last].astype(np.float64)
    return hits / (last + 1), hits / total, ranked[last]


def auroc(positive: Bools, scores: Floats) -> float:
    """Return the area under the ROC curve; NaN when one of the two sides is empty.

    That is the chance that a positive scores higher than a negative, a tie counting half: Mann and
    Whitney's U, with mid-ranks, over the number of pairs.
    """
    count = int(np.sum(positive))
    others = len(positive) - count
    if not count or not others:
        return float("nan")
    _, place, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[place]
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))


def calibration_error(confidence: Floats, right: Bools, bins: int = BINS) -> float:
    """Return the expected calibration error of the top probabilities; NaN for no rows.

    The confidences fall into bins of equal width, ((m-1)/M, m/M]; the error is the mean of each bin's
    |accuracy - mean confidence|, weighted by its rows: equation 3 of Guo, Pleiss, Sun and Weinberger, "On
    Calibration of Modern Neural Networks" (ICML 2017), who use 15 bins, after Naeini et al. (AAAI 2015).

    Args:
        confidence: the highest probability of each row, shape (n,).
        right: whether the label it belongs to is the true one, shape (n,).
        bins: M.
    """
    if not len(confidence):
        return float("nan")
    # rounded, so that a float's last digit doesn't lift what is on an edge above it
    at = np.clip(np.ceil(np.round(confidence * bins, 9)).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(at, weights=right.astype(np.float64) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def paired_bootstrap(
    gold: Sequence[str], ours: Sequence[str], theirs: Sequence[str], *, seed: int, rounds: int = ROUNDS
) -> Difference:
    """Return how much `ours` is above `theirs` in macro-F1 on the same rows, with a 95 % percentile interval.

    Rows are drawn with replacement (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993). What
    matters of a row is only which of the (gold, ours, theirs) it is, so each round draws how often
    every such triple occurs: a multinomial draw, the same distribution at a fraction of the work.

    Args:
        gold: true labels, not empty.
        ours: the predictions that should be better.
        theirs: those they are compared with.
        seed: of the random draws; the same one gives the same interval.
        rounds: how many times to draw.
    """
    names = sorted({*gold, *ours, *theirs})
    number = {name: index for index, name in enumerate(names)}
    rows = np.array(
        [(number[g], number[a], number[b]) for g, a, b in zip(gold, ours, theirs, strict=True)], dtype=np.intp
    )
    triples, counts = np.unique(rows, axis=0, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(len(rows), counts / len(rows), size=rounds)
    differences = _macro_f1_of(triples, draws, 1) - _macro_f1_of(triples, draws, 2)
    low, high = np.percentile(differences, _INTERVAL)
    return Difference(macro_f1(gold, ours) - macro_f1(gold, theirs), float(low), float(high))


def _macro_f1_of(triples: NDArray[np.intp], draws: NDArray[np.int64], column: int) -> Floats:
    """Return the macro-F1 of each draw, shape (rounds,): mean over the labels that its gold has."""
    total, labels = np.zeros(len(draws)), np.zeros(len(draws))
    for label in np.unique(triples[:, 0]):
        there = draws @ (triples[:, 0] == label)
        said = draws @ (triples[:, column] == label)
        hits = draws @ ((triples[:, 0] == label) & (triples[:, column] == label))
        total += np.where(there > 0, 2 * hits / np.maximum(1, there + said), 0.0)
        labels += there > 0
    return np.asarray(total / labels)


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile, interpolated linearly; NaN for none."""
    if not values:
        return float("nan"), float("nan")
    middle, high = np.percentile(np.asarray(values), (50, 95))
    return float(middle), float(high)
