"""The bot is killed at every fail point of the road: nothing is lost, stuck or said twice."""

from collections import Counter

import pytest

from bot.services.failpoints import FAIL_POINTS
from tests.e2e.crash.conftest import Survives
from tests.e2e.crash.harness import Kill, needs_kills
from tests.e2e.crash.road.harness import RoadPlan, RoadRun

RUNS = 100
AT_LEAST = 4  # of the runs kill first at each fail point
pytestmark = needs_kills


@pytest.mark.parametrize("index", range(len(FAIL_POINTS)), ids=FAIL_POINTS)
async def test_nothing_is_lost_stuck_or_said_twice_after_a_kill(index: int, survives: Survives) -> None:
    await survives(RoadRun, RoadPlan.of(index, short=True))


async def test_what_was_said_before_the_bot_came_is_not_read_after_a_kill(survives: Survives) -> None:
    await survives(RoadRun, RoadPlan(0, (Kill("ingest.after_commit"),), fresh=True))


async def test_what_was_planned_too_long_ago_is_not_sent(survives: Survives) -> None:
    await survives(RoadRun, RoadPlan(0, (Kill("plan.after_commit"),), enforce_nonce=False, aged=True))


async def test_an_answer_is_found_again_in_a_busy_channel_without_nonces(survives: Survives) -> None:
    plan = RoadPlan(0, (Kill("action.after_send", 4),), enforce_nonce=False, crowded=True)
    await survives(RoadRun, plan)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
async def test_campaign(seed: int, survives: Survives) -> None:
    await survives(RoadRun, RoadPlan.of(seed))


def test_the_campaign_kills_at_every_fail_point_with_and_without_nonces() -> None:
    hits = Counter[tuple[str | None, bool]]()
    for plan in map(RoadPlan.of, range(RUNS)):
        hits.update((kill.point, plan.enforce_nonce) for kill in plan.kills)
    for point in FAIL_POINTS:
        assert hits[point, True] + hits[point, False] >= AT_LEAST
        assert hits[point, True]
        assert hits[point, False]
