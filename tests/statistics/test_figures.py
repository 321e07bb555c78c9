"""What figures tell: drivers, drops, zones, reactions, thanks. Pure."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.statistics import (
    Figures,
    ReactionKind,
    ZoneFrom,
    driver_of,
    kind_of,
    sudden_drop,
    with_zone,
    zone_at,
)
from bot.domain.thanks import is_thanks

FIGURES = st.builds(
    lambda messages, mood: Figures(messages=messages, mood=mood * messages),
    st.integers(0, 50),
    st.integers(-1_000, 1_000),
)


def some(messages: int, negative: int) -> Figures:
    return Figures(messages=messages, negative=negative, mood=-500 * negative)


def usual(share: float = 0.1, days: int = 7, messages: int = 100) -> list[Figures]:
    return [some(messages, round(messages * share)) for _ in range(days)]


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        pytest.param(some(100, 35), usual(), True, id="a sudden rise"),
        pytest.param(some(100, 15), usual(), False, id="a small one"),
        pytest.param(some(29, 29), usual(), False, id="too few messages"),
        pytest.param(some(100, 35), usual(days=2), False, id="too few days"),
        pytest.param(some(100, 35), usual(messages=14), False, id="too few before"),
        pytest.param(some(40, 9), usual(), False, id="chance"),
        pytest.param(some(100, 35), [*usual(days=6), some(100, 40)], False, id="as bad last week"),
        pytest.param(
            some(100, 45), [some(100, each) for each in (5, 40, 10, 38, 5, 42, 8)], False, id="up and down"
        ),
        pytest.param(some(100, 0), usual(), False, id="better"),
    ],
)
def test_a_drop_is_told_when_it_is_sudden_and_no_chance(
    now: Figures, before: list[Figures], told: bool
) -> None:
    assert (sudden_drop(now, before) is not None) == told


@given(
    st.dictionaries(st.integers(1, 5), FIGURES, min_size=1),
    st.dictionaries(st.integers(1, 5), FIGURES, min_size=1),
)
def test_the_driver_moved_the_average_most_in_its_direction(
    now: dict[int, Figures], before: dict[int, Figures]
) -> None:
    driver = driver_of(now, before)
    messages, prior = (sum(each.messages for each in side.values()) for side in (now, before))
    if not messages or not prior:
        assert driver is None
        return
    mean, base = sum(f.mood for f in now.values()) / messages, sum(f.mood for f in before.values()) / prior
    if driver is None:
        assert mean == pytest.approx(base)
        return
    nothing = Figures()

    def part(key: int) -> float:
        new, old = now.get(key, nothing), before.get(key, nothing)
        return (new.mood - base * new.messages) / messages - (old.mood - base * old.messages) / prior

    parts = {key: part(key) for key in {*now, *before}}
    assert sum(parts.values()) == pytest.approx(mean - base, abs=1e-6)
    assert driver.part * 1_000 == pytest.approx(parts[driver.key], abs=1e-6)
    assert all(abs(parts[driver.key]) >= each * (1 if mean > base else -1) - 1e-6 for each in parts.values())


def test_a_new_zone_holds_from_the_next_day_on() -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    zones = with_zone((), "Europe/Berlin", noon)
    assert with_zone(zones, "Europe/Berlin", noon) == zones
    moved = with_zone(zones, "Asia/Tokyo", noon)
    midnight = datetime(2026, 3, 10, 23, tzinfo=UTC)  # in Berlin
    assert moved[-1].since == midnight
    assert zone_at(moved, datetime(2020, 1, 1, tzinfo=UTC)) == ZoneInfo("Europe/Berlin")
    assert zone_at(moved, datetime(2026, 3, 10, 22, 59, tzinfo=UTC)) == ZoneInfo("Europe/Berlin")
    assert zone_at(moved, midnight) == ZoneInfo("Asia/Tokyo")
    assert with_zone(moved, "Europe/Berlin", noon) == zones  # taken back on the same day
    again = with_zone(moved, "UTC", noon)
    assert [each.zone for each in again] == ["Europe/Berlin", "UTC"]
    assert midnight.astimezone(zone_at(moved, midnight)).date() == date(2026, 3, 11)


def test_a_day_without_a_midnight_begins_when_its_first_hour_does() -> None:
    """Beirut, 29 March 2026: clocks go from 23:59:59 to 01:00."""
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    moved = with_zone((ZoneFrom(before, "Asia/Beirut"),), "UTC", before)
    assert moved[-1].since.astimezone(UTC) == datetime(2026, 3, 28, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("emoji", "kind"),
    [
        ("\u2705", ReactionKind.CHECK),
        ("\u2714\ufe0f", ReactionKind.CHECK),
        ("\U0001f44d\U0001f3fd", ReactionKind.POSITIVE),
        ("\u2764\ufe0f", ReactionKind.POSITIVE),
        ("\U0001f44e", ReactionKind.NEGATIVE),
        ("\U0001f440", ReactionKind.OTHER),
        ("1400000000000000001", ReactionKind.OTHER),
    ],
)
def test_a_reaction_says_what_its_emoji_says(emoji: str, kind: ReactionKind) -> None:
    assert kind_of(emoji) is kind


@pytest.mark.parametrize(
    ("text", "thanks"),
    [
        ("thanks!", True),
        ("Thank you so much, I had looked for that all day", True),
        ("that worked", True),
        ("danke dir", True),
        ("thanks, but it still fails", False),
        ("it doesn't work, thanks anyway", False),
        ("no thanks", False),
        ("thanks for nothing", False),
        ("thanks, and how do I undo it?", False),
        ("nice", False),
        ("", False),
        ("thanks " * 41, False),
    ],
)
def test_thanks_are_told_from_what_only_looks_like_it(text: str, thanks: bool) -> None:
    assert is_thanks(text) is thanks
