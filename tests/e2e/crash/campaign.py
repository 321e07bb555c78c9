"""Many runs with their figures: how often the bot died where, and what came of it."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.db.engine import create_engine
from bot.db.schema import prepare_database
from bot.services.failpoints import FAIL_POINTS, TICKET_FAIL_POINTS
from sandbox.client import SandboxClient
from tests.e2e.crash.aside.harness import POINTS as ASIDE_POINTS
from tests.e2e.crash.aside.harness import AsidePlan, AsideRun
from tests.e2e.crash.harness import Outcome, Plan, Run, play
from tests.e2e.crash.road.harness import RoadPlan, RoadRun
from tests.e2e.crash.summaries.harness import POINTS as SUMMARY_POINTS
from tests.e2e.crash.summaries.harness import SummaryPlan, SummaryRun
from tests.e2e.crash.tickets.harness import TicketPlan, TicketRun
from tests.e2e.crash.verdict import KINDS


@dataclass(frozen=True)
class Kind:
    """What a campaign is about: its fail points, how a run is played, and the plan of a seed."""

    points: tuple[str, ...]
    run: type[Run[Any]]
    plan_of: Callable[[int], Plan]


ROAD = Kind(FAIL_POINTS, RoadRun, RoadPlan.of)
TICKETS = Kind(TICKET_FAIL_POINTS, TicketRun, TicketPlan.of)
SUMMARIES = Kind(SUMMARY_POINTS, SummaryRun, SummaryPlan.of)
ASIDE = Kind(ASIDE_POINTS, AsideRun, AsidePlan.of)


async def run(kind: Kind, seeds: Iterable[int], parallel: int, folder: Path) -> list[Outcome]:
    """Play the plans of `seeds`, `parallel` at a time, and tell of each when it is over."""
    template = folder / "empty.db"
    engine = create_engine(f"sqlite+aiosqlite:///{template}")
    await prepare_database(engine, datetime.now(UTC))
    await engine.dispose()
    waiting, outcomes = iter(seeds), list[Outcome]()

    async def play_some() -> None:
        async with await SandboxClient.launch() as sandbox:
            for seed in waiting:
                plan = kind.plan_of(seed)
                outcomes.append(await play(kind.run, plan, sandbox.ready, folder / str(seed), template))
                _tell(outcomes[-1])

    async with asyncio.TaskGroup() as group:
        for _ in range(parallel):
            group.create_task(play_some())
    return outcomes


def _tell(outcome: Outcome) -> None:
    faults = outcome.faults()
    kills = ", ".join(outcome.killed_at)
    _print(f"seed {outcome.plan.seed}: {'FAILED' if faults else 'ok'}; killed at {kills}")
    for fault in faults:
        _print(f"    {fault}")


def _figures(kind: Kind, outcomes: list[Outcome], seconds: float) -> Iterator[tuple[str, object]]:
    kills = Counter(point for outcome in outcomes for point in outcome.killed_at)
    yield "runs", len(outcomes)
    yield "failed seeds", [outcome.plan.seed for outcome in outcomes if outcome.faults()]
    yield "without nonces", sum(not outcome.plan.enforce_nonce for outcome in outcomes)
    yield "messages", sum(outcome.messages for outcome in outcomes)
    yield "posted by the bot", sum(outcome.answers for outcome in outcomes)
    for name in KINDS:
        yield name, sum(len(getattr(outcome.verdict, name)) for outcome in outcomes)
    yield "other faults", sum(len(outcome.errors) for outcome in outcomes)
    yield "kills", sum(kills.values())
    yield "kills by point", dict(kills.most_common())
    yield "points never hit", [point for point in kind.points if not kills[point]]
    yield "seconds", round(seconds)


def main() -> int:
    """Run the campaign, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--tickets", action="store_true", help="the life of tickets, not the main road")
    parser.add_argument("--summaries", action="store_true", help="the daily post and alerts")
    parser.add_argument("--aside", action="store_true", help="suggestions, calls by reaction, warnings")
    options = parser.parse_args()
    chosen = ((options.tickets, TICKETS), (options.summaries, SUMMARIES), (options.aside, ASIDE))
    kind = next((each for wanted, each in chosen if wanted), ROAD)
    folder = Path(tempfile.mkdtemp(prefix="lookout-crash-"))
    started = time.monotonic()
    seeds = range(options.first, options.first + options.runs)
    outcomes = asyncio.run(run(kind, seeds, options.parallel, folder))
    figures = dict(_figures(kind, outcomes, time.monotonic() - started))
    _print(json.dumps(figures, indent=2))
    missed = bool(figures["points never hit"]) and options.runs >= len(kind.points)
    return int(missed or bool(figures["failed seeds"]))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
