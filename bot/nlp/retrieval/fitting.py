"""Fit the calibration: `python -m bot.nlp.retrieval.fitting --data DIR --vectors FILE`.

It takes the retrieval sets of DIR whose licence allows it (clinc, CC-BY-3.0; banking, CC-BY-4.0). Of each it
makes many smaller knowledge bases, so that the score holds for few answers and few phrasings too: a random
share of the answers, with 1, 2, 3, 5 or all phrasings. Questions to answers left out and those out of the
set's scope are what must be rejected; two in five of the questions asked are such. The result is printed, to
be put into calibration.py. Nothing is random but by a fixed seed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.nlp.hashed import HashedEncoder
from bot.nlp.retrieval.calibration import DENSE, Calibration
from bot.nlp.retrieval.index import Entry, RetrievalIndex

Floats = NDArray[np.float32]
Samples = tuple[NDArray[np.float64], NDArray[np.float64]]  # (n, 2): support, ln phrasings; 1 where it fits

SETS: Final = ("clinc", "banking")
_ANSWERS: Final = (6, 12, 25, 10_000)
_PHRASINGS: Final = (1, 2, 3, 5, 10_000)
_BASES: Final = 24  # made of each set
_QUESTIONS: Final = 200  # in scope, of each
_RIDGE: Final = 1.0
_STEPS: Final = 50


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A knowledge base and questions to it, with vectors of shape (entries, dim) and (questions, dim)."""

    entries: list[Entry]
    vectors: Floats
    questions: list[str]
    question_vectors: Floats
    expected: list[str | None]


def samples(known: RetrievalSet, seed: int) -> Samples:
    """Return features and outcome of questions to knowledge bases made of parts of `known`."""
    random = np.random.default_rng(seed)
    found = [_ask(known, random) for _ in range(_BASES)]
    return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])


def fit(parts: Sequence[Samples]) -> Calibration:
    """Fit a logistic regression, by Newton's method, on standardised inputs with a small ridge."""
    features = np.concatenate([part[0] for part in parts])
    outcome = np.concatenate([part[1] for part in parts])
    middle, spread = features.mean(0), features.std(0) + 1e-9
    inputs = np.column_stack([(features - middle) / spread, np.ones(len(features))])
    weights = _logistic(inputs, outcome)
    slopes = weights[:-1] / spread
    support, phrasings = (round(float(slope), 3) for slope in slopes)
    return Calibration(support, phrasings, round(float(weights[-1] - slopes @ middle), 3))


def _ask(known: RetrievalSet, random: np.random.Generator) -> Samples:
    answers = np.array(sorted({entry.answer_id for entry in known.entries}))
    chosen = set(random.permutation(answers)[: random.choice(_ANSWERS)].tolist())
    most = int(random.choice(_PHRASINGS))
    rows: list[int] = []
    for answer in sorted(chosen):
        own = [row for row, entry in enumerate(known.entries) if entry.answer_id == answer]
        rows += random.permutation(own)[:most].tolist()
    index = RetrievalIndex(known.vectors.shape[1], DENSE)
    index.add([known.entries[row] for row in rows], known.vectors[rows])
    inside = [at for at, answer in enumerate(known.expected) if answer in chosen]
    far = [at for at, answer in enumerate(known.expected) if answer is None]
    near = [at for at, answer in enumerate(known.expected) if answer is not None and answer not in chosen]
    count = min(_QUESTIONS, len(inside))
    asked = [*random.permutation(inside)[:count], *random.permutation(far)[: count // 2]]
    asked += random.permutation(np.array(near, np.int64))[: count // 4].tolist()
    found = [index.best_evidence(known.questions[at], known.question_vectors[at]) for at in asked]
    features = np.array([(support, np.log(phrasings)) for _, support, phrasings in found])
    fits = [answer == known.expected[at] for at, (answer, *_) in zip(asked, found, strict=True)]
    return features, np.array(fits, np.float64)


def _logistic(inputs: NDArray[np.float64], outcome: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.zeros(inputs.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (chance - outcome) + _RIDGE * weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + _RIDGE * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return weights


def read_set(folder: Path, name: str, vectors: dict[str, Floats] | None) -> RetrievalSet:
    """Read the set `name`; its vectors are looked up by text, or made by the hashed encoder for None."""
    base = _rows(folder / f"retrieval_{name}_kb.jsonl")
    asked = _rows(folder / f"retrieval_{name}_queries.jsonl")
    return RetrievalSet(
        entries=[Entry(str(row["id"]), str(row["answer_id"]), str(row["text"])) for row in base],
        vectors=_vectors([str(row["text"]) for row in base], vectors),
        questions=[str(row["text"]) for row in asked],
        question_vectors=_vectors([str(row["text"]) for row in asked], vectors),
        expected=[row["answer_id"] if row["scope"] == "in" else None for row in asked],
    )


def _rows(path: Path) -> list[dict[str, str | None]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _vectors(texts: list[str], vectors: dict[str, Floats] | None) -> Floats:
    if vectors is None:
        return HashedEncoder().encode_now(texts)
    return np.stack([vectors[text] for text in texts])


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and print the calibration; 0 when done."""
    parser = argparse.ArgumentParser(description="Fit the calibration of the retrieval score.")
    parser.add_argument("--data", type=Path, required=True, help="folder of retrieval_*.jsonl")
    parser.add_argument(
        "--vectors",
        type=Path,
        help="an .npz of texts and emb, one vector a text; without it the hashed encoder's",
    )
    options = parser.parse_args(arguments)
    vectors = None
    if options.vectors:
        with np.load(options.vectors) as kept:
            vectors = dict(zip(kept["texts"].tolist(), kept["emb"].astype(np.float32), strict=True))
    parts = [samples(read_set(options.data, name, vectors), seed=1) for name in SETS]
    sys.stdout.write(f"{fit(parts)}\n{sum(len(part[1]) for part in parts)} questions\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
