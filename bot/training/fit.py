"""Fitting one head: logistic regression, its cross-validation, its temperature, its stored form."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.heads import Head
from bot.nlp.ngrams import BUCKETS

FOLDS: Final = 5
_STEPS: Final = 400  # of the solver at most
_STEPS_TO_COMPARE: Final = 200
_INT8: Final = 127
_COOLEST, _HOTTEST = 0.3, 4.0

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Fitted(NamedTuple):
    """A linear model: `x @ weights + bias` are logits.

    Attributes:
        weights: (d, k).
        bias: (k,).
    """

    weights: Floats
    bias: Floats


class Problem(NamedTuple):
    """What a head is fitted on.

    Attributes:
        matrix: (m, d), sparse.
        labels: (m,), below `classes`.
        weights: (m,), what each row counts.
        groups: (m,), of the rows that must not be torn apart; -1 for rows that only help.
    """

    matrix: Any
    labels: Labels
    weights: Floats
    groups: Labels
    classes: int
    c: float
    balanced: bool


def fit(problem: Problem, rows: NDArray[np.int64] | None = None, steps: int = _STEPS) -> Fitted:
    """Return a multinomial logistic regression fitted on some rows, None for all."""
    from sklearn.linear_model import LogisticRegression

    matrix, labels, weights = problem.matrix, problem.labels, problem.weights
    if rows is not None:
        matrix, labels, weights = matrix[rows], labels[rows], weights[rows]
    model = LogisticRegression(
        C=problem.c, max_iter=steps, class_weight="balanced" if problem.balanced else None, tol=1e-3
    )
    model.fit(matrix, labels, sample_weight=weights)
    found = np.zeros((matrix.shape[1], problem.classes))
    bias = np.full(problem.classes, -30.0)  # a label that no row has
    if len(model.classes_) == 2:  # noqa: PLR2004
        found[:, model.classes_[1]] = model.coef_[0]
        bias[model.classes_] = (0.0, model.intercept_[0])
    else:
        found[:, model.classes_] = model.coef_.T
        bias[model.classes_] = model.intercept_
    return Fitted(found, bias)


def cross_validated(problem: Problem) -> Floats:
    """Return each row's logits from a model that has not seen its group, (m, k); NaN where groups are -1."""
    from sklearn.model_selection import GroupKFold

    logits = np.full((len(problem.labels), problem.classes), np.nan)
    asked = np.flatnonzero(problem.groups >= 0)
    helping = np.flatnonzero(problem.groups < 0)
    for learnt, left in GroupKFold(FOLDS).split(asked, groups=problem.groups[asked]):
        fitted = fit(problem, np.concatenate((asked[learnt], helping)), _STEPS_TO_COMPARE)
        logits[asked[left]] = problem.matrix[asked[left]] @ fitted.weights + fitted.bias
    return logits


def temperature_of(logits: Floats, labels: Labels) -> float:
    """Return by what to divide logits so that they are calibrated: the least log loss."""
    from scipy.optimize import minimize_scalar

    def loss(temperature: float) -> float:
        chances = softmax(logits / temperature)[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    return float(minimize_scalar(loss, bounds=(_COOLEST, _HOTTEST), method="bounded").x)


def softmax(logits: Floats) -> Floats:
    """Return the probabilities of logits, row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def stored(fitted: Fitted, temperature: float, beside: Sequence[NDArray[np.float32]] = ()) -> Head:
    """Return the form in which a head is committed: n-grams' weights in int8, the rest as it is.

    Args:
        fitted: its columns are n-grams, then numbers, then vectors, then context.
        temperature: see `temperature_of`.
        beside: shift and stretch of all columns after the n-grams, which are multiplied out.
    """
    grams, numbers = fitted.weights[:BUCKETS], fitted.weights[BUCKETS:]
    bias = fitted.bias.copy()
    if beside:
        shift, stretch = (np.asarray(each, np.float64) for each in beside)
        numbers = numbers * stretch[:, None]
        bias -= shift @ numbers
    scale = np.maximum(np.abs(grams).max(axis=0), 1e-9) / _INT8
    return Head(
        np.rint(grams / scale).astype(np.int8),
        scale.astype(np.float32),
        numbers.astype(np.float32),
        bias.astype(np.float32),
        temperature,
    )
