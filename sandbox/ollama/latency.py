"""How long things take: log-normal around a median, repeatable by a seed."""

import math
import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Latency:
    """Medians in seconds; all 0 answers at once.

    Attributes:
        load: a model that isn't in memory.
        first: from the request to the first line of an answer.
        line: between two lines.
        spread: standard deviation of the logarithm; 0 for always the median, 0.5 for a third more or less.
        seed: for the same delays again.
    """

    load: float = 0.0
    first: float = 0.0
    line: float = 0.0
    spread: float = 0.0
    seed: int = 0
    _rng: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)  # noqa: S311 - repeatable, not secret

    def of(self, median: float) -> float:
        """Return a delay around a median."""
        return median * math.exp(self._rng.gauss(0.0, self.spread)) if median and self.spread else median
