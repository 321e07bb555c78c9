"""The bot is killed at every fail point of the daily post and of alerts: each is there once all the same."""

import pytest

from tests.e2e.crash.conftest import Survives
from tests.e2e.crash.harness import check_hits, needs_kills
from tests.e2e.crash.summaries.harness import POINTS, SummaryPlan, SummaryRun

RUNS = 78
AT_LEAST = 6  # kills of the campaign at each fail point
pytestmark = needs_kills


# Several kills in each run: what takes time are the starts of the bot.
SHORT = {
    "post": SummaryPlan.short(
        0, "summary.after_begin", "summary.after_make", "summary.after_keep", "summary.after_row",
        "summary.after_post", "alarm.after_row", "alarm.after_post", "summary.before_finish",
    ),
    "direct messages": SummaryPlan.short(1, "summary.after_row:2", "summary.after_post", direct=True),
    "alerts": SummaryPlan.short(
        2, "nudge.after_row", "nudge.after_post", "incident.after_open", "incident.after_post",
        "incident.after_edit",
    ),
}  # fmt: skip


@pytest.mark.parametrize("plan", SHORT.values(), ids=SHORT)
async def test_no_day_is_told_twice_or_left_out_after_a_kill_and_no_fault_either(
    plan: SummaryPlan, survives: Survives
) -> None:
    await survives(SummaryRun, plan)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
async def test_summary_campaign(seed: int, survives: Survives) -> None:
    await survives(SummaryRun, SummaryPlan.of(seed))


def test_each_fail_point_of_summaries_kills_always_and_in_the_campaign_often() -> None:
    check_hits(POINTS, SHORT.values(), map(SummaryPlan.of, range(RUNS)), AT_LEAST)
