"""What the lines before a message say about it."""

from collections.abc import Sequence

import numpy as np
import pytest

from bot.nlp.context import NAMES, SIZE, Line, line_of, numbers_of

ASKED = {"how do i pin a message?": 0.9, "it crashes": 0.7}


def by_hand(texts: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array([ASKED.get(text, 0.1) for text in texts], np.float32)


def numbers(text: str, *before: str, author: str = "ann") -> dict[str, float]:
    (row,) = numbers_of([text], [before], [author], by_hand).tolist()
    return dict(zip(NAMES, row, strict=True))


def test_a_message_without_lines_before_begins_a_talk() -> None:
    found = numbers("hello")
    assert found == {name: float(name == "begins a talk") for name in NAMES}


def test_the_last_three_lines_count() -> None:
    assert numbers("hm", "bob: a")["lines"] == pytest.approx(1 / 3)
    found = numbers("hm", "ann: long ago", "bob: how do i pin a message?", "bob: a", "bob: b", "bob: c")
    assert (found["lines"], found["begins a talk"], found["own line before"]) == (1, 0, 0)
    assert found["asked by others"] == pytest.approx(0.1)


def test_own_line_just_before() -> None:
    found = numbers("it is 2.1", "bob: hi", "Ann: it crashes")
    assert (found["own line before"], found["own line just before"]) == (1, 1)
    assert found["asked just before"] == pytest.approx(0.7)
    assert found["asked by oneself"] == pytest.approx(0.7)
    assert found["asked by others"] == pytest.approx(0.1)


def test_own_line_further_up() -> None:
    found = numbers("it is 2.1", "ann: it crashes", "bob: which version?")
    assert (found["own line before"], found["own line just before"]) == (1, 0)
    assert found["question just before"] == 1
    assert found["asked by oneself"] == pytest.approx(0.7)
    assert found["asked just before"] == pytest.approx(0.1)


def test_ones_own_question_is_not_a_question_put_to_one() -> None:
    assert numbers("anyone?", "ann: how do i pin a message?")["question just before"] == 0
    assert numbers("right click", "bob: how do i pin a message?")["question just before"] == 1
    assert numbers("right click", "bob: how do i pin a message?", "cy: hm")["question just before"] == 0


@pytest.mark.parametrize(
    ("text", "named"),
    [("Bob: try again", 1), ("@bob try again", 1), ("as @bob said", 1), ("as bob said", 0), ("cy: hi", 0)],
)
def test_naming_one_of_them(text: str, named: float) -> None:
    assert numbers(text, "Bob: it crashes", "dee: hm")["names one of them"] == named


def test_naming_oneself_is_naming_nobody() -> None:
    assert numbers("ann: here", "ann: it crashes")["names one of them"] == 0


@pytest.mark.parametrize(
    ("last", "named"), [("bob: @Ann try again", 1), ("bob: ann, try", 1), ("bob: planned", 0)]
)
def test_being_named_by_the_last_line(last: str, named: float) -> None:
    assert numbers("ok", last)["named by the last"] == named
    assert numbers("ok", last, "cy: hm")["named by the last"] == 0


def test_a_title_has_no_author() -> None:
    found = numbers("since monday", "it crashes", author="")
    assert (found["own line before"], found["named by the last"]) == (0, 0)
    assert found["asked just before"] == found["asked by others"] == pytest.approx(0.7)
    assert numbers("it crashes", "it crashes")["names one of them"] == 0


def test_an_unknown_author_owns_no_line() -> None:
    found = numbers("it is 2.1", "bob: which version?", "ann: it crashes", author="")
    own = ("own line before", "own line just before", "asked by oneself", "named by the last")
    assert [found[name] for name in own] == [0, 0, 0, 0]
    assert found["asked by others"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("Ann: hi", Line("ann", "hi")),
        ("ann: see: this", Line("ann", "see: this")),
        ("no author here", Line("", "no author here")),
        ("https: //a.example", Line("", "https: //a.example")),
        (f"{'x' * 41}: hi", Line("", f"{'x' * 41}: hi")),
        ("", Line("", "")),
    ],
)
def test_a_line_has_an_author_where_one_is_written(line: str, parts: Line) -> None:
    assert line_of(line) == parts


def test_each_line_is_judged_once_for_all_messages() -> None:
    asked: list[str] = []

    def flagged(texts: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        asked.extend(texts)
        return by_hand(texts)

    rows = numbers_of(["a", "b", "c"], [["x: it crashes"], ["y: it crashes", "x: hm"], []], [""] * 3, flagged)
    assert sorted(asked) == ["hm", "it crashes"]
    assert rows.shape == (3, SIZE)
    assert rows.dtype == np.float32
    assert rows.min() >= 0
    assert rows.max() <= 1


def test_without_any_lines_nobody_is_asked() -> None:
    def flagged(_: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        raise AssertionError

    assert numbers_of(["a"], [()], [""], flagged).shape == (1, SIZE)
    assert numbers_of([], [], [], flagged).shape == (0, SIZE)
