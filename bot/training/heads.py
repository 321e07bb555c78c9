"""Trains all heads: the light ones first, because the full ones look at what they say of the lines before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.nlp import context, features
from bot.nlp.classifier import chances
from bot.nlp.encoder import Vectors
from bot.nlp.heads import INTENT, LABELS, Head, Heads
from bot.nlp.reading import read
from bot.training.fit import Problem, cross_validated, fit, softmax, stored, temperature_of
from bot.training.matrix import Design, design
from bot.training.recipes import RECIPES, Recipe, chosen
from bot.training.rows import Sample

Tell = Callable[[str], None]
LIGHT: Final = "light"
FULL: Final = "full"
_OTHER: Final = 2  # the place of "other" among the intents


@dataclass
class Figures:
    """What cross-validation found of one head, on rows of its main source."""

    head: str
    mode: str
    n: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    temperature: float
    trained_on: dict[str, int]  # rows by source


@dataclass
class Trained:
    """All heads of a mode, as they are trained; `tell` is told of each."""

    mode: str
    tell: Tell
    heads: dict[str, Head] = field(default_factory=dict)
    figures: list[Figures] = field(default_factory=list)


def train(
    samples: Sequence[Sample], vectors: Vectors | None, tell: Tell
) -> tuple[Design, dict[str, Trained]]:
    """Return the matrices and the heads of each mode; without `vectors` only the light ones."""
    tell(f"reading {len(samples)} texts")
    data = design(samples, vectors)
    trained = {LIGHT: Trained(LIGHT, tell)}
    asked: dict[str, float] = {}
    for recipe in RECIPES:
        rows = np.array(chosen(recipe, samples))
        logits = _head(recipe, data.light(rows), [samples[at] for at in rows], trained[LIGHT])
        if recipe.head == INTENT:
            flagged = 1 - softmax(logits)[:, _OTHER]
            asked = {
                samples[at].text: float(chance)
                for at, chance in zip(rows, flagged, strict=True)
                if np.isfinite(chance)
            }
    if vectors is None:
        return data, trained
    data.before = _before(samples, Heads(trained[LIGHT].heads, data.idf), asked)
    trained[FULL] = Trained(FULL, tell)
    for recipe in RECIPES:
        rows = np.array(chosen(recipe, samples))
        matrix = data.full(rows, with_context=recipe.head == INTENT)
        beside = _beside(data, recipe.head)
        _head(recipe, matrix, [samples[at] for at in rows], trained[FULL], beside)
    return data, trained


def _beside(data: Design, head: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    extra = context.SIZE if head == INTENT else 0
    shift = np.concatenate((np.zeros(features.SIZE), data.shift, np.zeros(extra)))
    stretch = np.concatenate((np.ones(features.SIZE), data.stretch, np.ones(extra)))
    return shift.astype(np.float32), stretch.astype(np.float32)


def _before(samples: Sequence[Sample], light: Heads, asked: dict[str, float]) -> NDArray[np.float32]:
    """Return the numbers of the lines before each sample.

    What the light heads say of a line is asked of heads that had not seen its day, where there are such.
    Every other sample is left without its author, because not every place tells who wrote.
    """

    def flagged(texts: Sequence[str]) -> NDArray[np.float32]:
        readings = [read(text) for text in texts]
        said = 1 - chances(light, readings, features.numbers_of(readings)).intent[:, _OTHER]
        return np.array(
            [asked.get(text, float(own)) for text, own in zip(texts, said, strict=True)], np.float32
        )

    return context.numbers_of(
        [sample.text for sample in samples],
        [sample.context for sample in samples],
        ["" if crc32(sample.text.encode()) % 2 else sample.author for sample in samples],
        flagged,
    )


def _head(
    recipe: Recipe,
    matrix: object,
    samples: Sequence[Sample],
    into: Trained,
    beside: tuple[NDArray[np.float32], NDArray[np.float32]] | tuple[()] = (),
) -> NDArray[np.float64]:
    """Fit one head, put it `into` the others and return its logits of rows it had not seen."""
    labels, mode = LABELS[recipe.head], into.mode
    problem = Problem(
        matrix,
        np.array([labels.index(getattr(sample, recipe.head)) for sample in samples]),
        np.array([recipe.weigh(sample) for sample in samples]),
        _groups(recipe, samples),
        len(labels),
        recipe.light if mode == LIGHT else recipe.full,
        recipe.balanced,
    )
    logits = cross_validated(problem)
    asked = np.flatnonzero(problem.groups >= 0)
    gold = problem.labels[asked]
    temperature = temperature_of(logits[asked], gold)
    logits /= temperature
    into.heads[recipe.head] = stored(fit(problem), temperature, beside)
    figures = _figures(recipe.head, mode, softmax(logits[asked]), gold, temperature)
    for sample in samples:
        figures.trained_on[sample.source] = figures.trained_on.get(sample.source, 0) + 1
    into.figures.append(figures)
    into.tell(
        f"{mode} {recipe.head}: macro-F1 {figures.macro_f1:.3f}, accuracy {figures.accuracy:.3f},"
        f" n {figures.n}, temperature {temperature:.2f}"
    )
    return logits


def _groups(recipe: Recipe, samples: Sequence[Sample]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array(
        [
            numbers.setdefault(sample.group, len(numbers)) if sample.source == recipe.main else -1
            for sample in samples
        ]
    )


def _figures(
    head: str, mode: str, shares: NDArray[np.float64], gold: NDArray[np.int64], temperature: float
) -> Figures:
    from sklearn.metrics import f1_score

    said = shares.argmax(axis=1)
    sure = shares.max(axis=1)
    right = said == gold
    bins = np.minimum((sure * 10).astype(int), 9)
    error = sum(
        abs(right[bins == each].mean() - sure[bins == each].mean()) * np.mean(bins == each)
        for each in np.unique(bins)
    )
    macro = float(f1_score(gold, said, average="macro"))
    return Figures(head, mode, len(gold), float(right.mean()), macro, float(error), temperature, {})
