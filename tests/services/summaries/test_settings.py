"""Times and days as people write them."""

from datetime import time

import pytest

from bot.domain.errors import UserFacingError
from bot.services.summaries.settings import describe_days, parse_days, parse_time


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("9", time(9)), ("09:30", time(9, 30)), ("21.05", time(21, 5)), ("12 am", time(0)),
        ("12 pm", time(12)), ("1pm", time(13)), ("11:59 PM", time(23, 59)), ("0", time(0)),
    ],
)  # fmt: skip
def test_a_time_of_day(text: str, wanted: time) -> None:
    assert parse_time(text) == wanted


@pytest.mark.parametrize("text", ["24", "9:60", "13 pm", "0 am", "", "noon", "-1", "9" * 30, "9:" + "9" * 30])
def test_what_is_no_time_of_day_is_told_with_the_fix(text: str) -> None:
    with pytest.raises(UserFacingError, match="Write it like") as caught:
        parse_time(text)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize(
    ("text", "wanted", "told"),
    [
        ("Mon-Fri", [0, 1, 2, 3, 4], "Mon, Tue, Wed, Thu, Fri"),
        ("monday, thu", [0, 3], "Mon, Thu"),
        ("fri-mon", [0, 4, 5, 6], "Mon, Fri, Sat, Sun"),
        ("weekends", [5, 6], "Sat, Sun"),
        ("daily", None, "every day"),
    ],
)
def test_days(text: str, wanted: list[int] | None, told: str) -> None:
    assert parse_days(text) == wanted
    assert describe_days(wanted) == told


@pytest.mark.parametrize("text", ["mo", "xday", "mon-", "mon,,tue"])
def test_what_is_no_day_is_told_with_the_fix(text: str) -> None:
    with pytest.raises(UserFacingError, match="Write for example"):
        parse_days(text)
