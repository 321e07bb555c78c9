"""What a task yields."""

from dataclasses import dataclass, field
from typing import NamedTuple

from bot.evaluation.data import Row
from bot.evaluation.metrics import ClassScore


class Alarm(NamedTuple):
    """A message that was flagged although the file is clean."""

    mode: str
    row: Row
    chance: float


@dataclass
class Result:
    """What one judge reached in one task.

    Attributes:
        n: rows scored; of the speed and the memory, messages judged meanwhile.
        left_out: rows not scored because training has seen them.
        metrics: by the names that floors and --json use; NaN where there is nothing to measure.
    """

    task: str
    mode: str
    n: int
    left_out: int
    metrics: dict[str, float]
    classes: dict[str, ClassScore] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
