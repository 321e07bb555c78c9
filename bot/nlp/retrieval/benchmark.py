"""Measure the index at size: `python -m bot.nlp.retrieval.benchmark [--entries N] [--dim D]`.

Entries are made of words drawn as words of a language are (Zipf's law), and their vectors are points
around centres, since real vectors are never spread evenly. All is drawn from a fixed seed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlp.retrieval.calibration import DENSE
from bot.nlp.retrieval.index import Entry, RetrievalIndex

Floats = NDArray[np.float32]

_VOCABULARY: Final = 20_000
_WORDS: Final = 9  # of a phrasing
_PHRASINGS: Final = 4  # of an answer
_SPREAD: Final = 0.6  # of vectors around their centre, whose length is 1
_LETTERS: Final = np.array(list("abcdefghijklmnopqrstuvwxyz"))


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """What `run` returns; times in milliseconds but for `build_seconds`."""

    entries: int
    dim: int
    build_seconds: float
    add_one: float  # median
    p50: float
    p95: float
    cpu_p50: float  # of the searching thread: what it takes when nothing else runs
    found: float  # share of slightly changed entries whose answer came first
    array_megabytes: float


def run(count: int, dim: int, questions: int = 200) -> SizeFigures:
    """Fill an index with `count` entries and ask it `questions` changed ones."""
    random = np.random.default_rng(7)
    entries, vectors = _made(count, dim, random)
    index = RetrievalIndex(dim, DENSE)
    start = time.perf_counter()
    index.add(entries, vectors)
    built = time.perf_counter() - start
    times, cpu, right = [], [], 0
    for at in random.integers(count, size=questions):
        asked = " ".join(entries[at].text.split()[1:])
        vector = _unit(vectors[at] + random.normal(0, 0.3 / np.sqrt(dim), dim).astype(np.float32))
        start, used = time.perf_counter(), time.thread_time()
        matches = index.search(asked, vector)
        times.append(time.perf_counter() - start)
        cpu.append(time.thread_time() - used)
        right += matches[0].answer_id == entries[at].answer_id
    added = []
    for number in range(50):
        start = time.perf_counter()
        index.add([Entry(f"new-{number}", "new", f"{entries[number].text} again")], vectors[[number]])
        added.append(time.perf_counter() - start)
    p50, p95 = np.percentile(np.array(times) * 1_000, [50, 95])
    return SizeFigures(
        entries=count,
        dim=dim,
        build_seconds=built,
        add_one=float(np.median(added)) * 1_000,
        p50=float(p50),
        p95=float(p95),
        cpu_p50=float(np.median(cpu)) * 1_000,
        found=right / questions,
        array_megabytes=index.nbytes / 1e6,
    )


def _made(count: int, dim: int, random: np.random.Generator) -> tuple[list[Entry], Floats]:
    letters = random.choice(_LETTERS, size=(_VOCABULARY, 9))
    lengths = random.integers(2, 10, size=_VOCABULARY)
    vocabulary = np.array(["".join(row[:size]) for row, size in zip(letters, lengths, strict=True)])
    chances = 1 / np.arange(1, _VOCABULARY + 1)
    drawn = random.choice(vocabulary, size=(count, _WORDS), p=chances / chances.sum())
    entries = [Entry(f"{at:06}", str(at // _PHRASINGS), " ".join(drawn[at])) for at in range(count)]
    centres = _unit(random.normal(size=(max(count // 50, 1), dim)).astype(np.float32))
    answers = random.integers(len(centres), size=count // _PHRASINGS + 1)
    of_entry = centres[answers[np.arange(count) // _PHRASINGS]]
    noise = random.normal(0, _SPREAD / np.sqrt(dim), (count, dim)).astype(np.float32)
    return entries, _unit(of_entry + noise)


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print one line; 0 when the 95th percentile is under 10 ms, else 1."""
    parser = argparse.ArgumentParser(description="Measure the retrieval index at size.")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=384)
    options = parser.parse_args(arguments)
    figures = run(options.entries, options.dim)
    sys.stdout.write(
        f"{figures.entries} entries of {figures.dim} dimensions: search p50 {figures.p50:.1f} ms,"
        f" p95 {figures.p95:.1f} ms (processor time p50 {figures.cpu_p50:.1f} ms);"
        f" built in {figures.build_seconds:.1f} s, one more in {figures.add_one:.1f} ms;"
        f" {figures.array_megabytes:.0f} MB of arrays; {figures.found:.1%} found\n"
    )
    return 0 if figures.p95 < 10 else 1  # noqa: PLR2004


if __name__ == "__main__":
    sys.exit(main())
