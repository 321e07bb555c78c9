"""Numbers of things in words."""

import pytest

from bot.domain.counted import counted


@pytest.mark.parametrize(
    ("number", "words"),
    [
        pytest.param(0, "0 entries", id="none"),
        pytest.param(1, "1 entry", id="one"),
        pytest.param(1_200, "1,200 entries", id="many"),
    ],
)
def test_one_is_one_and_not_many(number: int, words: str) -> None:
    assert counted(number, "entry", "entries") == words


def test_most_words_take_an_s() -> None:
    assert counted(2, "message") == "2 messages"
