"""A judge that says what a test tells it to, and files it can be asked about."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.evaluation.judge import Answers, Contexts, Prediction


class ToldJudge:
    """Knows for each text the probabilities to answer with, and of queries their answers."""

    def __init__(
        self,
        labels: tuple[str, ...] = (),
        told: Mapping[str, Sequence[float]] | None = None,
        *,
        name: str = "light",
        heads: frozenset[str] = frozenset(),
        answers: Mapping[str, tuple[str, float]] | None = None,
    ) -> None:
        self.name = name
        self.heads = heads
        self.trained_rows: frozenset[int] = frozenset()
        self.cores: int | None = 1
        self.contexts: Contexts | None = None
        self.entries: list[tuple[str, str]] = []
        self._labels = labels
        self._told = told or {}
        self._answers = answers or {}

    def predict(self, task: str, texts: Sequence[str], contexts: Contexts | None = None) -> Prediction:
        assert task in self.heads
        self.contexts = contexts
        return Prediction(self._labels, np.array([self._told[text] for text in texts], dtype=np.float64))

    def retrieve(self, entries: Sequence[tuple[str, str]], queries: Sequence[str]) -> Answers:
        self.entries = list(entries)
        found = [self._answers[query] for query in queries]
        return Answers(tuple(name for name, _ in found), np.array([score for _, score in found]), 0.5)

    def judge(self, texts: Sequence[str]) -> object:
        return None


def write_rows(folder: Path, file: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a JSON Lines file; rows without an `id` get one by their place."""
    path = folder / f"{file}.jsonl"
    lines = [json.dumps({"id": f"r{index}", **row}) for index, row in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path
