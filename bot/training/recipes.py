"""Which samples each head is trained on, and how much each counts."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from bot.domain.signal import Intent, Purpose, Sentiment
from bot.nlp import heads
from bot.training.rows import DAY_LOGS, Sample, corpus_samples, day_samples, file_samples

Weigh = Callable[[Sample], float]


class Recipe(NamedTuple):
    """How a head is trained.

    Attributes:
        head: its name, which is the field of `Sample` too.
        light, full: C of the logistic regression, chosen by cross-validation.
        main: the source its cross-validation is scored on; the others only help.
        weigh: returns what a sample counts, 0 to leave it out.
        balanced: whether rare labels count more.
    """

    head: str
    light: float
    full: float
    main: str
    weigh: Weigh
    balanced: bool = False


def _intent(sample: Sample) -> float:
    return 0.5 if sample.is_corpus else 1.0


def _urgency(sample: Sample) -> float:
    return 1.0


def _route(sample: Sample) -> float:
    return 4.0 if sample.is_corpus else 1.0


def _purpose(sample: Sample) -> float:
    return 1.0 if sample.source == "spam_purpose" else 0.1


def _sentiment(sample: Sample) -> float:
    if sample.source == DAY_LOGS:
        return 0.1 if sample.sentiment == Sentiment.NEUTRAL else 1.0
    return 0.25 if sample.is_corpus else 1.0


def _toxicity(sample: Sample) -> float:
    return 0.2 if sample.source == DAY_LOGS else 0.5 if sample.is_corpus else 1.0


RECIPES: Final = (
    Recipe(heads.INTENT, 2, 0.4, DAY_LOGS, _intent),
    Recipe(heads.PURPOSE, 10, 2, "spam_purpose", _purpose),
    Recipe(heads.SENTIMENT, 1.5, 0.35, "sentiment", _sentiment),
    Recipe(heads.URGENCY, 1, 1, DAY_LOGS, _urgency, balanced=True),
    Recipe(heads.TOXICITY, 20, 2, "toxicity", _toxicity),
    Recipe(heads.ROUTE, 8, 1, "routing", _route),
)


def gather(data_dir: Path) -> list[Sample]:
    """Return everything the heads are trained on.

    Raises:
        OSError: a file of the evaluation data is missing.
        CorpusError: a row of the project's own is not as it should be.
    """
    return [
        *corpus_samples(),
        *map(_with_purpose, day_samples(data_dir, held_out=False)),
        *file_samples(data_dir, "sentiment", "sentiment"),
        *file_samples(data_dir, "toxicity", "toxicity"),
        *file_samples(data_dir, "spam_purpose", "purpose"),
        *file_samples(data_dir, "routing", "route"),
    ]


def _with_purpose(sample: Sample) -> Sample:
    """Return a day's line with its purpose where that is plain: asked for help, or gives a link.

    Without the latter a link alone would look like an advert.
    """
    plain = sample.intent != Intent.OTHER or "://" in sample.text
    return replace(sample, purpose=Purpose.SUPPORT) if plain else sample


def chosen(recipe: Recipe, samples: Sequence[Sample]) -> list[int]:
    """Return the places of the samples that a head is trained on."""
    return [
        at for at, sample in enumerate(samples) if getattr(sample, recipe.head) and recipe.weigh(sample) > 0
    ]
