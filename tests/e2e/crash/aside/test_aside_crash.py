"""The bot is killed at every fail point beside the road: nothing is lost, doubled or left half done."""

import pytest

from tests.e2e.crash.aside.harness import POINTS, AsidePlan, AsideRun
from tests.e2e.crash.conftest import Survives
from tests.e2e.crash.harness import check_hits, needs_kills

RUNS = 60
AT_LEAST = 5  # kills of the campaign at each fail point
pytestmark = needs_kills


# Several kills in each run: what takes time are the starts of the bot.
SHORT = {
    "suggestions": AsidePlan.short(
        0, "action.after_send", "suggestion.after_decide", "suggestion.after_settle",
        "suggestion.after_dismiss", "suggestion.after_show",
    ),
    "calls": AsidePlan.short(
        1, "summons.after_row", "summons.after_read", "summons.after_commit", suggests=False
    ),
    "leaks": AsidePlan.short(
        2, "leak.before_row", "leak.after_row", "action.before_send", "action.after_record", suggests=False
    ),
}  # fmt: skip


@pytest.mark.parametrize("plan", SHORT.values(), ids=SHORT)
async def test_nothing_beside_the_road_is_lost_or_done_twice_after_a_kill(
    plan: AsidePlan, survives: Survives
) -> None:
    await survives(AsideRun, plan)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
async def test_aside_campaign(seed: int, survives: Survives) -> None:
    await survives(AsideRun, AsidePlan.of(seed))


def test_each_fail_point_beside_the_road_kills_always_and_in_the_campaign_often() -> None:
    check_hits(POINTS, SHORT.values(), map(AsidePlan.of, range(RUNS)), AT_LEAST)
