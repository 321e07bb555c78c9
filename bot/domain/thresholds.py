"""How sure the bot must be in one server, fitted to what people said of its answers. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

REACH: Final = 0.15  # how far a fit may go from the default, both ways
LEAST: Final = 20  # verdicts without which nothing is fitted
GAIN: Final = 2.0  # so much better than the default it must be, in verdicts
STEP: Final = 0.01


class Said(NamedTuple):
    """One verdict: how sure the judgement was (0 to 1), whether it was right, and what the verdict counts."""

    confidence: float
    right: bool
    weight: float = 1.0


def fit_threshold(said: Sequence[Said], default: float) -> float | None:
    """Return the confidence to ask for, None where too little was said or the default does as well.

    It is the one from which on right answers outnumber wrong ones most, at most `REACH` from the default and
    within 0 to 1; of equally good ones the nearest to the default.
    """
    if len(said) < LEAST:
        return None
    low, high = max(0.0, default - REACH), min(1.0, default + REACH)
    steps = round(REACH / STEP)
    candidates = [default + step * STEP for step in range(-steps, steps + 1)]
    within = [round(each, 4) for each in candidates if low - STEP / 2 <= each <= high + STEP / 2]
    best = max(within, key=lambda each: (_worth(said, each), -abs(each - default)), default=default)
    best = min(max(best, low), high)
    return best if _worth(said, best) >= _worth(said, default) + GAIN else None


def _worth(said: Sequence[Said], threshold: float) -> float:
    return sum(each.weight if each.right else -each.weight for each in said if each.confidence >= threshold)
