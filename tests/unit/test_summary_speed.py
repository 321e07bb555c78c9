"""The benchmark of summaries makes a day of messages, and tells when what it measures is too much."""

import asyncio

import pytest

from benchmarks import summary
from bot.evaluation.summary_speed import lines_of, measured


def test_a_day_of_messages_is_summarized_and_measured() -> None:
    lines = lines_of(summary.day(80))
    assert len({line.message_id for line in lines}) == 80
    assert len({line.channel_id for line in lines}) > 5
    assert lines == lines_of(summary.day(80))
    found = asyncio.run(measured(lines, idle_seconds=0.0))
    assert found["messages"] == 80
    assert found["topics"] >= 1
    assert found["seconds"] > 0
    assert found["cpu_seconds"] > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("seconds", 5.1), ("added_mb", 301.0), ("p99_ms", 51.0)],
    ids=["time", "memory", "loop"],
)
def test_a_median_above_its_limit_is_named(name: str, value: float) -> None:
    fine = {"seconds": 4.9, "added_mb": 299.0, "p99_ms": 49.0}
    assert summary.problems_of([fine, fine, {**fine, name: value}]) == []
    assert len(summary.problems_of([fine, {**fine, name: value}, {**fine, name: value}])) == 1
