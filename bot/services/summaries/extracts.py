"""Topics without a model: lines as they were written."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.summaries import Line, Reading, Topic
from bot.nlp.digest import extract_topics
from bot.services.computing import Computes, by_size


class Extractor(Protocol):
    """Finds topics in messages without a model."""

    async def topics(self, lines: Sequence[Line], reading: Reading) -> tuple[Topic, ...]:
        """Return what was talked about, most important first; claims are lines as they were written."""
        ...


class PickedLines:
    """Picks the lines that say most, by the words they have in common."""

    def __init__(self, computing: Computes) -> None:
        self._computing = computing

    async def topics(self, lines: Sequence[Line], reading: Reading) -> tuple[Topic, ...]:
        """Return the topics; of ten thousand lines that takes seconds."""
        return await by_size(self._computing, len(lines)).run(extract_topics, lines, None, reading)
