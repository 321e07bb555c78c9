"""Summaries: stored once, looked up, posted, judged."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, or_
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import (
    NoteKind,
    Summary,
    SummaryFeedback,
    SummaryKind,
    SummaryNote,
    SummarySource,
    SummaryTopic,
)


class Thumbs(NamedTuple):
    """How many members found a summary helpful, and how many didn't."""

    up: int
    down: int


class SummaryRepository:
    """The summaries seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(
        self, summary: Summary, topics: Sequence[SummaryTopic], sources: Sequence[SummarySource]
    ) -> Summary | None:
        """Store a summary and return it; None where the guild has one of this kind and date.

        Args:
            summary: without an id.
            topics: in their order; the ids are set here.
            sources: as the topics.
        """
        insert = insert_for(self._session, Summary).values(**summary.model_dump(exclude={"id"}))
        row = (await self._session.exec(insert.on_conflict_do_nothing().returning(col(Summary.id)))).first()
        if row is None:
            return None
        for each in topics:
            self._session.add(SummaryTopic(**each.model_dump(exclude={"id"}) | {"summary_id": row[0]}))
        for source in sources:
            self._session.add(SummarySource(**source.model_dump() | {"summary_id": row[0]}))
        await self._session.flush()
        return await self.get(row[0])

    async def get(self, summary_id: int) -> Summary | None:
        """Return the summary."""
        return await self._session.get(Summary, summary_id, populate_existing=True)

    async def of_date(self, guild_id: int, kind: SummaryKind, local_date: date) -> Summary | None:
        """Return the guild's summary of this kind and date."""
        this = (
            col(Summary.guild_id) == guild_id,
            col(Summary.kind) == kind.value,
            col(Summary.local_date) == local_date,
        )
        return (await self._session.exec(select(Summary).where(*this))).first()

    async def topics(self, summary_id: int) -> Sequence[SummaryTopic]:
        """Return a summary's topics, most important first."""
        query = select(SummaryTopic).where(SummaryTopic.summary_id == summary_id)
        return (await self._session.exec(query.order_by(col(SummaryTopic.position)))).all()

    async def sources(self, summary_id: int) -> Sequence[SummarySource]:
        """Return the messages that a summary's claims rest on."""
        query = select(SummarySource).where(SummarySource.summary_id == summary_id)
        return (await self._session.exec(query.order_by(col(SummarySource.message_id)))).all()

    async def newest(
        self, guild_id: int, before_id: int | None, limit: int, reader_id: int | None = None
    ) -> Sequence[Summary]:
        """Return a guild's summaries, newest first, without those made for another than `reader_id`.

        Where `before_id` is given, those before it.
        """
        theirs = or_(col(Summary.reader_id).is_(None), col(Summary.reader_id) == reader_id)
        query = select(Summary).where(col(Summary.guild_id) == guild_id, theirs)
        if before_id is not None:
            query = query.where(col(Summary.id) < before_id)
        return (await self._session.exec(query.order_by(col(Summary.id).desc()).limit(limit))).all()

    async def cite(self, sources: Sequence[SummarySource]) -> None:
        """Note messages that are quoted beside a summary's claims; those it rests on already stay."""
        for each in sources:
            insert = insert_for(self._session, SummarySource).values(**each.model_dump())
            await self._session.exec(insert.on_conflict_do_nothing())

    async def discard(self, summary_id: int) -> None:
        """Delete a summary."""
        await self._session.exec(delete(Summary).where(col(Summary.id) == summary_id))

    async def mark_stale(self, summary_id: int) -> None:
        """Note that what is posted of a summary may not say what its row does."""
        await self._session.exec(update(Summary).where(col(Summary.id) == summary_id).values(is_stale=True))

    async def mark_posted(
        self, summary_id: int, channel_id: int | None, message_id: int, at: datetime
    ) -> None:
        """Note where a summary stands; None for direct messages."""
        values: dict[str, Any] = {
            "posted_channel_id": channel_id,
            "posted_message_id": message_id,
            "posted_at": at,
        }
        await self._session.exec(update(Summary).where(col(Summary.id) == summary_id).values(**values))

    async def note_public(
        self, summary_id: int, channel_id: int, message_ids: Sequence[int], at: datetime
    ) -> None:
        """Note the messages in which a summary was posted for everybody, beside those of before."""
        held = select(Summary.public_posts).where(Summary.id == summary_id).with_for_update()
        before = (await self._session.exec(held)).first() or []
        values = {"public_posts": [*before, [str(each) for each in message_ids]]}
        await self._session.exec(update(Summary).where(col(Summary.id) == summary_id).values(**values))
        await self.mark_posted(summary_id, channel_id, message_ids[0], at)

    async def stale(self, limit: int, after_id: int = 0) -> Sequence[Summary]:
        """Return posted summaries whose post may still say what was taken out of them, oldest first."""
        posted = (
            col(Summary.is_stale), col(Summary.posted_message_id).is_not(None), col(Summary.id) > after_id
        )  # fmt: skip
        query = select(Summary).where(*posted).order_by(col(Summary.id)).limit(limit)
        return (await self._session.exec(query)).all()

    async def mark_fresh(self, summary_id: int) -> None:
        """Note that a summary's post says what its row does."""
        await self._session.exec(update(Summary).where(col(Summary.id) == summary_id).values(is_stale=False))

    async def rate(self, feedback: SummaryFeedback) -> None:
        """Store a member's thumb in place of the one before."""
        insert = insert_for(self._session, SummaryFeedback).values(**feedback.model_dump())
        changed = {"helpful": feedback.helpful, "created_at": feedback.created_at}
        await self._session.exec(
            insert.on_conflict_do_update(index_elements=["summary_id", "user_id"], set_=changed)
        )

    async def thumbs(self, summary_id: int) -> Thumbs:
        """Return what members thought of a summary."""
        query = (
            select(SummaryFeedback.helpful, func.count())
            .where(SummaryFeedback.summary_id == summary_id)
            .group_by(col(SummaryFeedback.helpful))
        )
        found = {bool(helpful): count for helpful, count in (await self._session.exec(query)).all()}
        return Thumbs(found.get(True, 0), found.get(False, 0))

    async def note(self, note: SummaryNote) -> None:
        """Store a report or a correction, with which a post of the summary has to be told anew."""
        self._session.add(SummaryNote(**note.model_dump(exclude={"id"})))
        await self._session.flush()
        if note.kind == NoteKind.CORRECTION:
            stale = update(Summary).where(col(Summary.id) == note.summary_id).values(is_stale=True)
            await self._session.exec(stale)

    async def notes(self, summary_id: int, kind: NoteKind) -> Sequence[SummaryNote]:
        """Return what was said of a summary, oldest first."""
        query = select(SummaryNote).where(
            SummaryNote.summary_id == summary_id, SummaryNote.kind == kind.value
        )
        return (await self._session.exec(query.order_by(col(SummaryNote.id)))).all()

    async def purge(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` summaries made before `before`; return how many."""
        old = (
            select(Summary.id).where(col(Summary.created_at) < before).order_by(col(Summary.id)).limit(limit)
        )
        return (await self._session.exec(delete(Summary).where(col(Summary.id).in_(old)))).rowcount or 0
