"""The figures below which the command fails: `floors.yaml`, per mode, task and metric."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from bot.evaluation.results import Result

FLOORS_FILE: Final = Path(__file__).with_name("floors.yaml")
SAME: Final = 5e-4  # of the value: figures are shown with three digits
MOST: Final = "most_"  # before a metric of which less is better


class Floor(NamedTuple):
    """One figure to be reached."""

    mode: str
    task: str
    metric: str
    value: float


class Floors(NamedTuple):
    """All of them."""

    minimum_rows: int  # a task with fewer scored rows is shown but not judged
    floors: tuple[Floor, ...]
    minimum_of: Mapping[str, int] = {}  # the same of tasks whose rows are whole conversations

    def enough(self, task: str, rows: int) -> bool:
        """Whether a task with so many rows is judged."""
        return rows >= self.minimum_of.get(task, self.minimum_rows)


class Verdict(NamedTuple):
    """What became of a floor."""

    floor: Floor
    reached: float
    n: int
    holds: bool | None  # None: too few rows to tell


def read_floors(path: Path = FLOORS_FILE) -> Floors:
    """Return the floors of a file."""
    content = yaml.safe_load(path.read_text("utf-8"))
    floors = tuple(
        Floor(mode, task, metric, float(value))
        for mode, tasks in content["floors"].items()
        for task, metrics in tasks.items()
        for metric, value in metrics.items()
    )
    return Floors(int(content["minimum_rows"]), floors, content.get("minimum_rows_of") or {})


def check(floors: Floors, results: Iterable[Result]) -> list[Verdict]:
    """Return a verdict for each floor whose mode and task were measured.

    A metric that the task doesn't have, or that couldn't be measured, doesn't hold: a floor must not be lost
    by a slip of its name.
    """
    measured = {(result.mode, result.task): result for result in results}
    verdicts = []
    for floor in floors.floors:
        result = measured.get((floor.mode, floor.task))
        if result is None:
            continue
        reached = result.metrics.get(floor.metric.removeprefix(MOST), math.nan)
        sign = -1 if floor.metric.startswith(MOST) else 1
        holds = sign * reached >= sign * floor.value - SAME * abs(floor.value)
        verdicts.append(
            Verdict(floor, reached, result.n, holds if floors.enough(floor.task, result.n) else None)
        )
    return verdicts
