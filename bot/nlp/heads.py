"""The trained heads: linear, over n-grams, the numbers beside them and, in full mode, vectors.

A head's logits are `idf-weighted n-grams (unit length) @ weights + numbers @ more weights + bias`; divided by
its temperature and put through a softmax they are probabilities. `weights/*.npz` is made by
`python run.py train-heads`; NumPy is all that is needed to use it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.domain.signal import Intent, Purpose, Sentiment, Urgency
from bot.nlp.ngrams import BUCKETS, CHUNK, Grams

Floats = NDArray[np.float32]

FOLDER: Final = Path(__file__).parent / "weights"
INTENT, PURPOSE, SENTIMENT, URGENCY = "intent", "purpose", "sentiment", "urgency"
TOXICITY, ROUTE = "toxicity", "route"
LABELS: Final[Mapping[str, tuple[str, ...]]] = {
    INTENT: (Intent.HELP_REQUEST, Intent.PROBLEM_REPORT, Intent.OTHER),
    PURPOSE: (Purpose.SUPPORT, Purpose.CHATTER, Purpose.SPAM),
    SENTIMENT: (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE),
    URGENCY: (Urgency.LOW, Urgency.MEDIUM, Urgency.HIGH),
    TOXICITY: ("clean", "toxic"),
    ROUTE: ("math", "simple_code", "complex_code", "reasoning", "research", "general"),
}
EVERY_MESSAGE: Final = (INTENT, PURPOSE, SENTIMENT, URGENCY, TOXICITY)
MODES: Final = ("light", "full")


class Head(NamedTuple):
    """One head as it is stored.

    Attributes:
        grams: (BUCKETS, k) int8, to be multiplied with `scale`.
        scale: (k,).
        numbers: (d, k): of the numbers beside the n-grams, then of vectors.
        bias: (k,).
        temperature: by which logits are divided.
    """

    grams: NDArray[np.int8]
    scale: Floats
    numbers: Floats
    bias: Floats
    temperature: float


class Heads:
    """Some heads side by side, so that a message's n-grams are looked up once for all."""

    def __init__(self, heads: Mapping[str, Head], idf: Floats) -> None:
        """Multiply out the weights; `idf` is (BUCKETS,)."""
        self.names = tuple(heads)
        self._idf = idf
        self._grams = np.hstack([head.grams * head.scale for head in heads.values()]) * idf[:, None]
        self._grams = np.ascontiguousarray(self._grams, np.float32)
        self._slices: dict[str, slice] = {}
        at = 0
        for name, head in heads.items():
            self._slices[name] = slice(at, at + len(head.bias))
            at += len(head.bias)
        self._heads = dict(heads)

    def lookup(self, grams: Grams) -> Floats:
        """Return what the n-grams of n texts add to every logit, shape (n, sum of k)."""
        n = len(grams.starts) - 1
        sums = np.zeros((n, self._grams.shape[1]), np.float32)
        for first in range(0, n, CHUNK):
            last = min(first + CHUNK, n)
            begin, end = grams.starts[first], grams.starts[last]
            if begin < end:
                starts = grams.starts[first : last + 1] - begin
                sums[first:last] = self._sum(grams.buckets[begin:end], starts)
        return sums

    def _sum(self, buckets: NDArray[np.int64], starts: NDArray[np.int64]) -> Floats:
        filled = np.flatnonzero(starts[1:] > starts[:-1])
        at = starts[filled]
        squares = np.add.reduceat(np.square(self._idf[buckets]), at)
        found = np.zeros((len(starts) - 1, self._grams.shape[1]), np.float32)
        found[filled] = np.add.reduceat(self._grams[buckets], at, axis=0) / np.sqrt(squares)[:, None]
        return found

    def probabilities(self, name: str, looked_up: Floats, numbers: Floats) -> Floats:
        """Return a head's probabilities, shape (n, k).

        Args:
            name: of the head.
            looked_up: what `lookup` returned, (n, sum of k).
            numbers: (n, d), as many as the head was trained with.
        """
        head = self._heads[name]
        logits = looked_up[:, self._slices[name]] + numbers @ head.numbers + head.bias
        logits = logits / head.temperature
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def columns(self, name: str) -> slice:
        """Return where a head's logits stand in what `lookup` returns."""
        return self._slices[name]

    def widths(self) -> dict[str, int]:
        """Return how many numbers each head takes."""
        return {name: len(head.numbers) for name, head in self._heads.items()}


def save(path: Path, heads: Mapping[str, Head], idf: Floats) -> None:
    """Write heads into one file."""
    arrays: dict[str, NDArray[np.generic]] = {"idf": idf.astype(np.float16)}
    for name, head in heads.items():
        arrays |= {
            f"{name}.grams": head.grams,
            f"{name}.scale": head.scale.astype(np.float32),
            f"{name}.numbers": head.numbers.astype(np.float32),
            f"{name}.bias": head.bias.astype(np.float32),
            f"{name}.temperature": np.array(head.temperature, np.float32),
        }
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load(path: Path, names: tuple[str, ...]) -> Heads:
    """Return some heads of a file.

    Raises:
        ValueError: the file is of another version of the program.
    """
    with np.load(path, allow_pickle=False) as data:
        heads = {
            name: Head(
                data[f"{name}.grams"],
                data[f"{name}.scale"],
                data[f"{name}.numbers"],
                data[f"{name}.bias"],
                float(data[f"{name}.temperature"]),
            )
            for name in names
        }
        idf = data["idf"].astype(np.float32)
    if len(idf) != BUCKETS or any(len(head.grams) != BUCKETS for head in heads.values()):
        raise ValueError(f"{path.name} doesn't fit this version: python run.py train-heads")
    return Heads(heads, idf)


@cache
def light_heads() -> Heads:
    """Return the heads that judge every message."""
    return load(FOLDER / "light.npz", EVERY_MESSAGE)


@cache
def full_heads() -> Heads:
    """Return the heads that judge again, with vectors and context."""
    return load(FOLDER / "full.npz", EVERY_MESSAGE)


@cache
def route_heads(mode: str) -> Heads:
    """Return the head that chooses a model; `mode` is one of MODES."""
    return load(FOLDER / f"{mode}.npz", (ROUTE,))


def trained_rows() -> frozenset[int]:
    """Return the keys (`bot.nlp.training_rows`) of the rows the heads were trained on."""
    path = FOLDER / "trained_rows.npy"
    return frozenset(map(int, np.load(path, allow_pickle=False))) if path.is_file() else frozenset()
