"""What the measurements print: a table for people, JSON for programs, and the machine they were taken on."""

import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

T = TypeVar("T")

_SPINS = 200_000


def machine() -> dict[str, Any]:
    """Return what a figure can't be read without; `spin_ms` tells how fast one core was just then."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "spin_ms": round(spin_ms(), 2),
    }


def spin_ms() -> float:
    """Return how many milliseconds a fixed piece of pure Python takes, best of three."""

    def once() -> float:
        begun = time.perf_counter()
        total = 0
        for number in range(_SPINS):
            total += number * 3
        return (time.perf_counter() - begun) * 1000

    return min(once() for _ in range(3))


def median_of(items: Iterable[T], value: Callable[[T], float | None]) -> float | None:
    """Return the median of what `value` finds, or None where it finds nothing."""
    found = [number for item in items if (number := value(item)) is not None]
    return statistics.median(found) if found else None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` (0 to 1) of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, numbers to the right."""
    made = Table(title=title)
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left")
    for row in rows:
        made.add_row(*row)
    console = Console()
    console.width = max(console.width, 120)  # rather broken by the terminal than cut off
    console.print(made)


def shown(value: float | None, form: str = ",.0f") -> str:
    """Return the number as text, or a dash for None."""
    return "-" if value is None else format(value, form)


def write(path: Path | None, result: dict[str, Any]) -> None:
    """Write the result as JSON where a path is given, relative to where run.py was called from."""
    if path is not None:
        Path(os.environ.get("LOOKOUT_CALLED_FROM", ""), path).write_text(
            json.dumps(result, indent=2) + "\n", encoding="utf-8"
        )
