"""The judges of today behind the protocol."""

import contextlib

import pytest

from bot.evaluation import judge as ask
from bot.evaluation.judge import BASELINES, MODES, ModeMissing, load_judge
from bot.evaluation.speed import measure

ASKS = "hi, how do i move my config to the new server?"
CHATS = "good morning all"


def test_there_are_no_judges_but_the_baselines_and_the_modes() -> None:
    assert (BASELINES, MODES) == (("vader",), ("light", "full"))
    with pytest.raises(KeyError, match="rules"):
        load_judge("rules")


@pytest.mark.parametrize("name", BASELINES)
def test_a_judge_answers_an_empty_batch_for_every_head(name: str) -> None:
    judge = load_judge(name)
    for head in judge.heads:
        assert judge.predict(head, []).chosen == []


def test_vader_judges_by_its_authors_thresholds() -> None:
    vader = load_judge("vader")
    found = vader.predict(ask.SENTIMENT, ["this is great", "this is bad", "this is a table"])
    assert found.chosen == ["pos", "neg", "neu"]


def test_every_mode_loads_or_says_why_not() -> None:
    for mode in MODES:
        with contextlib.suppress(ModeMissing):
            judge = load_judge(mode)
            assert judge.name == mode
            assert ask.INTENT in judge.heads


def test_speed_is_measured_in_another_process() -> None:
    found = measure("vader", 1, (CHATS, ASKS), seconds=0.05)
    assert found.messages > 0
    assert found.throughput["messages_per_second"] > 0
    assert 0 < found.throughput["p50_us"] <= found.throughput["p95_us"]
    assert (found.throughput["cores"], found.throughput["made_up_lines"]) == (1, 0)
    assert found.memory["rss_after_mb"] > found.memory["rss_before_mb"] > 0
    assert measure("vader", 1, (CHATS, ASKS), seconds=0.05) is found
