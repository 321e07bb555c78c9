"""The bot is killed at every fail point of the road: nothing is lost, stuck or said twice."""

import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.services.failpoints import (
    ALERT_FAIL_POINTS,
    ASIDE_FAIL_POINTS,
    FAIL_POINTS,
    SUMMARY_FAIL_POINTS,
    TICKET_FAIL_POINTS,
)
from tests.e2e.crash.child import ROOT
from tests.e2e.crash.harness import Kill, Plan, play

RUNS = 100
AT_LEAST = 4  # of the runs kill first at each fail point
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")


async def _survives(plan: Plan, sandbox: dict[str, Any], tmp_path: Path, template: Path) -> None:
    outcome = await play(plan, sandbox, tmp_path / "bot", template)
    assert not outcome.faults(), "\n".join([str(plan), *outcome.faults(), f"see {outcome.folder}/bot.log"])
    assert outcome.killed_at == [kill.point or "anywhere" for kill in plan.kills]


@pytest.mark.parametrize("index", range(len(FAIL_POINTS)), ids=FAIL_POINTS)
async def test_nothing_is_lost_stuck_or_said_twice_after_a_kill(
    index: int, sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path
) -> None:
    await _survives(Plan.of(index, short=True), sandbox, tmp_path, sqlite_template)


async def test_what_was_said_before_the_bot_came_is_not_read_after_a_kill(
    sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path
) -> None:
    plan = Plan(0, (Kill("ingest.after_commit"),), enforce_nonce=True, fresh=True)
    await _survives(plan, sandbox, tmp_path, sqlite_template)


async def test_what_was_planned_too_long_ago_is_not_sent(
    sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path
) -> None:
    plan = Plan(0, (Kill("plan.after_commit"),), enforce_nonce=False, aged=True)
    await _survives(plan, sandbox, tmp_path, sqlite_template)


async def test_an_answer_is_found_again_in_a_busy_channel_without_nonces(
    sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path
) -> None:
    plan = Plan(0, (Kill("action.after_send", 4),), enforce_nonce=False, crowded=True)
    await _survives(plan, sandbox, tmp_path, sqlite_template)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
async def test_campaign(seed: int, sandbox: dict[str, Any], tmp_path: Path, sqlite_template: Path) -> None:
    await _survives(Plan.of(seed), sandbox, tmp_path, sqlite_template)


def test_the_campaign_kills_at_every_fail_point_with_and_without_nonces() -> None:
    hits = Counter[tuple[str | None, bool]]()
    for plan in map(Plan.of, range(RUNS)):
        hits.update((kill.point, plan.enforce_nonce) for kill in plan.kills)
    for point in FAIL_POINTS:
        assert hits[point, True] + hits[point, False] >= AT_LEAST
        assert hits[point, True]
        assert hits[point, False]


def test_every_fail_point_in_the_code_has_a_name_the_harness_knows() -> None:
    sources = [
        path.read_text("utf-8") for folder in ("bot", "cogs") for path in (ROOT / folder).rglob("*.py")
    ]
    calls = [call for source in sources for call in re.findall(r"fail_point\(([^()]+)\)", source)]
    named = {name for call in calls for name in re.findall(r'"([^"]+)"', call)}
    others = (*TICKET_FAIL_POINTS, *SUMMARY_FAIL_POINTS, *ALERT_FAIL_POINTS, *ASIDE_FAIL_POINTS)
    assert named == {*FAIL_POINTS, *others}
