"""The bot is killed at every fail point of a ticket's life: nothing is lost, stuck, said or pinged twice."""

from collections import Counter
from typing import Any

import pytest

from bot.services.failpoints import TICKET_FAIL_POINTS
from tests.e2e.crash.conftest import Survives
from tests.e2e.crash.harness import Kill, needs_kills
from tests.e2e.crash.tickets.harness import TicketPlan, TicketRun

RUNS = 100
AT_LEAST = 6  # kills of the campaign at each fail point
pytestmark = needs_kills


def _plan(number: int, *points: str, **more: Any) -> TicketPlan:
    return TicketPlan(1_000 + number, tuple(map(Kill.at, points)), enforce_nonce=False, **more)


# Several kills in each run: what takes time are the starts of the bot.
SHORT = {
    "opening and talk": _plan(
        0, "ticket.after_row", "ticket.after_thread", "hearing.before_commit", "hearing.after_commit",
        "answer.after_decide", "answer.after_post",
    ),
    "private": _plan(1, "ticket.before_card", "handover.after_commit", private=True),
    "hand-over": _plan(2, "handover.before_call", "handover.after_call"),
    "ping in the ticket": _plan(3, "handover.after_call", staffed=False),
    "closing": _plan(
        4, "closing.after_commit", "delivery.after_begin", "delivery.after_post:2", "closing.before_show",
        "closing.before_end",
    ),
}  # fmt: skip


@pytest.mark.parametrize("plan", SHORT.values(), ids=SHORT)
async def test_no_ticket_is_lost_stuck_or_served_twice_after_a_kill(
    plan: TicketPlan, survives: Survives
) -> None:
    await survives(TicketRun, plan)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(RUNS))
async def test_ticket_campaign(seed: int, survives: Survives) -> None:
    await survives(TicketRun, TicketPlan.of(seed))


def test_each_fail_point_of_tickets_kills_always_and_in_the_campaign_often() -> None:
    points = [kill.point for plan in SHORT.values() for kill in plan.kills]
    assert set(points) == set(TICKET_FAIL_POINTS)
    hits = Counter(kill.point for plan in map(TicketPlan.of, range(RUNS)) for kill in plan.kills)
    for point in TICKET_FAIL_POINTS:
        assert hits[point] >= AT_LEAST, point
