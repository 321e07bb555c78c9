"""The bot is killed at every fail point of a ticket's life: nothing is lost, stuck, said or pinged twice."""

import pytest

from bot.services.failpoints import TICKET_FAIL_POINTS
from tests.e2e.crash.conftest import Survives
from tests.e2e.crash.harness import check_hits, needs_kills
from tests.e2e.crash.tickets.harness import TicketPlan, TicketRun

RUNS = 100
AT_LEAST = 6  # kills of the campaign at each fail point
pytestmark = needs_kills


# Several kills in each run: what takes time are the starts of the bot.
SHORT = {
    "opening and talk": TicketPlan.short(
        0, "ticket.after_row", "ticket.after_thread", "hearing.before_commit", "hearing.after_commit",
        "answer.after_decide", "answer.after_post",
    ),
    "private": TicketPlan.short(1, "ticket.before_card", "handover.after_commit", private=True),
    "hand-over": TicketPlan.short(2, "handover.before_call", "handover.after_call"),
    "ping in the ticket": TicketPlan.short(3, "handover.after_call", staffed=False),
    "closing": TicketPlan.short(
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
    check_hits(TICKET_FAIL_POINTS, SHORT.values(), map(TicketPlan.of, range(RUNS)), AT_LEAST)
