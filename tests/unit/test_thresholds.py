import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.thresholds import GAIN, LEAST, REACH, Said, fit_threshold

DEFAULT = 0.6
verdicts = st.lists(
    st.builds(Said, st.floats(0, 1), st.booleans(), st.sampled_from([1.0, 2.0])), min_size=15, max_size=120
)


def said(confidence: float, right: bool, count: int) -> list[Said]:
    return [Said(confidence, right)] * count


def worth(verdicts: list[Said], threshold: float) -> float:
    return sum(each.weight * (1 if each.right else -1) for each in verdicts if each.confidence >= threshold)


def test_wrong_answers_given_on_a_hunch_raise_it() -> None:
    fitted = fit_threshold(said(0.65, False, 15) + said(0.9, True, 15), DEFAULT)
    assert fitted is not None
    assert 0.65 < fitted <= DEFAULT + REACH


def test_right_judgements_below_it_lower_it() -> None:
    fitted = fit_threshold(said(0.5, True, 15) + said(0.9, True, 15), DEFAULT)
    assert fitted == pytest.approx(0.5)


@pytest.mark.parametrize(
    "found",
    [
        said(0.85, False, 40) + said(0.95, True, 40),
        said(0.2, True, 40) + said(0.9, True, 40),
        said(0.61, False, 5) + said(0.9, False, 40) + said(0.95, True, 40),
    ],
    ids=["only further up", "only further down", "a little here, more further up"],
)
def test_what_would_take_more_than_its_bounds_allow_does_not_take_it_beyond(found: list[Said]) -> None:
    fitted = fit_threshold(found, DEFAULT)
    assert fitted is None or abs(fitted - DEFAULT) <= REACH


def test_answers_that_were_right_leave_it() -> None:
    assert fit_threshold(said(0.7, True, 200), DEFAULT) is None


def test_a_difference_of_one_verdict_leaves_it() -> None:
    assert fit_threshold(said(0.65, False, 1) + said(0.9, True, 40), DEFAULT) is None


@pytest.mark.parametrize("count", [0, 1, LEAST - 1])
def test_too_little_was_said(count: int) -> None:
    assert fit_threshold(said(0.61, False, count), DEFAULT) is None


def test_the_words_of_a_server_that_is_right_from_07_on_end_there() -> None:
    chance = random.Random(7)  # noqa: S311  (a test's data)
    found = []
    for _ in range(300):
        confidence = chance.uniform(0.6, 1)
        right = chance.random() < (0.9 if confidence >= 0.7 else 0.15)
        found.append(Said(confidence, right))
    fitted = fit_threshold(found, DEFAULT)
    assert fitted == pytest.approx(0.7, abs=0.02)


@given(verdicts, st.floats(0, 1))
def test_it_stays_within_its_bounds_and_gains_by_moving(found: list[Said], default: float) -> None:
    fitted = fit_threshold(found, default)
    if fitted is not None:
        assert len(found) >= LEAST
        assert 0 <= fitted <= 1
        assert abs(fitted - default) <= REACH + 1e-9
        assert worth(found, fitted) >= worth(found, default) + GAIN


@given(verdicts, st.floats(0, 1), st.randoms(use_true_random=False))
def test_the_order_in_which_things_were_said_changes_nothing(
    found: list[Said], default: float, chance: random.Random
) -> None:
    mixed = list(found)
    chance.shuffle(mixed)
    assert fit_threshold(mixed, default) == fit_threshold(found, default)
