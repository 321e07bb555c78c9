"""The second judge: looks again, with what was said before, at what the light one flags or leaves open."""

from collections.abc import Sequence
from importlib import import_module, util
from typing import Final, NamedTuple, Protocol

from bot.domain.policy import TOXIC
from bot.domain.signal import Intent, Judgement
from bot.nlp.classifier import NanoClassifier
from bot.nlp.encoder import Encoder

CONTEXT: Final = 3  # messages before the one to judge
_SURE: Final = 0.75  # confidence from which nobody looks again at what asks nothing
_MAYBE_TOXIC: Final = 0.3  # from here up to TOXIC somebody should look again
_HEADS: Final = "bot.nlp.full"  # judges by vectors; where it is missing there is no second judge


class Request(NamedTuple):
    """A message to judge again."""

    text: str
    context: tuple[str, ...]  # up to CONTEXT lines "author: text" of the same place, oldest first; see below
    author: str
    light: Judgement
    # Early in a thread its title (without an author) and the message that began it come first.


class Refiner(Protocol):
    """Judges in batches what the light judge was not sure of."""

    async def refine(self, requests: Sequence[Request]) -> list[Judgement]:
        """Return one judgement per request, in their order.

        Raises:
            EncoderBusy: too much is waiting already.
            EncoderUnavailable: it doesn't work now; the text says what to do.
        """
        ...


class Doubting:
    """A light judge that also tells what it isn't sure of; for when there is somebody to ask."""

    def __init__(self, classifier: NanoClassifier, *, of_all: bool = False) -> None:
        """Make it; with `of_all` it is sure of nothing that was said, so that somebody judges it all."""
        self._classifier = classifier
        self._of_all = of_all

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return one judgement per text, in their order."""
        judged = self._classifier.classify(texts)
        if self._of_all:
            pairs = zip(texts, judged, strict=True)
            return [each._replace(uncertain=True) if text.strip() else each for text, each in pairs]
        return [each._replace(uncertain=True) if is_uncertain(each) else each for each in judged]


def is_uncertain(judgement: Judgement) -> bool:
    """Whether somebody should look again, flagged or not."""
    return is_undecided(judgement) or _MAYBE_TOXIC <= judgement.toxicity < TOXIC


def is_undecided(judgement: Judgement) -> bool:
    """Whether it isn't flagged, and perhaps should be."""
    return judgement.intent is Intent.OTHER and judgement.confidence < _SURE


def find_refiner(encoder: Encoder | None) -> Refiner | None:
    """Return the second judge over `encoder`; None when there is none, or none that knows its vectors."""
    if encoder is None or util.find_spec(_HEADS) is None:
        return None
    load = getattr(import_module(_HEADS), "load_refiner", None)
    refiner: Refiner | None = load(encoder) if load else None
    return refiner
