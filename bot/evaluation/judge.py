"""Who is asked: the judges of each mode behind one small protocol, and the baselines they must beat.

A mode to come is a class with these members and a line in `_MODES`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.domain.signal import Sentiment
from bot.evaluation.metrics import Floats

CLEAN, TOXIC = "clean", "toxic"
BENIGN, PHISHING = "benign", "phishing"
# What a judge can be asked.
INTENT, PURPOSE, SENTIMENT, URGENCY = "intent", "purpose", "sentiment", "urgency"
TOXICITY, ROUTE, DOMAIN = "toxicity", "route", "domain"
RETRIEVAL = "retrieval"

Contexts = Sequence[Sequence[str]]


class Prediction(NamedTuple):
    """What a judge says of n texts."""

    labels: tuple[str, ...]  # k of them
    probabilities: Floats  # (n, k), rows add up to 1
    decided: NDArray[np.intp] | None = None  # (n,): the labels chosen, where that isn't the most likely one

    @property
    def chosen(self) -> list[str]:
        """The label of each text."""
        best = self.probabilities.argmax(axis=1) if self.decided is None else self.decided
        return [self.labels[index] for index in best]


class Answers(NamedTuple):
    """What a judge finds for n queries: the best entry whether or not it would be given."""

    answer_ids: tuple[str, ...]
    scores: Floats  # (n,), higher is surer
    threshold: float  # the score from which an answer is given


class Judge(Protocol):
    """One way the bot can judge.

    Attributes:
        name: its mode, as the table shows it.
        heads: what it can be asked; RETRIEVAL for `retrieve`.
        trained_rows: keys (`bot.nlp.training_rows`) of what it was trained on.
        cores: how many processor cores it may use while its speed is measured; None for all.
    """

    name: str
    heads: frozenset[str]
    trained_rows: frozenset[int]
    cores: int | None

    def predict(self, task: str, texts: Sequence[str], contexts: Contexts | None = None) -> Prediction:
        """Return what one head says of `texts`; `contexts` are the lines before each, oldest first."""
        ...

    def retrieve(self, entries: Sequence[tuple[str, str]], queries: Sequence[str]) -> Answers:
        """Return the best of `entries` (answer id, trained question) for each query."""
        ...

    def judge(self, texts: Sequence[str]) -> object:
        """Do for a batch of messages all that the bot does for them; what its speed is measured on."""
        ...


class ModeMissing(Exception):  # noqa: N818 - a state, not a fault
    """A mode is not there; the text says why and what to do."""


class VaderJudge:
    """VADER alone, with its authors' thresholds (0.05): the baseline for sentiment."""

    def __init__(self) -> None:
        from bot.nlp.sentiment import compound

        self.name = "vader"
        self.heads = frozenset({SENTIMENT})
        self.trained_rows: frozenset[int] = frozenset()
        self.cores: int | None = 1
        self._compound = compound

    def predict(self, task: str, texts: Sequence[str], contexts: Contexts | None = None) -> Prediction:
        """Return the labels of the compound scores."""
        return certain([_vader_label(score) for score in self.judge(texts)], Sentiment)

    def retrieve(self, entries: Sequence[tuple[str, str]], queries: Sequence[str]) -> Answers:
        """Raise: VADER finds nothing."""
        raise NotImplementedError

    def judge(self, texts: Sequence[str]) -> list[float]:
        """Return the compound scores of a batch, -1 to 1."""
        return [self._compound(text) for text in texts]


_VADER_NEUTRAL: Final = 0.05  # Hutto and Gilbert: neutral below, in either direction


def _vader_label(score: float) -> str:
    if score >= _VADER_NEUTRAL:
        return Sentiment.POSITIVE
    return Sentiment.NEGATIVE if score <= -_VADER_NEUTRAL else Sentiment.NEUTRAL


def certain(chosen: Sequence[str], labels: Sequence[str] | type[Sentiment]) -> Prediction:
    """Return a prediction that is sure of every label."""
    names = tuple(map(str, labels))
    probabilities = np.zeros((len(chosen), len(names)))
    probabilities[np.arange(len(chosen)), [names.index(label) for label in chosen]] = 1.0
    return Prediction(names, probabilities)


def _light() -> Judge:
    from bot.evaluation.heads_judge import LightJudge

    return LightJudge()


def _full() -> Judge:
    from bot.evaluation.heads_judge import FullJudge

    return FullJudge()


BASELINES: Final = ("vader",)
MODES: Final = ("light", "full")
_MODES: Final[Mapping[str, Callable[[], Judge]]] = {
    "vader": VaderJudge,
    "light": _light,
    "full": _full,
}


def load_judge(name: str) -> Judge:
    """Return the judge of a mode or a baseline, loaded.

    Raises:
        ModeMissing: it is not installed here.
    """
    return _MODES[name]()
