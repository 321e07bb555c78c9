"""Real days of channels: every claim of their summaries rests on messages that exist and are of the day."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.domain.snowflake import snowflake_at
from sandbox.ollama import Asked, OllamaSandbox
from tests.services.summaries.support import (
    DAY,
    GENERAL,
    TODAY,
    Workshop,
    cited,
    claim,
    is_merge,
    said,
    seen,
    store,
    topic,
    topics,
)

LOGS = Path(__file__).parents[4] / "shared" / "eval" / "dev" / "day_logs.jsonl"


def logs() -> list[Any]:
    if not LOGS.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{LOGS.name} isn't there"))]
    read = [json.loads(line) for line in LOGS.read_text("utf-8").splitlines()]
    read.sort(key=lambda log: int(log["n_messages"]))
    return [
        pytest.param(log, id=str(number), marks=() if number in (0, 5) else pytest.mark.slow)
        for number, log in enumerate(read)
    ]


def careless(asked: Asked) -> dict[str, Any]:
    """Answer with claims that rest on messages, beside some that are made up."""
    shown = seen(asked.prompt)
    if not shown:
        return topics()
    last = shown[-1].number
    good = [claim(each.text[:200] or "something", each.number) for each in shown[:: max(1, len(shown) // 4)]]
    wrong = [claim("MADE UP", last + 1), claim("MADE UP"), claim("MADE UP", 1, 4_000)]
    if is_merge(asked.system):
        return topics(topic("All", *good[:3], *wrong))
    return topics(topic("Some", *good[:3]), topic("More", *wrong, *good[3:]))


@pytest.mark.parametrize("log", logs())
async def test_every_claim_rests_on_messages_of_the_day(
    shop: Workshop, ollama: OllamaSandbox, log: dict[str, Any]
) -> None:
    read = [datetime.fromisoformat(each["ts"]) for each in log["messages"]]
    away = DAY - read[0].replace(hour=0, minute=0, second=0)  # some are older than Discord
    times = [(at + away).astimezone(UTC) for at in read]
    rows = [
        said(number, each["text"], message_id=snowflake_at(at) + number, author_name=each["author"])
        for number, (each, at) in enumerate(zip(log["messages"], times, strict=True))
    ]
    await store(shop.database, *rows)
    ollama.script(careless)
    digest = await shop.make()
    in_range = {row["message_id"] for row, at in zip(rows, times, strict=True) if TODAY.holds(at)}
    assert len(in_range) > 90
    assert digest.topics
    assert all(each.message_ids for topic_ in digest.topics for each in topic_.claims)
    assert cited(digest.topics) <= in_range
    assert "MADE UP" not in str(digest)
    assert {each.place_id for each in digest.sources.values()} == {GENERAL}
    coverage = digest.coverage
    assert (coverage.read, coverage.total, coverage.channels) == (len(in_range), len(in_range), 1)
    sent = [each for body in ollama.bodies() for each in _numbers(body)]
    assert len(sent) + coverage.extracted == len(in_range)


def _numbers(body: dict[str, Any]) -> list[int]:
    asked = Asked.of("/api/chat", "", body)
    return [] if is_merge(asked.system) else [each.number for each in seen(asked.prompt)]
