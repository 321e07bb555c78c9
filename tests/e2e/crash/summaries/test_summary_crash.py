"""The bot is killed at every fail point of the daily post and of alerts: each is there once all the same."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.crash.harness import Kill
from tests.e2e.crash.summaries.harness import POINTS, SummaryPlan, play

RUNS = 78
AT_LEAST = 6  # kills of the campaign at each fail point
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")


def _plan(number: int, *points: str, **more: Any) -> SummaryPlan:
    return SummaryPlan(1_000 + number, tuple(map(_kill, points)), enforce_nonce=False, **more)


def _kill(point: str) -> Kill:
    name, _, nth = point.partition(":")
    return Kill(name, int(nth or 1))


# Several kills in each run: what takes time are the starts of the bot.
SHORT = {
    "post": _plan(
        0, "summary.after_begin", "summary.after_make", "summary.after_keep", "summary.after_row",
        "summary.after_post", "alarm.after_row", "alarm.after_post", "summary.before_finish",
    ),
    "direct messages": _plan(1, "summary.after_row:2", "summary.after_post", direct=True),
    "alerts": _plan(
        2, "nudge.after_row", "nudge.after_post", "incident.after_open", "incident.after_post",
        "incident.after_edit",
    ),
}  # fmt: skip


async def _survives(plan: SummaryPlan, sandbox: dict[str, Any], tmp_path: Path, template: Path) -> None:
    outcome = await play(plan, sandbox, tmp_path / "bot", template)
    assert not outcome.faults(), "\n".join([str(plan), *outcome.faults(), f"see {outcome.folder}/bot.log"])
    assert outcome.killed_at == [kill.point or "anywhere" for kill in plan.kills]


@pytest.mark.parametrize("plan", SHORT.values(), ids=SHORT)
async def test_no_day_is_told_twice_or_left_out_after_a_kill_and_no_fault_either(
    plan: SummaryPlan, sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path
) -> None:
    await _survives(plan, sandbox, tmp_path, sqlite_template)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
async def test_summary_campaign(
    seed: int, sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path
) -> None:
    await _survives(SummaryPlan.of(seed), sandbox, tmp_path, sqlite_template)


def test_each_fail_point_of_summaries_kills_always_and_in_the_campaign_often() -> None:
    assert {kill.point for plan in SHORT.values() for kill in plan.kills} == set(POINTS)
    hits = Counter(kill.point for plan in map(SummaryPlan.of, range(RUNS)) for kill in plan.kills)
    for point in POINTS:
        assert hits[point] >= AT_LEAST, point
