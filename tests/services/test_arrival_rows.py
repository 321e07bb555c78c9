"""Rows of arrivals: what a judgement in another language is worth."""

from collections.abc import Sequence

import pytest

from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.services.arrival_rows import rows_of
from tests.services.support import NOW, arrival


class Judge:
    """A classifier that is sure of everything, in a language of one's choice."""

    def __init__(self, language: str) -> None:
        self._language = language

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        sure = Judgement(
            Purpose.SUPPORT, Sentiment.NEUTRAL, 0.0, Urgency.LOW, 0.0, Intent.HELP_REQUEST, 0.9, "asks",
            self._language,
        )  # fmt: skip
        return [sure for _ in texts]


@pytest.mark.parametrize(("language", "confidence"), [("en", 0.9), ("und", 0.9), ("de", 0.45), ("zh", 0.45)])
def test_a_judgement_in_a_language_it_was_not_made_for_has_low_confidence(
    language: str, confidence: float
) -> None:
    [row] = rows_of([arrival(0)], Judge(language), NOW)
    assert (row["language"], row["confidence"]) == (language, confidence)
