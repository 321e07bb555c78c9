"""`bench ingest`: messages a second from the gateway to committed, and to tagged and decided.

Rounds are interleaved (every bot once, then again), so that a busy moment of the machine hits all of them; a
ratio is taken within its round, and medians come last.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import frames, report
from benchmarks.round import Running, running
from benchmarks.targets import TARGETS, Finish

MESSAGES = 100_000
SLOWEST_PER_SECOND = 200  # a bot slower than this has hung
_WEIGH_SECONDS = 0.25
_SEED = 20_160_221


@dataclass(frozen=True, slots=True)
class Sample:
    """What one bot did in one round; rates are messages per second, memory MB, times seconds."""

    target: str
    round: int
    committed: float
    decided: float | None
    ready_seconds: float
    ready_mb: float
    peak_mb: float
    cpu_us: float  # processor time a message, all threads
    spin_ms: float  # how slow the machine was just before


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--runs", type=int, default=1, help="rounds; the medians are shown")
    parser.add_argument("--only", choices=sorted(TARGETS), action="append", help="may be given several times")
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample and the medians there")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return the exit code."""
    names = [name for name in TARGETS if not arguments.only or name in arguments.only]
    samples = asyncio.run(measure(names, arguments.messages, arguments.runs, arguments.seed))
    result = summary(samples, arguments.messages)
    _print(result)
    report.write(arguments.json, result)
    return 0


async def measure(names: Sequence[str], messages: int, runs: int, seed: int = _SEED) -> list[Sample]:
    """Return a sample for every named bot and round, in the order they were taken."""
    samples = []
    with tempfile.TemporaryDirectory(prefix="lookout-flood-") as folder:
        await asyncio.to_thread(frames.encode, Path(folder), messages, seed)
        for round_number in range(runs):
            for name in names:
                samples.append(await _sample(name, Path(folder), messages, round_number))  # noqa: PERF401
    return samples


def summary(samples: Sequence[Sample], messages: int) -> dict[str, Any]:
    """Return the medians per bot, the ratios to the baselines, and all samples."""
    medians = {}
    for name in dict.fromkeys(sample.target for sample in samples):
        own = [sample for sample in samples if sample.target == name]
        medians[name] = {
            "committed": report.median_of(own, lambda sample: sample.committed),
            "decided": report.median_of(own, lambda sample: sample.decided),
            "ready_seconds": report.median_of(own, lambda sample: sample.ready_seconds),
            "ready_mb": report.median_of(own, lambda sample: sample.ready_mb),
            "peak_mb": report.median_of(own, lambda sample: sample.peak_mb),
            "cpu_us": report.median_of(own, lambda sample: sample.cpu_us),
            "to_nothing": _ratio(own, samples, "nothing"),
            "to_one_hour": _ratio(own, samples, "one-hour"),
        }
    return {
        "messages": messages,
        "machine": report.machine(),
        "medians": medians,
        "samples": [asdict(sample) for sample in samples],
    }


def _ratio(own: Sequence[Sample], samples: Sequence[Sample], baseline: str) -> float | None:
    """Return the median over the rounds of this bot's (slower) rate by the baseline's in the same round."""
    rates = {sample.round: sample.committed for sample in samples if sample.target == baseline}
    return report.median_of(
        [sample for sample in own if sample.round in rates],
        lambda sample: min(sample.committed, sample.decided or sample.committed) / rates[sample.round],
    )


async def _sample(name: str, folder: Path, messages: int, round_number: int) -> Sample:
    spin = report.spin_ms()
    async with running(TARGETS[name], folder, messages) as it:
        used = it.scale.cpu_seconds()
        first, finish = await _flood(it, messages)
        used = it.scale.cpu_seconds() - used
        it.discord.check()
        return Sample(
            target=name,
            round=round_number,
            committed=messages / ((finish.committed_ns - first) / 1e9),
            decided=messages / ((finish.decided_ns - first) / 1e9) if finish.decided_ns else None,
            ready_seconds=it.ready_seconds,
            ready_mb=it.ready_mb,
            peak_mb=it.scale.peak(),
            cpu_us=used / messages * 1e6,
            spin_ms=spin,
        )


async def _flood(it: Running, messages: int) -> tuple[int, Finish]:
    """Let it flood; return when the first frame left (`time_ns`) and when the bot was through."""
    weighing = asyncio.create_task(_weigh(it))
    try:
        await it.discord.say("flood")
        first = int((await it.discord.event("first_frame", 30.0))["time_ns"])
        timeout = 30.0 + messages / SLOWEST_PER_SECOND
        return first, await it.target.finished(it.bot, timeout)
    finally:
        weighing.cancel()
        await asyncio.gather(weighing, return_exceptions=True)


async def _weigh(it: Running) -> None:
    while True:
        it.scale.weigh()
        await asyncio.sleep(_WEIGH_SECONDS)


def _print(result: dict[str, Any]) -> None:
    rows = [
        (
            name,
            report.shown(median["committed"]),
            report.shown(median["decided"]),
            report.shown(median["to_nothing"], ".2f"),
            report.shown(median["to_one_hour"], ".2f"),
            report.shown(median["ready_seconds"], ".2f"),
            report.shown(median["ready_mb"]),
            report.shown(median["peak_mb"]),
            report.shown(median["cpu_us"]),
        )
        for name, median in result["medians"].items()
    ]
    columns = ("bot", "stored/s", "decided/s", "/nothing", "/hour", "start s", "MB", "peak MB", "CPU µs")
    report.table(f"{result['messages']:,} messages, medians", columns, rows)
