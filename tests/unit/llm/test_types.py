import math

import pytest

from bot.llm.types import MOST_COST, MOST_TOKENS, Usage


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (Usage(10, 5, 0.25), (10, 5, 0.25)),
        (Usage(-1, -(2**70), -0.5), (0, 0, 0.0)),
        (Usage(2**31, 2**70, math.inf), (MOST_TOKENS, MOST_TOKENS, MOST_COST)),
        (Usage(1, 1, math.nan), (1, 1, 0.0)),
    ],
    ids=["usual", "negative", "absurd", "no number"],
)
def test_usage_is_what_a_call_can_take(told: Usage, kept: tuple[int, int, float]) -> None:
    assert (told.input_tokens, told.output_tokens, told.cost) == kept
