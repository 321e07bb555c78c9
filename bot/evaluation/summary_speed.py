"""How long the topics of many messages take, how much memory, and how late the event loop is meanwhile.

Run as `python -m` by the benchmark, in a process of its own: messages come as JSON on stdin, figures go to
stdout.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final

from bot.domain.summaries import Line
from bot.nlp.digest import extract_topics

_EVERY: Final = 0.02  # seconds between two looks at the loop
_START: Final = datetime(2026, 1, 5, tzinfo=UTC)
_IDLE_SECONDS: Final = 3.0
_WARM: Final = 50  # messages that are summarized before, so that all is loaded


def lines_of(messages: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Return messages (author, channel, text, seconds since the first, asks) as a summary reads them."""
    return [
        Line(
            message_id=place,
            channel_id=int(each["channel"]),
            thread_id=None,
            author_id=int(each["author"]),
            author_name=f"member {each['author']}",
            text=str(each["text"]),
            at=_START + timedelta(seconds=float(each["seconds"])),
            intent="help_request" if each["asks"] else "other",
        )
        for place, each in enumerate(messages, 1)
    ]


async def measured(lines: Sequence[Line], idle_seconds: float = _IDLE_SECONDS) -> dict[str, float]:
    """Return the figures of one summary, made in a thread beside the loop."""
    extract_topics(lines[:_WARM])
    delays: list[float] = []
    looking = asyncio.create_task(_look(delays))
    await asyncio.sleep(idle_seconds)
    idle = sorted(delays) or [0.0]
    delays.clear()
    before, cpu, begun = _peak_mb(), time.process_time(), time.perf_counter()
    topics = await asyncio.to_thread(extract_topics, lines)
    took, spent = time.perf_counter() - begun, time.process_time() - cpu
    looking.cancel()
    ordered = sorted(delays) or [0.0]
    return {
        "messages": len(lines),
        "topics": len(topics),
        "seconds": took,
        "cpu_seconds": spent,
        "added_mb": _peak_mb() - before,
        "p99_ms": 1_000 * ordered[int(0.99 * (len(ordered) - 1))],
        "latest_ms": 1_000 * ordered[-1],
        "idle_p99_ms": 1_000 * idle[int(0.99 * (len(idle) - 1))],
    }


async def _look(delays: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(_EVERY)
        delays.append(time.perf_counter() - begun - _EVERY)


def _peak_mb() -> float:
    """Return the most memory this process ever held, in MB (10^6 bytes); NaN where nothing tells."""
    try:
        resource = import_module("resource")
    except ImportError:  # on Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) * (1 if sys.platform == "darwin" else 1_024) / 1e6


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(measured(lines_of(json.load(sys.stdin))))))
