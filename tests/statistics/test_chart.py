"""Pictures of figures: drawn for any days and names, and described for who can't see them."""

from datetime import date, timedelta

import pytest

from bot.domain.statistics import Figures
from bot.services.statistics.activity import Activity, Days
from bot.services.statistics.chart import (
    MAX_ALT,
    MAX_NAME,
    _short,
    describe_activity,
    describe_sentiment,
    draw_activity,
    draw_sentiment,
)

LAST = date(2026, 3, 10)
NAMES = ["#general", "#\U0001f389-news", "#\u65e5\u672c\u8a9e", "#$a$b_{c}", "#" + "long-" * 20]
PNG = b"\x89PNG\r\n\x1a\n"


def of(count: int, messages: int = 7) -> Activity:
    """The figures of some days, of which the first has one message more."""
    days = Days(LAST - timedelta(days=count - 1), LAST)
    each = Figures(messages=messages, positive=messages // 2, negative=messages // 7, mood=messages * 120)
    by_day = [(days.first + timedelta(days=number), each) for number in range(count)]
    by_day[0] = (days.first, each + Figures(messages=1))
    total = sum((figures for _, figures in by_day), Figures())
    channels = [(number, Figures(messages=9 - number)) for number in range(len(NAMES))]
    by_hour = [0] * 23 + [total.messages]
    return Activity(days, by_day, total, Figures(), 3, by_hour, channels, [], [], partial=False)


@pytest.mark.parametrize(("count", "messages"), [(1, 0), (1, 7), (30, 0), (30, 7), (366, 7)])
def test_any_days_are_drawn(count: int, messages: int) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = of(count, messages)
    for picture in (draw_activity(found, NAMES), draw_sentiment(found.by_day)):
        assert picture.startswith(PNG)
        assert len(picture) < 200_000


def test_the_description_says_what_the_picture_shows() -> None:
    text = describe_activity(of(30), NAMES)
    assert "211 messages from 2026-02-09 to 2026-03-10" in text
    assert "most on 2026-02-09 (8)" in text
    assert "most from 23:00 (211)" in text
    assert "#general 9" in text
    assert "positive 43%" in text
    assert len(describe_activity(of(366), ["#" + "x" * 100] * len(NAMES))) <= MAX_ALT
    week, month = describe_sentiment(of(30).by_day).split("Average sentiment of ")[1:]
    assert week.startswith("7 days, from -1 to 1: +0.12")
    assert month.startswith("30 days")
    assert "nothing to show" in describe_sentiment([(LAST, Figures())])


def test_names_are_drawn_with_letters_that_the_font_has() -> None:
    assert [_short(name) for name in NAMES[:4]] == ["#general", "#news", "(other letters)", "#$a$b_{c}"]
    assert len(_short(NAMES[4])) == MAX_NAME
