"""`bench llm`: what a hundred requests under way to a slow model do to the event loop, ingest and heartbeats.

Discord sends messages at a steady rate, more of them requests for help than in ordinary chat, so that every
turn at the model is taken and more wait. The same flood without a model is measured beside it.
"""

import argparse
import asyncio
import itertools
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import frames, report
from benchmarks.children import PROJECT, Child, MeasurementError
from benchmarks.round import Running, running
from benchmarks.targets import Lookout

RATE = 500  # messages a second
REQUESTS = 100  # under way at a time
MODEL_SECONDS = 2.0
SECONDS = 30
HEARTBEAT_MS = 1_000  # Discord's 41 s would be one heartbeat in a measurement
HELP_SHARE = 0.5  # so that every turn at the model is taken
LATE = 0.05  # seconds that the loop may be late, at the 99th percentile
_RUN = 25  # messages sent together
_SEED = 20_160_221
_DELAYS = "event_loop_delay_seconds"
_SLACK_SECONDS = 120.0
_ALONE = {
    "LOOKOUT_NLP__ENCODER": "off",  # another process, which would take a core of its own
    "LOOKOUT_ORCHESTRATOR__CHANNEL_THROTTLE_SECONDS": "0",
    "LOOKOUT_ORCHESTRATOR__USER_COOLDOWN_SECONDS": "0",
}


@dataclass(frozen=True, slots=True)
class Load:
    """What one flood did to the bot.

    Attributes:
        ingested: messages a second from the first frame to the last row.
        p50_ms: how late the event loop was; the percentiles lie within a bucket of the histogram.
        late_share: of the looks at it that were later than LATE.
        heartbeats: that came while the flood lasted.
        missed: heartbeats that were more than half an interval late.
        longest_gap_ms: between two of them.
        most_open: requests at the model at the same time.
        answered: requests that the model answered.
        cpu_ms: processor time of the bot for each message, all that comes of it included.
    """

    name: str
    ingested: float
    p50_ms: float
    p99_ms: float
    late_share: float
    heartbeats: int
    missed: int
    longest_gap_ms: float
    most_open: int
    answered: int
    cpu_ms: float


