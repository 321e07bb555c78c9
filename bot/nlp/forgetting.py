"""Letting go of single words that were remembered to save work."""

from bot.nlp import domains
from bot.nlp.retrieval import normalise


def forget_words() -> None:
    """Empty what is remembered of words: somebody's may be among them."""
    domains.forget_words()
    normalise.forget_words()
