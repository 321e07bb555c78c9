"""`bench latency`: from a help request's leaving Discord to the bot's reply arriving there, over loopback.

Every request comes from its own author in its own channel, one after another, each waiting for the reply to
the one before; the throttles are off. A request without a reply in time counts as a failure, not as slow.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import frames, payloads, report
from benchmarks.round import Running, running
from benchmarks.targets import TARGETS

REQUESTS = 200
_REPLY_SECONDS = 5.0
_NO_THROTTLES = {
    "LOOKOUT_ORCHESTRATOR__CHANNEL_THROTTLE_SECONDS": "0",
    "LOOKOUT_ORCHESTRATOR__USER_COOLDOWN_SECONDS": "0",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return 1 if a request stayed without a reply."""
    result = summary(asyncio.run(measure("lookout", arguments.requests)))
    row = (
        str(result["requests"]),
        str(result["unanswered"]),
        _shown(result["p50_ms"]),
        _shown(result["p95_ms"]),
    )
    report.table("Message to reply over loopback", ("requests", "unanswered", "p50 ms", "p95 ms"), [row])
    report.write(arguments.json, result)
    return 1 if result["unanswered"] else 0


async def measure(name: str, requests: int) -> list[float | None]:
    """Return the milliseconds to each reply, None where none came."""
    with tempfile.TemporaryDirectory(prefix="lookout-flood-") as folder:
        frames.encode(Path(folder), 1, 1)
        options: dict[str, Any] = {"channels": requests, "extra": _NO_THROTTLES}
        async with running(TARGETS[name], Path(folder), 1, **options) as it:
            first_channel = payloads.CHANNEL_IDS[-1] + 1
            return [await _ask(it, first_channel + number, number) for number in range(requests)]


def summary(waits: Sequence[float | None]) -> dict[str, Any]:
    """Return the percentiles of the replies that came, and how many did not."""
    came = [wait for wait in waits if wait is not None]
    return {
        "machine": report.machine(),
        "requests": len(waits),
        "unanswered": len(waits) - len(came),
        "p50_ms": report.percentile(came, 0.50) if came else None,
        "p95_ms": report.percentile(came, 0.95) if came else None,
        "waits_ms": list(waits),
    }


async def _ask(it: Running, channel_id: int, number: int) -> float | None:
    text = f"Hi, can anyone help me? How do I change setting number {number} of the server?"
    await it.discord.say(f"message {channel_id} {text}")
    sent = await it.discord.event("message", _REPLY_SECONDS, skip=number)
    reply = await it.discord.match("posted", _REPLY_SECONDS, reference=sent["message_id"])
    return None if reply is None else (int(reply["time_ns"]) - int(sent["time_ns"])) / 1e6


def _shown(value: float | None) -> str:
    return report.shown(value, ".1f")
