"""How a message sounds: VADER's compound score, without VADER where it can't say anything."""

from functools import cache
from string import punctuation
from typing import Any, Final

from bot.domain.signal import Sentiment

NEGATIVE_FROM: Final = -0.05  # VADER's authors' thresholds
POSITIVE_FROM: Final = 0.05


@cache
def _analyzer() -> Any:
    # the lexicon takes 30 ms to read: not at import
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415

    return SentimentIntensityAnalyzer()


def compound(text: str) -> float:
    """Return VADER's compound score of `text`, from -1 (negative) to 1 (positive)."""
    analyzer = _analyzer()
    lexicon = analyzer.lexicon
    if text.isascii():
        for token in text.lower().split():
            if token in lexicon or token.strip(punctuation) in lexicon:
                break
        else:
            return 0.0
    return float(analyzer.polarity_scores(text)["compound"])


def label(score: float) -> Sentiment:
    """Return the label of a compound score."""
    if score <= NEGATIVE_FROM:
        return Sentiment.NEGATIVE
    return Sentiment.POSITIVE if score >= POSITIVE_FROM else Sentiment.NEUTRAL
