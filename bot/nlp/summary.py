"""Picks the lines that say most of what a conversation says; needs no model.

A long message counts by its sentences. Each is weighed by how much it has in common with the others
(TextRank: Mihalcea and Tarau 2004), by its place and by its length; what repeats a pick counts less (maximal
marginal relevance: Carbonell and Goldstein 1998). A question comes with its answer.

Measured: ROUGE-1 28.5 on DialogSum (k = 3) and 21.3 on QMSum (k = 12), on conversations it was not fitted on;
the first k lines have 27.2 and 16.6. See docs/LLM.md.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.nlp.words import words_of

Floats = NDArray[np.float32]

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # noqa: RUF001 - an apostrophe too
_NOISE: Final = re.compile(
    r"https?://\S+|<[@#:a][^>\s]*>|\{\w+\}|```|`"
)  # addresses, mentions, emojis, marks
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - Chinese marks
_STEPS: Final = 25  # of the walk; the order stands after about ten
_DAMPING: Final = 0.85
_ANSWER_WITHIN: Final = 3  # lines after a question
_STOP: Final = words_of(
    "a about after all also am an and any are as at be because been before being but by can could did do does"
    " doing don't else for from get go got had has have he her here hey hi him his how i i'm if in into is it"
    " it's its just like me mm more my no not now of oh ok okay on one only or other our out please right she"
    " should so some than thank thanks that that's the their them then there these they this those to too uh"
    " um up us very was we well were what when where which who why will with would yeah yep yes you your"
)


class Pick(NamedTuple):
    """A line, or some sentences of a long one."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Weighing:
    """What counts how much; fitted on half of the conversations told of in docs/LLM.md."""

    centrality: float = 0.3
    place: float = 0.6
    place_lines: float = 1.0  # after so many lines the place counts a third: what opens a conversation
    length: float = 0.5
    words: float = 17.0  # of the best length
    spread: float = 0.9  # of lengths around it, in the logarithm
    repeated: float = 0.5  # what likeness to a pick costs
    unit: int = 24  # words, above which a message is cut between sentences


class _Unit(NamedTuple):
    line: int
    text: str
    words: list[str]


def summarize_lines(
    texts: Sequence[str],
    authors: Sequence[str],
    k: int,
    vectors: Floats | None = None,
    weighing: Weighing | None = None,
) -> list[Pick]:
    """Return at most `k` picks in the order of the conversation; the same for the same lines.

    Args:
        texts: the messages, oldest first.
        authors: who wrote each, as many.
        k: how many to pick.
        vectors: an encoder's for `texts`, shape (n, dim), rows of length 1 or zeros; None to compare words.
        weighing: what counts; None for what was fitted.
    """
    weighing = weighing or Weighing()
    units = _units(texts, weighing.unit)
    if len(units) <= k:
        return [Pick(unit.line, unit.text) for unit in units]
    rows = _Words(units) if vectors is None else _Dense(vectors[[unit.line for unit in units]])
    scores = _scores(units, rows, weighing)
    chosen = _choose(units, authors, rows, scores, k, weighing.repeated)
    return [Pick(units[at].line, units[at].text) for at in sorted(chosen)]


