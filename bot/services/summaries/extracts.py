"""Topics without a model: lines as they were written."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from bot.domain.summaries import Claim, Line, Reading, Topic
from bot.nlp.summary import summarize_lines

_PICKS: Final = {Reading.SHORT: 3, Reading.DETAILED: 6}  # lines of a place
_TITLE: Final = 60  # characters


class Extractor(Protocol):
    """Finds topics in messages without a model."""

    async def topics(self, lines: Sequence[Line], reading: Reading) -> tuple[Topic, ...]:
        """Return what was talked about, most important first; claims are lines as they were written."""
        ...


class PickedLines:
    """Picks some lines of each place."""

    async def topics(self, lines: Sequence[Line], reading: Reading) -> tuple[Topic, ...]:
        """Return a topic for each place, the one with the most messages first."""
        return await asyncio.to_thread(_picked, lines, _PICKS[reading])


def _picked(lines: Sequence[Line], count: int) -> tuple[Topic, ...]:
    by_place: dict[int, list[Line]] = {}
    for line in lines:
        if line.text.strip():
            by_place.setdefault(line.place_id, []).append(line)
    topics = []
    for said in sorted(by_place.values(), key=len, reverse=True):
        authors = [str(line.author_id) for line in said]
        picks = summarize_lines([line.text for line in said], authors, count)
        if not picks:
            continue
        claims = tuple(
            Claim(f"{said[pick.line].author_name}: {pick.text}", (said[pick.line].message_id,))
            for pick in picks
        )
        title = " ".join(picks[0].text.split())[:_TITLE]
        ids = tuple(line.message_id for line in said)
        topics.append(Topic(title, claims, message_ids=ids, is_extract=True))
    return tuple(topics)
