"""Every measure against an example computed by hand, and against scikit-learn where that is installed."""

import math
from typing import Any

import numpy as np
import pytest

from bot.evaluation import metrics

GOLD = ["a", "a", "a", "b", "b", "c"]
SAID = ["a", "a", "b", "b", "c", "a"]
# score: 0.9 + | 0.8 - | 0.7 + + (tied) | 0.7 - | 0.1 - +
POSITIVE = np.array([True, False, True, True, False, False, True])
SCORES = np.array([0.9, 0.8, 0.7, 0.7, 0.7, 0.1, 0.1])


def test_class_scores_by_hand() -> None:
    found = metrics.class_scores(GOLD, SAID)
    assert list(found) == ["a", "b", "c"]
    assert found["a"] == pytest.approx((3, 2 / 3, 2 / 3, 2 / 3))
    assert found["b"] == pytest.approx((2, 1 / 2, 1 / 2, 1 / 2))
    assert found["c"] == pytest.approx((1, 0, 0, 0))
    assert metrics.macro_f1(GOLD, SAID) == pytest.approx((2 / 3 + 1 / 2) / 3)
    assert metrics.accuracy(GOLD, SAID) == 3 / 6


def test_a_label_that_only_was_said_is_a_mistake_and_no_class() -> None:
    assert list(metrics.class_scores(["a", "a"], ["a", "z"])) == ["a"]
    assert metrics.macro_f1(["a", "a"], ["a", "z"]) == pytest.approx(2 / 3)


def test_precision_and_recall_take_tied_scores_together() -> None:
    precisions, recalls = metrics.precision_recall_curve(POSITIVE, SCORES)
    assert precisions == pytest.approx([1, 1 / 2, 3 / 5, 4 / 7])
    assert recalls == pytest.approx([1 / 4, 1 / 4, 3 / 4, 1])
    assert metrics.precision_at_recall(POSITIVE, SCORES, 0.25) == 1
    assert metrics.precision_at_recall(POSITIVE, SCORES, 0.5) == 3 / 5
    assert metrics.precision_at_recall(POSITIVE, SCORES, 1) == 4 / 7
    assert metrics.recall_at_precision(POSITIVE, SCORES, 0.6) == 3 / 4
    assert metrics.recall_at_precision(POSITIVE, SCORES, 0.61) == 1 / 4
    assert metrics.recall_at_precision(np.array([False, True]), np.array([2.0, 1.0]), 0.9) == 0


def test_auroc_counts_a_tie_half() -> None:
    # 12 pairs: 0.9 wins 3; each 0.7 loses to 0.8, ties 0.7, beats 0.1; 0.1 ties 0.1
    assert metrics.auroc(POSITIVE, SCORES) == pytest.approx((3 + 1.5 + 1.5 + 0.5) / 12)
    assert metrics.auroc(np.array([True, False]), np.array([0.3, 0.3])) == 0.5


def test_calibration_error_by_hand() -> None:
    # bins of 1/15: .95 and .97 lie in the last, .5 in the eighth, .4 (an edge) in the sixth
    confidence = np.array([0.95, 0.97, 0.5, 0.4])
    right = np.array([True, False, True, False])
    expected = (abs(1 - (0.95 + 0.97)) + abs(1 - 0.5) + abs(0 - 0.4)) / 4
    assert metrics.calibration_error(confidence, right) == pytest.approx(expected)


@pytest.mark.parametrize("bins", range(1, 40))
def test_what_lies_on_the_edge_of_a_bin_belongs_to_the_lower_one(bins: int) -> None:
    for edge in range(
        1, bins + 1
    ):  # alone in its bin, a sure mistake beside a sure hit just below: they cancel out
        confidence = np.array([edge / bins, (edge - 0.5) / bins])
        found = metrics.calibration_error(confidence, np.array([True, False]), bins)
        assert found == pytest.approx(abs(1 - confidence.sum()) / 2)