class _Words:
    """Units as tf-idf rows of length 1, of which only what isn't zero is kept."""

    def __init__(self, units: Sequence[_Unit]) -> None:
        columns: dict[str, int] = {}
        counts = [Counter(word for word in unit.words if word not in _STOP) for unit in units]
        row, column, value = [], [], []
        for at, words in enumerate(counts):
            for word, count in words.items():
                row.append(at)
                column.append(columns.setdefault(word, len(columns)))
                value.append(1.0 + np.log(count))
        self._row = np.array(row, np.intp)
        self._column = np.array(column, np.intp)
        self._size = len(units)
        self._width = max(1, len(columns))
        seen = np.bincount(self._column, minlength=self._width)
        weights = np.array(value) * np.log(1 + self._size / np.maximum(1, seen))[self._column]
        norms = np.sqrt(np.bincount(self._row, weights**2, minlength=self._size))
        self._value = weights / np.maximum(norms, 1e-9)[self._row]
        self.own = (norms > 0).astype(float)  # how like each is to itself

    def likeness_to(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of each unit's likeness to all, each of which counts by its weight; shape (n,)."""
        mixed = np.bincount(self._column, self._value * weights[self._row], minlength=self._width)
        sums = np.bincount(self._row, self._value * mixed[self._column], minlength=self._size)
        return np.asarray(sums, np.float64)


class _Dense:
    """Units as an encoder's rows; what is unlike counts as nothing in common."""

    def __init__(self, rows: Floats) -> None:
        self._likeness = np.maximum(rows @ rows.T, 0.0).astype(np.float64)
        self.own = self._likeness.diagonal().copy()

    def likeness_to(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of each unit's likeness to all, each of which counts by its weight; shape (n,)."""
        product: NDArray[np.float64] = self._likeness @ weights
        return product


def _units(texts: Sequence[str], most: int) -> list[_Unit]:
    """Return what can be picked: messages, the sentences of long ones together as far as `most` words go."""
    units = []
    for line, text in enumerate(texts):
        held: list[str] = []
        count = 0
        for sentence in (part.strip() for part in _SENTENCE.split(text)):
            size = len(_WORD.findall(sentence))
            if held and count + size > most:
                units.append(_unit(line, held))
                held, count = [], 0
            if sentence:
                held.append(sentence)
                count += size
        units.append(_unit(line, held))
    return [unit for unit in units if unit.words]


def _unit(line: int, sentences: Sequence[str]) -> _Unit:
    text = " ".join(sentences)
    return _Unit(line, text, _WORD.findall(_NOISE.sub(" ", text).lower().replace("’", "'")))  # noqa: RUF001


def _scores(units: Sequence[_Unit], rows: _Words | _Dense, weighing: Weighing) -> NDArray[np.float64]:
    central = _centrality(rows, len(units))
    lines = np.array([unit.line for unit in units], np.float64)
    sizes = np.array([len(unit.words) for unit in units], np.float64)
    away = np.log(sizes / weighing.words) / weighing.spread
    scores: NDArray[np.float64] = (
        weighing.centrality * central / max(central.max(), 1e-9)
        + weighing.place * np.exp(-lines / weighing.place_lines)
        + weighing.length * np.exp(-0.5 * away**2)
    )
    return scores


def _centrality(rows: _Words | _Dense, count: int) -> NDArray[np.float64]:
    """Return where a walk from unit to unit, along what they have in common, is how often; shape (n,)."""
    degree = np.maximum(rows.likeness_to(np.ones(count)) - rows.own, 1e-9)
    share = np.full(count, 1.0 / count)
    for _ in range(_STEPS):
        leaving = share / degree
        share = (1 - _DAMPING) / count + _DAMPING * (rows.likeness_to(leaving) - rows.own * leaving)
    return share


def _choose(
    units: Sequence[_Unit],
    authors: Sequence[str],
    rows: _Words | _Dense,
    scores: NDArray[np.float64],
    k: int,
    repeated: float,
) -> list[int]:
    """Return the places of the best, each worth less the more it repeats one chosen before."""
    chosen: list[int] = []
    likest = np.zeros(len(units))
    left = np.ones(len(units), bool)
    while len(chosen) < k:
        at = int(np.argmax(np.where(left, scores - repeated * likest, -np.inf)))
        pair = [at]
        answer = _answer_to(at, units, authors)
        if answer is not None and left[answer] and len(chosen) + 2 <= k:
            pair.append(answer)
        for each in pair:
            chosen.append(each)
            left[each] = False
            alone = np.zeros(len(units))
            alone[each] = 1.0
            likest = np.maximum(likest, rows.likeness_to(alone))
    return chosen


def _answer_to(at: int, units: Sequence[_Unit], authors: Sequence[str]) -> int | None:
    """Return who answers a question: the next unit of another, if it is near."""
    asked = units[at]
    if not asked.text.endswith(("?", "？")):  # noqa: RUF001 - the Chinese mark
        return None
    for place in range(at + 1, len(units)):
        unit = units[place]
        if unit.line > asked.line + _ANSWER_WITHIN:
            return None
        if authors[unit.line] != authors[asked.line]:
            return None if unit.text.endswith("?") else place
    return None
