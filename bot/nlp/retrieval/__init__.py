"""Which trained answer fits a question: meaning, words and exact matches, with a calibrated score."""

from bot.nlp.retrieval.calibration import DENSE, HASHED, Calibration
from bot.nlp.retrieval.index import Entry, Match, RetrievalIndex

__all__ = ["DENSE", "HASHED", "Calibration", "Entry", "Match", "RetrievalIndex"]
