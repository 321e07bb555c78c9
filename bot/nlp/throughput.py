"""How many texts a second an encoder takes, for `run.py evaluate` and whoever tunes it."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.nlp.encoder import Encoder


class Throughput(NamedTuple):
    """Requests of `size` texts, one after another."""

    size: int
    texts: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Return texts a second."""
        return self.texts / self.seconds if self.seconds else 0.0


async def measure_throughput(
    encoder: Encoder,
    texts: Sequence[str],
    sizes: Sequence[int] = (1, 8, 32),
    monotonic: Callable[[], float] = time.perf_counter,
) -> list[Throughput]:
    """Return the throughput for requests of each size; the model's loading is not counted.

    Every size gets texts of its own, an equal share of `texts`, because an encoder remembers the last ones.
    """
    await encoder.encode(["load the model"])
    share = len(texts) // len(sizes)
    measured = []
    for place, size in enumerate(sizes):
        own = texts[place * share : (place + 1) * share]
        begun = monotonic()
        for start in range(0, share, size):
            await encoder.encode(own[start : start + size])
        measured.append(Throughput(size, share, monotonic() - begun))
    return measured
