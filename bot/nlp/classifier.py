"""The light judge of every message: VADER and cue patterns, no model."""

from collections.abc import Sequence
from typing import Final, Protocol

from bot.domain.signal import Intent, Judgement, Purpose, Urgency
from bot.nlp.language import detect_language
from bot.nlp.sentiment import compound, label


class NanoClassifier(Protocol):
    """Judges messages in batches; the judgement of a text doesn't depend on its neighbours."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return one judgement per text, in their order."""
        ...


_ASKS: Final = ("anyone help", "how do i", "how can i", "please help", "help me", "anyone know", "how to")
_FAILS: Final = ("error", "getting a", "doesn't work", "not working", "crash", "is down", "broken")


class EmbeddedClassifier:
    """VADER plus cue patterns: precise rather than eager."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        """Return one judgement per text, in their order."""
        return [_judge(text) for text in texts]


def _judge(text: str) -> Judgement:
    lowered = text.lower()
    asks = next((cue for cue in _ASKS if cue in lowered), "")
    fails = next((cue for cue in _FAILS if cue in lowered), "")
    score = compound(text)
    intent = Intent.PROBLEM_REPORT if asks and fails else Intent.HELP_REQUEST if asks else Intent.OTHER
    parts = [f"asks '{asks}'"] * bool(asks) + [f"reports '{fails}'"] * bool(asks and fails)
    purpose = Purpose.SUPPORT if asks else Purpose.CHATTER if lowered.strip() else Purpose.UNKNOWN
    urgency = Urgency.HIGH if "urgent" in lowered else Urgency.LOW
    return Judgement(
        purpose, label(score), score, urgency, 0.0, intent, 0.8, ", ".join(parts), detect_language(text)
    )