def test_bootstrap_is_repeatable_and_its_interval_holds_the_difference() -> None:
    gold = ["a", "b"] * 50
    worse = ["a"] * 70 + ["a", "b"] * 15
    found = metrics.paired_bootstrap(gold, gold, worse, seed=3)
    assert found == metrics.paired_bootstrap(gold, gold, worse, seed=3)
    assert found != metrics.paired_bootstrap(gold, gold, worse, seed=4)
    assert found.value == pytest.approx(1 - metrics.macro_f1(gold, worse))
    assert 0 < found.low < found.value < found.high < 1
    assert metrics.paired_bootstrap(gold, worse, worse, seed=3) == (0, 0, 0)


def test_a_draw_without_a_rare_label_is_scored_by_the_others() -> None:
    gold = ["a", "a", "a", "b"]
    assert metrics.paired_bootstrap(gold, gold, ["z"] * 4, seed=1) == (1, 1, 1)


def test_bootstrap_agrees_with_drawing_the_rows_themselves() -> None:
    random = np.random.default_rng(1)
    labels = np.array(["a", "b", "c"], dtype=object)
    gold = labels[random.integers(0, 3, 120)]
    ours = np.where(random.random(120) < 0.7, gold, labels[random.integers(0, 3, 120)])
    theirs = np.where(random.random(120) < 0.5, gold, labels[random.integers(0, 3, 120)])
    drawn = []
    for _ in range(600):
        at = random.integers(0, 120, 120)
        mine, other = (metrics.macro_f1(list(gold[at]), list(said[at])) for said in (ours, theirs))
        drawn.append(mine - other)
    found = metrics.paired_bootstrap(list(gold), list(ours), list(theirs), seed=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.03)


def test_percentiles_are_interpolated() -> None:
    assert metrics.percentiles([4, 1, 2, 3]) == pytest.approx((2.5, 3.85))


def test_nothing_to_measure_is_not_a_number() -> None:
    nothing, no = np.empty(0), np.empty(0, dtype=np.bool_)
    one, yes = np.array([0.5]), np.array([True])
    assert metrics.class_scores([], []) == {}
    for value in (
        metrics.accuracy([], []),
        metrics.macro_f1([], []),
        metrics.auroc(no, nothing),
        metrics.auroc(yes, one),
        metrics.auroc(~yes, one),
        metrics.precision_at_recall(~yes, one, 0.5),
        metrics.recall_at_precision(no, nothing, 0.5),
        metrics.calibration_error(nothing, no),
        *metrics.percentiles([]),
    ):
        assert math.isnan(value)


@pytest.fixture(scope="module")
def sklearn_metrics() -> Any:
    return pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")


@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_finds_the_same(sklearn_metrics: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.array(["x", "y", "z"], dtype=object)
    gold, said = list(labels[random.integers(0, 3, 200)]), list(labels[random.integers(0, 3, 200)])
    names = sorted(set(gold))
    theirs = sklearn_metrics.precision_recall_fscore_support(gold, said, labels=names, zero_division=0)
    for column, name in enumerate(names):
        ours = metrics.class_scores(gold, said)[name]
        assert (ours.precision, ours.recall, ours.f1, ours.n) == pytest.approx(
            [row[column] for row in theirs]
        )
    assert metrics.macro_f1(gold, said) == pytest.approx(
        sklearn_metrics.f1_score(gold, said, average="macro")
    )
    positive = random.random(300) < 0.4
    scores: metrics.Floats = np.round(random.random(300) + 0.3 * positive.astype(np.float64), 1)  # many ties
    assert metrics.auroc(positive, scores) == pytest.approx(sklearn_metrics.roc_auc_score(positive, scores))
    precisions, recalls, _ = sklearn_metrics.precision_recall_curve(positive, scores)
    for recall in (0.2, 0.5, 0.75, 1.0):
        best = precisions[:-1][recalls[:-1] >= recall].max()
        assert metrics.precision_at_recall(positive, scores, recall) == pytest.approx(best)
    for precision in (0.4, 0.5, 0.6):
        best = recalls[:-1][precisions[:-1] >= precision].max(initial=0)
        assert metrics.recall_at_precision(positive, scores, precision) == pytest.approx(best)