class Asked(NamedTuple):
    """What the model is asked: so many at a time, each for so long, for replies alone or judgements too."""

    requests: int
    seconds: float
    judging: str = "embedded"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of the flood")
    parser.add_argument("--rate", type=int, default=RATE, help="messages a second")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="under way to the model at a time")
    parser.add_argument("--model-seconds", type=float, default=MODEL_SECONDS, help="of each answer")
    parser.add_argument(
        "--judging", choices=("embedded", "cascade"), default="embedded", help="whether the model judges too"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return 1 if the model's load was not reached or anything suffered."""
    asked = Asked(arguments.requests, arguments.model_seconds, arguments.judging)
    loads = asyncio.run(measure(arguments.seconds, arguments.rate, asked))
    rows = [
        (
            load.name,
            report.shown(load.ingested),
            report.shown(load.p50_ms, ".1f"),
            report.shown(load.p99_ms, ".1f"),
            f"{load.late_share:.2%}",
            f"{load.missed} of {load.heartbeats}",
            report.shown(load.longest_gap_ms),
            str(load.most_open),
            str(load.answered),
            report.shown(load.cpu_ms, ".2f"),
        )
        for load in loads
    ]
    late = f"> {LATE * 1_000:g} ms"
    beats_missed = ("missed beats", "longest ms")
    columns = ("", "stored/s", "p50 ms", "p99 ms", late, *beats_missed, "open", "answered", "CPU ms")
    report.table("The event loop beside a slow model", columns, rows)
    problems = problems_of(loads[-1], arguments.rate, arguments.requests)
    for problem in problems:
        print(problem)  # noqa: T201
    result = {"machine": report.machine(), "loads": [asdict(load) for load in loads], "problems": problems}
    report.write(arguments.json, result)
    return 1 if problems else 0


async def measure(seconds: int, rate: int, asked: Asked) -> list[Load]:
    """Return the load without a model and with one."""
    with tempfile.TemporaryDirectory(prefix="lookout-flood-") as folder:
        encode = partial(frames.encode, run_length=_RUN, help_share=HELP_SHARE)
        await asyncio.to_thread(encode, Path(folder), seconds * rate, _SEED)
        alone = await _load("no model", Path(folder), seconds * rate, rate, None, {})
        arguments = ["-m", "benchmarks.slow_model", "--seconds", str(asked.seconds)]
        async with AsyncExitStack() as stack:
            model = await stack.enter_async_context(Child("slow model", arguments, {}, PROJECT))
            listening = await model.event("listening", 30.0)
            extra = {
                "LOOKOUT_LLM__PROVIDER": "ollama",
                "LOOKOUT_LLM__OLLAMA_HOST": listening["url"],
                "LOOKOUT_LLM__OLLAMA_MODEL": listening["model"],
                "LOOKOUT_LLM__CONCURRENCY__OLLAMA": str(asked.requests),
                "LOOKOUT_LLM__QUEUE_SIZE": "10000",
                "LOOKOUT_LLM__OBSERVER_MODE": asked.judging,
            }
            name = f"{asked.requests} at a model of {asked.seconds:g} s"
            return [alone, await _load(name, Path(folder), seconds * rate, rate, model, extra)]


def problems_of(load: Load, rate: int, requests: int) -> list[str]:
    """Return what was not as promised; nothing when all was."""
    found = {
        f"The loop was later than {LATE * 1_000:g} ms at the 99th percentile.": load.p99_ms > LATE * 1_000,
        f"Ingest fell behind {rate} messages a second.": load.ingested < rate * 0.97,
        "Heartbeats were missed.": load.missed > 0 or not load.heartbeats,
        f"No more than {load.most_open} requests were under way, so this shows nothing.": load.most_open
        < requests,
    }
    return [text for text, is_so in found.items() if is_so]


def delays(before: Mapping[str, float], after: Mapping[str, float]) -> list[tuple[float, float]]:
    """Return the histogram of the delays between two scrapes: bounds in seconds and counts up to each."""
    bounds = [name for name in after if name.startswith(f"{_DELAYS}_bucket")]
    counts = [(float(name.split('"')[1]), after[name] - before.get(name, 0.0)) for name in bounds]
    return sorted(counts)


def quantile(counts: Sequence[tuple[float, float]], share: float) -> float:
    """Return the value that `share` of what a histogram counts does not exceed, its buckets evenly filled.

    Raises:
        MeasurementError: it is empty.
    """
    total = counts[-1][1] if counts else 0.0
    if not total:
        raise MeasurementError("The bot did not look at its loop: it has no event_loop_delay.")
    low, below = 0.0, 0.0
    for bound, count in counts:
        if count >= share * total:
            high = bound if bound < float("inf") else low
            return low + (high - low) * (share * total - below) / max(count - below, 1.0)
        low, below = bound, count
    return low


def beats(times_ns: Sequence[int], first_ns: int, last_ns: int) -> tuple[int, int, float]:
    """Return the heartbeats of a span, how many were missed, and the longest gap in ms, its ends included."""
    within = [each for each in times_ns if first_ns <= each <= last_ns]
    before = [each for each in times_ns if each < first_ns][-1:]
    gaps = [(b - a) / 1e6 for a, b in itertools.pairwise([*before, *within, last_ns])]
    missed = sum(max(0, int(gap / HEARTBEAT_MS + 0.5) - 1) for gap in gaps)
    return len(within), missed, max(gaps, default=0.0)


async def _load(
    name: str, folder: Path, messages: int, rate: int, model: Child | None, extra: Mapping[str, str]
) -> Load:
    options: dict[str, Any] = {"heartbeat_ms": HEARTBEAT_MS, "extra": {**_ALONE, **extra}}
    async with running(Lookout, folder, messages, **options) as it:
        target = it.target
        assert isinstance(target, Lookout)
        before, cpu = await target.metrics(), it.scale.cpu_seconds()
        await it.discord.say(f"flood {rate}")
        first = int((await it.discord.event("first_frame", 30.0))["time_ns"])
        committed = await target.committed(it.bot, messages / rate + _SLACK_SECONDS)
        last = int((await it.discord.event("last_frame", 10.0))["time_ns"])
        after, cpu = await target.metrics(), it.scale.cpu_seconds() - cpu
        return _load_of(name, it, messages, (before, after), (first, last, committed), model, cpu=cpu)


def _load_of(  # noqa: PLR0913  (all that was seen of one flood)
    name: str,
    it: Running,
    messages: int,
    scrapes: tuple[Mapping[str, float], Mapping[str, float]],
    moments: tuple[int, int, int],
    model: Child | None,
    *,
    cpu: float,
) -> Load:
    first, last, committed = moments
    counts = delays(*scrapes)
    in_time = next((count for bound, count in counts if bound >= LATE), 0.0)
    times = [int(event["time_ns"]) for event in it.discord.events if event["event"] == "heartbeat"]
    heartbeats, missed, longest = beats(times, first, last)
    opened = [int(event["most"]) for event in model.events if event["event"] == "open"] if model else []
    answered = sum(
        value
        for key, value in scrapes[1].items()
        if key.startswith("llm_calls_total{") and 'provider="ollama"' in key and 'outcome="answered"' in key
    )
    return Load(
        name=name,
        ingested=messages / ((committed - first) / 1e9),
        p50_ms=quantile(counts, 0.5) * 1_000,
        p99_ms=quantile(counts, 0.99) * 1_000,
        late_share=1 - in_time / counts[-1][1],
        heartbeats=heartbeats,
        missed=missed,
        longest_gap_ms=longest,
        most_open=max(opened, default=0),
        answered=int(answered),
        cpu_ms=cpu / messages * 1_000,
    )
