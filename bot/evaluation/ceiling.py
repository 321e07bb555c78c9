"""How much a summary of some parts could say at the most: parts chosen by somebody who knows the reference.

Greedy: each time the part that lifts the figure most, until none does. The true best may be a little higher.
"""

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Words = Callable[[str], Sequence[str]]
Floats = NDArray[np.float64]
# Of what was said, by word of the reference, shape (n, words), and of how many words it has, shape (n,); how
# often the reference has each word.
Scores = Callable[[Floats, Floats, Floats], Floats]


def f1_scores(said: Floats, lengths: Floats, wanted: Floats) -> Floats:
    """Return the F1 of the words shared with the reference, of each row."""
    shared = np.minimum(said, wanted).sum(axis=1)
    return np.asarray(2 * shared / np.maximum(1, lengths + wanted.sum()), np.float64)


def coverage_scores(said: Floats, lengths: Floats, wanted: Floats) -> Floats:
    """Return the share of the reference's different words that each row has, however long it is."""
    del lengths
    return np.asarray((said > 0).mean(axis=1) if len(wanted) else np.zeros(len(said)), np.float64)


def greedy(parts: Sequence[str], wanted: Sequence[str], most: int, words_of: Words, scores: Scores) -> float:
    """Return the figure that at most so many of the parts reach together.

    Args:
        parts: of a conversation, each with its author's name.
        wanted: the words of the reference that count, as often as they count.
        most: how many may be chosen.
        words_of: cuts a part into words as the reference was.
        scores: what is measured.
    """
    columns = {word: at for at, word in enumerate(dict.fromkeys(wanted))}
    counts = np.bincount([columns[word] for word in wanted], minlength=len(columns)).astype(np.float64)
    rows = np.zeros((len(parts), len(columns)))
    lengths = np.zeros(len(parts))
    for row, part in enumerate(parts):
        words = words_of(part)
        lengths[row] = len(words)
        _count(rows[row], words, columns)
    said, length, best = np.zeros(len(columns)), 0.0, 0.0
    for _ in range(min(most, len(parts))):
        reached = scores(rows + said, lengths + length, counts)
        at = int(reached.argmax())
        if reached[at] <= best:
            break
        said, length, best = said + rows[at], length + lengths[at], float(reached[at])
        rows[at] = 0.0  # not chosen again: it adds nothing but its length
    return best


def _count(row: Floats, words: Collection[str], columns: dict[str, int]) -> None:
    for word in words:
        at = columns.get(word)
        if at is not None:
            row[at] += 1
