"""`bench startup`: from spawning a bot to its being ready, and what it weighs then.

A bare discord.py bot counts as ready when Discord has sent it its guild: its own `on_ready` always waits
`guild_ready_timeout` (2 s) longer for guilds that might follow. Lookout counts as ready when its /readyz
says so, too.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import frames, report
from benchmarks.round import running
from benchmarks.targets import TARGETS

RUNS = 5
_BASE = "nothing"
_MEASURED = (_BASE, "lookout")


@dataclass(frozen=True, slots=True)
class Start:
    """One start; seconds and MB."""

    target: str
    round: int
    seconds: float
    megabytes: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", choices=_MEASURED, action="append", help="may be given several times")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return the exit code."""
    names = [name for name in _MEASURED if not arguments.only or name in arguments.only]
    result = summary(asyncio.run(measure(names, arguments.runs)))
    rows = [
        (
            name,
            report.shown(median["seconds"], ".2f"),
            report.shown(median["to_bare"], ".2f"),
            report.shown(median["megabytes"]),
        )
        for name, median in result["medians"].items()
    ]
    report.table("Start to ready, medians", ("bot", "seconds", "x bare bot", "MB"), rows)
    report.write(arguments.json, result)
    return 0


async def measure(names: Sequence[str], runs: int) -> list[Start]:
    """Return the starts, interleaved; one uncounted before them warms bytecode, disk cache and database."""
    starts = []
    with tempfile.TemporaryDirectory(prefix="lookout-flood-") as folder:
        frames.encode(Path(folder), 1, 1)
        for round_number in range(-1, runs):
            for name in names:
                extra = {"PYTHONDONTWRITEBYTECODE": "", "DB_PATH": str(Path(folder, f"{name}.db"))}
                async with running(TARGETS[name], Path(folder), 1, extra=extra) as it:
                    seconds = it.identified_seconds if name == _BASE else it.ready_seconds
                    if round_number >= 0:
                        starts.append(Start(name, round_number, seconds, it.ready_mb))
    return starts


def summary(starts: Sequence[Start]) -> dict[str, Any]:
    """Return medians per bot and all starts; `to_bare` is the median of the ratios within each round."""
    bare = {start.round: start.seconds for start in starts if start.target == _BASE}
    medians = {}
    for name in dict.fromkeys(start.target for start in starts):
        own = [start for start in starts if start.target == name]
        medians[name] = {
            "seconds": report.median_of(own, lambda start: start.seconds),
            "megabytes": report.median_of(own, lambda start: start.megabytes),
            "to_bare": report.median_of(
                [start for start in own if start.round in bare],
                lambda start: start.seconds / bare[start.round],
            ),
        }
    return {"machine": report.machine(), "medians": medians, "starts": [asdict(start) for start in starts]}
