"""Many runs with their figures: how often the bot died where, and what came of it."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.db.engine import create_engine
from bot.db.schema import prepare_database
from bot.services.failpoints import FAIL_POINTS, TICKET_FAIL_POINTS
from sandbox.client import SandboxClient
from tests.e2e.crash import harness
from tests.e2e.crash.summaries import harness as summaries
from tests.e2e.crash.tickets import harness as tickets

Outcome = harness.Outcome | tickets.Outcome | summaries.Outcome


@dataclass(frozen=True)
class Kind:
    """What a campaign is about: its fail points, how a seed is played, and what a verdict counts."""

    points: tuple[str, ...]
    play: Callable[[int, dict[str, Any], Path, Path], Awaitable[Outcome]]
    counted: tuple[str, ...]


ROAD = Kind(
    FAIL_POINTS,
    lambda seed, *more: harness.play(harness.Plan.of(seed), *more),
    ("lost", "kept", "stuck", "twice", "unanswered", "stray"),
)
TICKETS = Kind(
    TICKET_FAIL_POINTS,
    lambda seed, *more: tickets.play(tickets.TicketPlan.of(seed), *more),
    ("lost", "stuck", "twice", "unanswered", "stray"),
)
SUMMARIES = Kind(
    summaries.POINTS,
    lambda seed, *more: summaries.play(summaries.SummaryPlan.of(seed), *more),
    ("lost", "stuck", "twice", "stray"),
)


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
                outcomes.append(await kind.play(seed, sandbox.ready, folder / str(seed), template))
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
    for name in kind.counted:
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
    options = parser.parse_args()
    kind = TICKETS if options.tickets else SUMMARIES if options.summaries else ROAD
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
