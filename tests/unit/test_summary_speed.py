"""The benchmark of summaries makes a day of messages, and tells when what it measures is too much."""

import asyncio

import pytest

from benchmarks import flood, summary, summary_load
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


@pytest.mark.slow
def test_the_bot_posts_a_day_while_messages_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary_load, "FLOOD_SECONDS", 30)
    load = summary_load.measure(300, rate=40, before=1.0)
    assert 250 < load.read <= 300  # none of those that come in; this Discord has no history of the last hour
    assert 0 < load.seconds <= load.posted_seconds
    assert load.p99_ms > 0
    assert load.alone_p99_ms > 0
    assert 20 < load.stored < 60


def test_a_post_with_a_file_is_understood() -> None:
    parts = b'--x\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{"nonce": "n"}\r\n--x--\r\n'
    assert flood._posted(parts) == flood._posted(b'{"nonce": "n"}') == {"nonce": "n"}
