"""The questions of trained entries with their vectors, as the index reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, or_
from sqlalchemy import select as select_columns
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.training import chunks
from bot.models import TrainingEntry, TrainingPhrasing

PORTION = 500  # questions read at a time: some milliseconds of the event loop


class Phrasing(NamedTuple):
    """A question of a living entry, as the index needs it."""

    id: int
    entry_id: int
    text: str
    answer: str
    valid_from: datetime | None
    valid_until: datetime | None
    vector: bytes | None  # of the encoder asked for; None where it has none yet


class TrainingVectorRepository:
    """The phrasings' vectors seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_guild(
        self, guild_id: int, encoder: str | None, entry_ids: Sequence[int] | None = None
    ) -> list[Phrasing]:
        """Return the questions of the guild's living entries, or of some; `encoder` None: without vectors.

        They are read in portions, between which the event loop gets its turn.
        """
        found: list[Phrasing] = []
        if entry_ids is None:
            last, size = 0, PORTION
            while size == PORTION:
                rows = await self._read(guild_id, encoder, col(TrainingPhrasing.id) > last, limit=PORTION)
                found += rows
                last, size = (rows[-1].id if rows else last), len(rows)
            return found
        for part in chunks(entry_ids):
            found += await self._read(guild_id, encoder, col(TrainingEntry.id).in_(part))
        return found

    async def missing(self, guild_id: int, encoder: str, limit: int) -> Sequence[tuple[int, str]]:
        """Return (id, text) of living phrasings that have no vector of this encoder."""
        phrasing = TrainingPhrasing
        query = (
            select(phrasing.id, phrasing.text)
            .join(TrainingEntry, col(TrainingEntry.id) == col(phrasing.entry_id))
            .where(TrainingEntry.guild_id == guild_id, *_lacking(encoder))
        )
        return (await self._session.exec(query.order_by(col(phrasing.id)).limit(limit))).all()

    async def lacking_guilds(self, encoder: str) -> Sequence[int]:
        """Return the guilds with living phrasings that have no vector of this encoder."""
        query = (
            select(TrainingEntry.guild_id)
            .join(TrainingPhrasing, col(TrainingEntry.id) == col(TrainingPhrasing.entry_id))
            .where(*_lacking(encoder))
        )
        return (await self._session.exec(query.distinct().order_by(col(TrainingEntry.guild_id)))).all()

    async def largest_guilds(self, limit: int) -> Sequence[int]:
        """Return the guilds with the most living entries."""
        query = select(TrainingEntry.guild_id).where(col(TrainingEntry.deleted_at).is_(None))
        query = query.group_by(col(TrainingEntry.guild_id)).order_by(func.count().desc()).limit(limit)
        return (await self._session.exec(query)).all()

    async def keep(self, encoder: str, vectors: Sequence[tuple[int, bytes]]) -> None:
        """Store vectors of phrasings, by id; those deleted meanwhile are left out."""
        rows: list[dict[str, Any]] = [
            {"id": id_, "encoder": encoder, "vector": vector} for id_, vector in vectors
        ]
        for part in chunks(rows):
            there = select(TrainingPhrasing.id).where(
                col(TrainingPhrasing.id).in_([row["id"] for row in part])
            )
            known = set(await self._session.exec(there))
            if living := [row for row in part if row["id"] in known]:
                await self._session.exec(update(TrainingPhrasing), params=living)

    async def _read(
        self, guild_id: int, encoder: str | None, *more: Any, limit: int | None = None
    ) -> list[Phrasing]:
        entry, phrasing = TrainingEntry, TrainingPhrasing
        columns: list[Any] = [
            phrasing.id, phrasing.entry_id, phrasing.text, entry.answer, entry.valid_from, entry.valid_until
        ]  # fmt: skip
        if encoder is not None:
            columns += [phrasing.encoder, phrasing.vector]
        query: Any = (
            select_columns(*columns)
            .join(entry, col(entry.id) == col(phrasing.entry_id))
            .where(col(entry.guild_id) == guild_id, col(entry.deleted_at).is_(None), *more)
            .order_by(col(phrasing.id))
            .limit(limit)
        )
        rows = (await self._session.exec(query)).all()
        if encoder is None:
            return [Phrasing._make((*row, None)) for row in rows]
        return [Phrasing._make((*row[:6], row[7] if row[6] == encoder else None)) for row in rows]


def _lacking(encoder: str) -> list[Any]:
    phrasing = TrainingPhrasing
    return [
        col(TrainingEntry.deleted_at).is_(None),
        or_(col(phrasing.vector).is_(None), col(phrasing.encoder) != encoder),
    ]
