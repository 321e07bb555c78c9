"""What is missing in training: gaps, entries that no longer serve, and entries that contradict each other."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bot.db.database import Database
from bot.db.training_gaps import Unanswered
from bot.domain.audience import Person
from bot.models import TrainingEntry
from bot.nlp.clusters import clusters
from bot.nlp.encoder import Vectors
from bot.nlp.retrieval.normalise import normalise
from bot.services.audience import AudienceService, KnownThread, Spot
from bot.services.clock import Clock
from bot.services.meaning import Meaning
from bot.services.tickets.ports import OptedOut
from bot.services.training.contradictions import Contradiction, contradictions
from bot.services.training.knowledge import Band, Knowledge

MAX_QUESTIONS: Final = 2_000  # the newest
MAX_PHRASINGS: Final = 10_000  # the newest
MAX_LISTED: Final = 200  # of each kind
MAX_CHECKED: Final = 50  # gaps that are compared with what was taught since
ENCODE_SECONDS: Final = 60.0  # somebody looks at "thinking…"
REJECTIONS: Final = 3
UNUSED: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that mean the same and were not answered."""

    texts: tuple[str, ...]  # how it was asked, the most typical first, no two the same
    count: int  # how often
    newest: datetime


@dataclass(frozen=True, slots=True)
class StaleEntry:
    """An entry to look at, and why."""

    entry: TrainingEntry
    question: str
    is_rejected: bool
    is_expired: bool
    is_unused: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Everything that staff might do about their training; the most pressing first."""

    gaps: Sequence[Gap]
    stale: Sequence[StaleEntry]
    contradictions: Sequence[Contradiction]
    is_fallback: bool  # the model could not be asked, so words were compared


class TrainingGaps:
    """Finds what is missing."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        meaning: Meaning,
        knowledge: Knowledge,
        audience: AudienceService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._meaning = meaning
        self._knowledge = knowledge
        self._audience = audience
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False  # of whom nothing is shown

    async def find(self, guild_id: int, reader: Person) -> Missing:
        """Return what is missing in a server, without what was asked where `reader` may not read."""
        async with self._database.reading() as tx:
            asked = await tx.training_gaps.unanswered(guild_id, MAX_QUESTIONS)
            taught_at = await tx.training_gaps.last_taught(guild_id)
        asked = self._readable(asked, reader)
        gaps, is_fallback = await self._gaps(asked)
        gaps = await self._open(guild_id, gaps, taught_at)
        stale = await self._stale(guild_id)
        against, by_words = await self._contradictions(guild_id)
        return Missing(gaps[:MAX_LISTED], stale, against, is_fallback or by_words)

    def _readable(self, asked: Sequence[Unanswered], reader: Person) -> Sequence[Unanswered]:
        """Return the questions of places the reader may read, without those of who opted out."""
        wanted = [each for each in asked if not self.opted_out(reader.guild_id, each.author_id)]
        spots = {_place_of(each): _spot_of(each) for each in wanted}
        may = self._audience.readable_sources(reader, spots.values())
        return [each for each in wanted if _place_of(each) in may]

    async def _gaps(self, asked: Sequence[Unanswered]) -> tuple[list[Gap], bool]:
        """Return the groups of questions, largest first, and whether words had to be compared."""
        by_normal: dict[str, list[Unanswered]] = {}
        for each in asked:
            by_normal.setdefault(normalise(each.text), []).append(each)
        same = [group for normal, group in by_normal.items() if normal]
        compared = await self._meaning.vectors([group[0].text for group in same], ENCODE_SECONDS)
        farthest, counts = 1 - compared.likeness.alike, [len(group) for group in same]
        groups = await asyncio.to_thread(clusters, compared.vectors, farthest, counts)
        gaps = [_gap([same[row] for row in rows], compared.vectors[rows]) for rows in groups]
        return sorted(gaps, key=lambda gap: (gap.count, gap.newest), reverse=True), compared.is_fallback

    async def _open(self, guild_id: int, gaps: list[Gap], taught_at: datetime | None) -> list[Gap]:
        """Return the gaps without those that were taught since they were last asked."""
        left: list[Gap] = []
        for number, gap in enumerate(gaps):
            if taught_at is None or taught_at <= gap.newest or number >= MAX_CHECKED:
                left.append(gap)
                continue
            found = await self._knowledge.search(guild_id, gap.texts[0], 1)
            if found.band is not Band.TRAINED or found.matches[0].entry.updated_at <= gap.newest:
                left.append(gap)
        return left

    async def _stale(self, guild_id: int) -> list[StaleEntry]:
        now = self._clock.now()
        async with self._database.reading() as tx:
            found = await tx.training_gaps.stale(guild_id, now, now - UNUSED, REJECTIONS, MAX_LISTED)
        return [
            StaleEntry(
                entry,
                question,
                is_rejected=entry.unhelpful >= REJECTIONS and entry.unhelpful > entry.helpful,
                is_expired=entry.valid_until is not None and entry.valid_until <= now,
                is_unused=(entry.last_used_at or entry.created_at) <= now - UNUSED,
            )
            for entry, question in found
        ]

    async def _contradictions(self, guild_id: int) -> tuple[list[Contradiction], bool]:
        """Return entries that answer the same differently, and whether words had to be compared."""
        encoder = self._meaning.encoder
        async with self._database.reading() as tx:
            phrasings = await tx.training_vectors.of_guild(guild_id, encoder.name if encoder else None)
        found, by_words = await asyncio.to_thread(
            contradictions, phrasings[-MAX_PHRASINGS:], self._clock.now(), MAX_LISTED
        )
        return found, by_words and encoder is not None


def _gap(groups: Sequence[Sequence[Unanswered]], vectors: Vectors) -> Gap:
    """Return a gap of questions by normalised text."""
    counts = np.array([len(group) for group in groups])
    typical = np.argsort(-(vectors @ (counts @ vectors)), kind="stable")
    newest = max(each.asked_at for group in groups for each in group)
    return Gap(tuple(groups[row][0].text for row in typical), int(counts.sum()), newest)


def _place_of(asked: Unanswered) -> int:
    return asked.thread_id if asked.thread_id is not None else asked.channel_id


def _spot_of(asked: Unanswered) -> Spot:
    if asked.thread_id is None:
        return asked.channel_id
    return KnownThread(asked.thread_id, asked.channel_id, asked.is_private)
