"""How much an extractive summary says of what people wrote about a conversation, beside what is simplest.

Baselines: the first lines, the longest, some drawn at random, and TextRank (Mihalcea and Tarau 2004) over the
words that lines share. Each gives as many lines as the summary may have parts, with their authors' names, as
they are; and cut to as many words as the summary took, so that none wins or loses by its length alone. The
first lines, which are often short, also go on until they have as many words.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np

from bot.evaluation import judge as ask
from bot.evaluation.ceiling import Scores, coverage_scores, f1_scores, greedy
from bot.evaluation.data import DataError, Dataset
from bot.evaluation.judge import Judge
from bot.evaluation.results import Result
from bot.nlp.salience import units_of
from bot.nlp.summary import summarize_lines
from bot.nlp.words import words_of

BASELINES: Final = ("lead", "longest", "random", "textrank")
DRAWN_OUT: Final = "lead_drawn_out"
GREEDY: Final = "knowing_the_reference"
_SEED: Final = 20_260
_WORD: Final = re.compile(r"\w+")
_TIMED: Final = re.compile(r"\[\d\d:\d\d\] ([^:]+): (.*)")
_TOPIC_LINE: Final = re.compile(r"\s*topic\s*:", re.IGNORECASE)
_SMALL: Final = words_of("the a an and or of to in on for with by at from as is are be")
_STEPS: Final = 40
_DAMPING: Final = 0.85


class Talk(NamedTuple):
    """A conversation and what people wrote about it."""

    authors: tuple[str, ...]
    texts: tuple[str, ...]
    reference: str


Measure = Callable[[str, str], float]


def all_words(text: str) -> list[str]:
    """Return a text's words, lower-cased, as often as it has them."""
    return _WORD.findall(text.lower())


def telling_words(text: str) -> list[str]:
    """Return a text's different words, lower-cased, without articles and such and single letters."""
    return [word for word in dict.fromkeys(all_words(text)) if word not in _SMALL and len(word) > 1]


def rouge_1(said: str, reference: str) -> float:
    """Return the F1 of the lower-cased words two texts share (Lin 2004), not stemmed."""
    left, right = Counter(all_words(said)), Counter(all_words(reference))
    return 2 * (left & right).total() / max(1, left.total() + right.total())


def word_coverage(said: str, reference: str) -> float:
    """Return the share of the reference's different words that a text has; articles and such don't count."""
    wanted = set(telling_words(reference))
    return len(wanted & set(all_words(said))) / max(1, len(wanted))


@dataclass(frozen=True)
class Summarizing:
    """A task that summarizes conversations.

    Attributes:
        name: also its file's.
        parts: how many a summary may have.
        metric: the name of what is measured.
        wanted: the words of a reference that count; scores: measures the same of counts of them.
    """

    name: str
    parts: int
    metric: str
    measure: Measure
    wanted: Callable[[str], list[str]]
    scores: Scores
    read: Callable[[Mapping[str, Any]], Talk]

    def run(self, data: Dataset, judges: Sequence[Judge]) -> Iterator[Result]:
        """Yield the result of the light judge, who needs no encoder for it; nothing without the file.

        Raises:
            DataError: a row lacks what is needed.
        """
        rows = data.objects(self.name)
        light = next((judge for judge in judges if judge.name in ask.MODES), None)
        if rows is None or light is None:
            return
        talks = []
        for where, row in rows:
            try:
                talks.append(self.read(row))
            except (KeyError, IndexError, TypeError, AttributeError) as error:
                raise DataError(f"{where}: is no conversation with a reference ({error!r})") from None
        yield Result(self.name, light.name, len(talks), 0, self._metrics(talks) if talks else {})

    def _metrics(self, talks: Sequence[Talk]) -> dict[str, float]:
        ours, words, ceilings = [], [], []
        scores: dict[str, list[float]] = {f"{name}{end}": [] for name in BASELINES for end in ("", "_cut")}
        scores[DRAWN_OUT] = []
        for talk in talks:
            picks = summarize_lines(talk.texts, talk.authors, self.parts)
            said = "\n".join(f"{talk.authors[pick.line]}: {pick.text}" for pick in picks)
            ours.append(self.measure(said, talk.reference))
            words.append(len(said.split()))
            for name in BASELINES:
                other = baseline(name, talk, self.parts)
                cut = " ".join(other.split()[: words[-1]])
                scores[name].append(self.measure(other, talk.reference))
                scores[f"{name}_cut"].append(self.measure(cut, talk.reference))
            drawn_out = " ".join(baseline("lead", talk, len(talk.texts)).split()[: words[-1]])
            scores[DRAWN_OUT].append(self.measure(drawn_out, talk.reference))
            ceilings.append(self._ceiling(talk))
        means = {name: float(np.mean(values)) for name, values in scores.items()}
        mean = float(np.mean(ours))
        best = max(means, key=means.__getitem__)
        margin = np.array(ours) - np.array(scores[best])
        error = float(margin.std(ddof=1) / math.sqrt(len(ours))) if len(ours) > 1 else math.nan
        return {
            self.metric: mean,
            "over_best_baseline": mean - means[best],
            "over_best_baseline_error": error,
            GREEDY: float(np.mean(ceilings)),
            "words": float(np.mean(words)),
            **means,
        }

    def _ceiling(self, talk: Talk) -> float:
        """Return what as many of the same parts reach when the reference is known."""
        parts = [f"{talk.authors[unit.line]}: {unit.text}" for unit in units_of(talk.texts)]
        return greedy(parts, self.wanted(talk.reference), self.parts, all_words, self.scores)


