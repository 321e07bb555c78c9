"""How a cue is written down.

A cue is trigger words, after "&" words of which one must occur too, a side, a weight in logits and a pattern
("" where the trigger word itself is the cue). Weights are set by hand; 2 is about as good as a plain request.
Patterns see lower-case text with single spaces, one before the first; mentions, links and code are a `GAP`.
"""

from enum import IntEnum
from typing import Final, NamedTuple

GAP: Final = "\N{CURRENCY SIGN}"


class Side(IntEnum):
    """What a cue speaks for; the value is its place in sums."""

    ASK = 0
    FAIL = 1
    AGAINST = 2  # an answer, a helper's question, thanks, a joke


class Row(NamedTuple):
    """One cue as it is written down."""

    words: str
    side: Side
    weight: float
    pattern: str
