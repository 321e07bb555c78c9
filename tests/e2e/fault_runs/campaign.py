"""Many runs with their figures: which faults there were, and what came of them."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from multiprocessing import get_context
from pathlib import Path

from bot.db.engine import create_engine
from bot.db.schema import prepare_database
from tests.e2e.fault_runs.runs import Outcome, play, play_bare
from tests.e2e.fault_runs.schedule import counts, schedule


async def _empty_database(path: Path) -> None:
    engine = create_engine(f"sqlite+aiosqlite:///{path}")
    await prepare_database(engine, datetime.now(UTC))
    await engine.dispose()


def _play(seed: int, bare: bool, folder: Path) -> Outcome:
    """Play one run in this process, quietly."""
    with redirect_stderr(StringIO()):
        if bare:
            return asyncio.run(play_bare(seed))
        (folder / str(seed)).mkdir()
        return asyncio.run(play(seed, folder / str(seed), folder / "empty.db"))


def run(seeds: Iterable[int], parallel: int, folder: Path, *, bare: bool) -> Iterator[Outcome]:
    """Play the schedules of `seeds`, `parallel` at a time, each process one after the other."""
    asyncio.run(_empty_database(folder / "empty.db"))
    with ProcessPoolExecutor(parallel, get_context("spawn")) as pool:
        yield from pool.map(partial(_play, bare=bare, folder=folder), seeds)


def _tell(outcome: Outcome) -> None:
    if not outcome.faults():
        return
    _print(f"seed {outcome.schedule.seed} FAILED after {outcome.seconds:.1f} s")
    for fault in outcome.faults():
        _print(f"    {fault}")
    _print(str(outcome.schedule))


def _figures(outcomes: list[Outcome], seconds: float) -> Iterator[tuple[str, object]]:
    yield "runs", len(outcomes)
    yield "failed seeds", [outcome.schedule.seed for outcome in outcomes if outcome.faults()]
    yield "what happened", dict(sum((outcome.figures for outcome in outcomes), Counter()).most_common())
    for name in vars(outcomes[0].verdict):
        yield name, sum(len(getattr(outcome.verdict, name)) for outcome in outcomes)
    yield "other faults", sum(len(outcome.errors) for outcome in outcomes)
    yield "longest run", round(max(outcome.seconds for outcome in outcomes), 1)
    yield "seconds", round(seconds)


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def main() -> int:
    """Run the campaign, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.fault_runs", description=__doc__)
    parser.add_argument("--runs", type=_at_least_one, default=200)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--parallel", type=_at_least_one, default=2)
    parser.add_argument("--bare", action="store_true", help="a bare discord.py client in place of the bot")
    parser.add_argument("--table", action="store_true", help="only print how often each step occurs")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.runs)
    if options.table:
        for label, number in counts(schedule(seed, bare=options.bare) for seed in seeds).most_common():
            _print(f"{number:6} {label}")
        return 0
    started, outcomes = time.monotonic(), list[Outcome]()
    with tempfile.TemporaryDirectory(prefix="lookout-faults-") as folder:
        for outcome in run(seeds, options.parallel, Path(folder), bare=options.bare):
            _tell(outcome)
            outcomes.append(outcome)
    figures = dict(_figures(outcomes, time.monotonic() - started))
    _print(json.dumps(figures, indent=2))
    return int(bool(figures["failed seeds"]))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