def baseline(name: str, talk: Talk, lines: int) -> str:
    """Return the lines that a baseline chooses, in their order, with their authors."""
    count = len(talk.texts)
    if name == "lead":
        chosen = list(range(count))
    elif name == "longest":
        chosen = sorted(range(count), key=lambda at: -len(_WORD.findall(talk.texts[at])))
    elif name == "random":
        chosen = Random(_SEED).sample(range(count), count)  # noqa: S311
    else:
        chosen = _textrank(talk.texts)
    return "\n".join(f"{talk.authors[at]}: {talk.texts[at]}" for at in sorted(chosen[:lines]))


def _textrank(texts: Sequence[str]) -> list[int]:
    """Return lines by their rank: words shared, by the logarithms of both lengths."""
    sizes = np.array([math.log(max(1, len(_WORD.findall(text)))) for text in texts])
    columns: dict[str, int] = {}
    sets = [
        [columns.setdefault(word, len(columns)) for word in set(_WORD.findall(text.lower()))]
        for text in texts
    ]
    held = np.zeros((len(texts), max(1, len(columns))), np.float32)
    for row, words in enumerate(sets):
        held[row, words] = 1.0
    lengths = sizes[:, None] + sizes[None, :]
    weights = np.where(lengths > 0, (held @ held.T) / np.where(lengths > 0, lengths, 1), 0.0)
    np.fill_diagonal(weights, 0.0)
    degree = weights.sum(axis=0)
    share = np.full(len(texts), 1 / len(texts))
    for _ in range(_STEPS):
        share = (1 - _DAMPING) / len(texts) + _DAMPING * (weights @ (share / np.where(degree > 0, degree, 1)))
    return [int(at) for at in np.argsort(-share, kind="stable")]


def _spoken(row: Mapping[str, Any]) -> Talk:
    said = [line.partition(": ")[::2] for line in row["text"].splitlines() if ": " in line]
    return Talk(tuple(author for author, _ in said), tuple(text for _, text in said), row["summaries"][0])


def _minutes(row: Mapping[str, Any]) -> Talk:
    """Return a meeting's log without the lines that name its topics, which are the reference."""
    found = [match for line in row["text"].splitlines() if (match := _TIMED.match(line))]
    said = [(match[1], match[2]) for match in found if not _TOPIC_LINE.match(match[2])]
    topics = " ".join(row["reference"]["topics"])
    return Talk(tuple(author for author, _ in said), tuple(text for _, text in said), topics)


SUMMARIZINGS: Final = (
    Summarizing("summary_dialogsum", 3, "rouge_1", rouge_1, all_words, f1_scores, _spoken),
    Summarizing("summary_qmsum", 12, "rouge_1", rouge_1, all_words, f1_scores, _spoken),
    Summarizing(
        "summary_irc_minutes", 12, "word_coverage", word_coverage, telling_words, coverage_scores, _minutes
    ),
)
