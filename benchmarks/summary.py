"""`bench summary`: what the summary of many messages takes without a language model, in time and memory.

A fresh process makes the topics in a thread beside its event loop, as the bot does where it can't have them
made in another process; how late that loop is meanwhile, and how late before, with nothing to do, is looked
at every 20 ms. Then the bot itself makes and posts the summary of as many messages, while others come in
(`benchmarks/summary_load.py`).
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from benchmarks import report, summary_load
from benchmarks.children import PROJECT, MeasurementError
from benchmarks.summary_load import RATE
from benchmarks.texts import texts

MESSAGES = 10_000
RUNS = 3
SECONDS = 5.0
MEGABYTES = 300.0
LATE_MS = 50.0
_SEED = 20_160_221
_CHANNELS = 14
_MEMBERS = 300
_EVERY_SECONDS = 8.0  # a message, so that the messages are a day's
_ASKS = 0.08
_TIMEOUT = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument(
        "--rate", type=int, default=RATE, help="messages a second while the bot posts it; 0: not measured"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return 1 if the medians are above what they may be."""
    runs = [measure(arguments.messages) for _ in range(arguments.runs)]
    columns = ("messages", "topics", "seconds", "CPU s", "MB more", "p99 ms", "latest ms", "idle p99 ms")
    names = ("messages", "topics", "seconds", "cpu_seconds", "added_mb", "p99_ms", "latest_ms", "idle_p99_ms")
    digits = (",.0f", ".0f", ".2f", ".2f", ".0f", ".1f", ".1f", ".1f")
    rows = [
        [report.shown(each[name], digit) for name, digit in zip(names, digits, strict=True)] for each in runs
    ]
    report.table("Topics without a language model", columns, rows)
    loads = [
        measured_load(arguments.messages, arguments.rate)
        for _ in range(arguments.runs if arguments.rate else 0)
    ]
    if loads:
        load_table(loads, arguments.rate)
    problems = [
        *problems_of(runs),
        *(f"While messages come in: {each}" for each in (problems_of(loads) if loads else ())),
    ]
    for problem in problems:
        print(problem)  # noqa: T201
    report.write(
        arguments.json, {"machine": report.machine(), "runs": runs, "loads": loads, "problems": problems}
    )
    return 1 if problems else 0


def measured_load(messages: int, rate: int) -> dict[str, float]:
    """Return the figures of one run beside messages that come in, with the machine's load before it."""
    load = report.machine()["load"]
    return {"load": load, **asdict(summary_load.measure(messages, rate))}


def load_table(loads: Sequence[dict[str, float]], rate: int) -> None:
    """Print what the bot took."""
    shown = (
        ("load before", "load", ".1f"),
        ("messages", "read", ",.0f"),
        ("made s", "seconds", ".2f"),
        ("posted s", "posted_seconds", ".2f"),
        ("CPU s", "cpu_seconds", ".2f"),
        ("MB more", "added_mb", ".0f"),
        ("p99 ms", "p99_ms", ".1f"),
        ("p99 ms before", "alone_p99_ms", ".1f"),
        ("stored/s", "stored", ".0f"),
    )
    rows = [[report.shown(each[name], digits) for _, name, digits in shown] for each in loads]
    report.table(f"The bot's post, {rate} messages a second coming in", [each[0] for each in shown], rows)


def measure(messages: int) -> dict[str, float]:
    """Return the figures of one run.

    Raises:
        MeasurementError: the process failed; the text has its last words.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bot.evaluation.summary_speed"],
        input=json.dumps(day(messages)),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise MeasurementError(f"Making topics failed: {done.stderr[-1_000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def day(messages: int) -> list[dict[str, Any]]:
    """Return made-up messages of some channels, a reply to somebody by name among every four."""
    random = Random(_SEED)  # noqa: S311
    found = []
    for at, text in enumerate(texts(messages, _SEED)):
        named = f"member {random.randrange(_MEMBERS)}: " if random.random() < 1 / 4 else ""
        found.append(
            {
                "author": random.randrange(_MEMBERS),
                "channel": 1 + random.randrange(_CHANNELS),
                "text": named + text,
                "seconds": at * _EVERY_SECONDS,
                "asks": random.random() < _ASKS,
            }
        )
    return found


def problems_of(runs: Sequence[dict[str, float]]) -> list[str]:
    """Return what was not as promised; nothing when all was."""
    limits = (
        ("seconds", SECONDS, "It took longer than {:g} s."),
        ("added_mb", MEGABYTES, "It took more than {:g} MB."),
        ("p99_ms", LATE_MS, "The loop was later than {:g} ms at the 99th percentile."),
    )
    return [
        text.format(limit)
        for name, limit, text in limits
        if statistics.median(each[name] for each in runs) > limit
    ]
