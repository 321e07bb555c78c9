"""Topics without a model: lines as they were written."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from bot.domain.summaries import Line, Reading, Topic
from bot.nlp.digest import extract_topics


class Extractor(Protocol):
    """Finds topics in messages without a model."""

    async def topics(self, lines: Sequence[Line], reading: Reading) -> tuple[Topic, ...]:
        """Return what was talked about, most important first; claims are lines as they were written."""
        ...


class PickedLines:
    """Picks the lines that say most, by the words they have in common."""

    async def topics(self, lines: Sequence[Line], reading: Reading) -> tuple[Topic, ...]:
        """Return the topics; it takes seconds for ten thousand lines, so they are looked for in a thread."""
        return await asyncio.to_thread(extract_topics, lines, None, reading)
