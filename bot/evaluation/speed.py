"""How fast a judge is and how much memory it takes, measured in a fresh process.

That process is this module too (`python -m`), so nothing is imported here that counts as the judge's memory.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

BATCH: Final = 256  # messages, about what the ingest takes at once in a flood
_SINGLY: Final = 2_000  # messages judged one by one
_MAX_TEXTS: Final = 20_000
_ROOT: Final = Path(__file__).resolve().parents[2]
# The settings by which NumPy's and torch's libraries choose their threads.
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Where there are no logs: lines of the kind, so that there is a figure at all.
_OWN: Final = (
    "anyone know how to keep the settings when moving to another disk?",
    "morning all",
    "it crashes as soon as i open the second window, says code 0x1f",
    "lol same",
    "did you restart after the update?",
    "thanks, that was it",
    "the build is green again, docs follow tomorrow",
    "no idea, never used that one",
)


class Speed(NamedTuple):
    """What was measured."""

    messages: int
    throughput: dict[str, float]  # messages a second; microseconds
    memory: dict[str, float]  # MB


@cache
def measure(mode: str, cores: int | None, texts: tuple[str, ...], seconds: float = 3.0) -> Speed:
    """Return the speed and memory of a mode; once for each, whoever asks.

    Args:
        mode: the judge's name.
        cores: how many processor cores it may use; None for all.
        texts: messages to judge, at best real ones; for none some lines of our own.
        seconds: how long each of the two measurements takes.

    Raises:
        subprocess.CalledProcessError: the process failed; it has said why on stderr.
    """
    environment = dict(os.environ)
    if cores is not None:
        environment |= dict.fromkeys(_THREADS, str(cores))
    job = json.dumps(
        {"mode": mode, "cores": cores, "texts": texts[:_MAX_TEXTS] or _OWN * BATCH, "seconds": seconds}
    )
    command = [sys.executable, "-m", __name__]
    done = subprocess.run(  # noqa: S603
        command, input=job, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    found = Speed(**json.loads(done.stdout))
    found.throughput["made_up_lines"] = float(not texts)
    return found


def _measure_here(mode: str, cores: int | None, texts: Sequence[str], seconds: float) -> Speed:
    if cores is not None and sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    before = _resident()
    from bot.evaluation.judge import load_judge
    from bot.evaluation.metrics import percentiles

    judge = load_judge(mode)
    judge.judge(texts[:BATCH])  # what is loaded only when it is needed
    after = _resident()
    # On one core the process's own time is what it takes, whatever else the machine does.
    clock = time.process_time if cores == 1 else time.perf_counter
    done, started = 0, clock()
    while (took := clock() - started) < seconds:
        at = done % len(texts)
        batch = texts[at : at + BATCH]
        judge.judge(batch)
        done += len(batch)
    middle, high = percentiles(_one_by_one(judge.judge, texts[:_SINGLY], seconds))
    return Speed(
        messages=done,
        throughput={
            "messages_per_second": done / took,
            "p50_us": middle,
            "p95_us": high,
            "cores": float(cores or os.cpu_count() or 1),
        },
        memory={"rss_before_mb": before, "rss_after_mb": after, "rss_added_mb": after - before},
    )


def _one_by_one(
    judge: Callable[[Sequence[str]], object], texts: Sequence[str], seconds: float
) -> list[float]:
    """Return the microseconds that each of `texts` took by itself, until the time is up."""
    found: list[float] = []
    deadline = time.perf_counter() + seconds
    for text in texts:
        started = time.perf_counter()
        judge([text])
        ended = time.perf_counter()
        found.append((ended - started) * 1e6)
        if ended > deadline:
            break
    return found


def _resident() -> float:
    """Return this process's resident memory in MB (10^6 bytes); NaN where nothing tells."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return _resident_by_psutil()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:"))


def _resident_by_psutil() -> float:
    try:
        psutil = import_module("psutil")
    except ImportError:
        return float("nan")
    return float(psutil.Process().memory_info().rss / 1e6)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure_here(**json.load(sys.stdin))._asdict()))
