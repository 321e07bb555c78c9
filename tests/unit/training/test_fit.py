"""Fitting one head: cross-validation, temperature and the stored form."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.nlp.heads import Heads
from bot.nlp.ngrams import BUCKETS, Grams
from bot.training import fit as module
from bot.training.fit import FOLDS, Fitted, Problem, cross_validated, fit, softmax, stored, temperature_of

pytestmark = pytest.mark.usefixtures("sklearn")
RANDOM = np.random.default_rng(3)


def problem(labels: Sequence[int], groups: Sequence[int], classes: int = 3) -> Problem:
    """Return rows whose first columns tell the label."""
    from scipy.sparse import csr_matrix

    matrix = np.zeros((len(labels), classes + 1))
    matrix[np.arange(len(labels)), labels] = 1
    return Problem(
        csr_matrix(matrix), np.array(labels), np.ones(len(labels)), np.array(groups), classes, 1.0, False
    )


def test_what_is_told_by_a_column_is_learnt() -> None:
    asked = problem([0, 1, 2] * 5, [-1] * 15)
    fitted = fit(asked)
    assert (asked.matrix @ fitted.weights + fitted.bias).argmax(axis=1).tolist() == [0, 1, 2] * 5


@pytest.mark.parametrize("present", [(0, 2), (1, 2), (0, 1)], ids=str)
def test_a_label_without_rows_is_never_said(present: tuple[int, int]) -> None:
    asked = problem(list(present) * 6, [-1] * 12)
    fitted = fit(asked)
    shares = softmax(asked.matrix @ fitted.weights + fitted.bias)
    assert shares.argmax(axis=1).tolist() == list(present) * 6
    (missing,) = {0, 1, 2} - set(present)
    assert shares[:, missing].max() < 1e-6


def test_what_counts_nothing_teaches_nothing() -> None:
    asked = problem([0, 1] * 6, [-1] * 12, classes=2)
    wrong = asked._replace(labels=1 - asked.labels, weights=np.full(12, 1e-9))
    from scipy.sparse import vstack

    both = asked._replace(
        matrix=vstack([asked.matrix, wrong.matrix], "csr"),
        labels=np.concatenate((asked.labels, wrong.labels)),
        weights=np.concatenate((asked.weights, wrong.weights)),
    )
    np.testing.assert_allclose(fit(both).weights, fit(asked).weights, atol=1e-3)


def test_rare_labels_count_more_where_a_head_is_balanced() -> None:
    asked = problem([0] * 18 + [1] * 2, [-1] * 20, classes=2)
    plain, balanced = fit(asked), fit(asked._replace(balanced=True))
    blank = np.zeros(3)
    chance = [softmax((blank @ each.weights + each.bias)[None, :])[0, 1] for each in (plain, balanced)]
    assert chance[0] < chance[1]


def test_a_group_is_never_on_both_sides_and_what_helps_is_always_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups = [n // 3 for n in range(30)] + [-1] * 6
    asked = problem([0, 1, 2] * 12, groups)
    learnt: list[NDArray[np.int64]] = []

    def recorded(what: Problem, rows: NDArray[np.int64], steps: int) -> Fitted:
        learnt.append(rows)
        return fit(what, rows, steps)

    monkeypatch.setattr(module, "fit", recorded)
    logits = cross_validated(asked)
    assert len(learnt) == FOLDS
    left_out = []
    for rows in learnt:
        seen = {groups[at] for at in rows}
        left = set(groups) - seen
        assert -1 in seen
        assert {at for at, group in enumerate(groups) if group in left}.isdisjoint(rows.tolist())
        left_out += sorted(left)
    assert sorted(left_out) == list(range(10))  # each group once
    assert np.isnan(logits[30:]).all()
    assert np.isfinite(logits[:30]).all()


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_the_temperature_makes_logits_calibrated(true: float) -> None:
    logits = RANDOM.normal(scale=2, size=(4_000, 3))
    labels = np.array([RANDOM.choice(3, p=share) for share in softmax(logits)])
    assert temperature_of(logits * true, labels) == pytest.approx(true, rel=0.1)


def test_the_stored_form_says_what_was_fitted() -> None:
    shift, stretch = RANDOM.normal(size=4).astype(np.float32), RANDOM.uniform(0.5, 2, 4).astype(np.float32)
    fitted = Fitted(RANDOM.normal(size=(BUCKETS + 4, 3)), RANDOM.normal(size=3))
    head = stored(fitted, 1.5, (shift, stretch))
    assert head.grams.dtype == np.int8
    assert head.temperature == 1.5
    spread = np.abs(fitted.weights[:BUCKETS]).max(axis=0)
    np.testing.assert_allclose(head.grams * head.scale, fitted.weights[:BUCKETS], atol=spread.max() / 250)
    raw = RANDOM.normal(size=(5, 4)).astype(np.float32)
    logits = (raw - shift) * stretch @ fitted.weights[BUCKETS:] + fitted.bias
    silent = Grams(np.zeros(6, np.int64), np.zeros(0, np.int64))
    heads = Heads({"made": head}, np.ones(BUCKETS, np.float32))
    shares = heads.probabilities("made", heads.lookup(silent), raw)
    np.testing.assert_allclose(shares, softmax(logits / 1.5), atol=1e-4)


def test_numbers_as_they_are_are_stored_as_they_are() -> None:
    fitted = Fitted(np.full((BUCKETS + 2, 2), 0.25), np.array([1.0, -1.0]))
    head = stored(fitted, 1.0)
    assert head.numbers.tolist() == [[0.25, 0.25]] * 2
    assert head.bias.tolist() == [1, -1]
    assert not stored(Fitted(np.zeros((BUCKETS, 2)), np.zeros(2)), 1.0).grams.any()
