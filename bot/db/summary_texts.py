"""Deletions and edits reach summaries: what rests on words that are gone is taken out of them."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.summary_parts import SummaryPartRepository
from bot.domain.summaries import without
from bot.models import Channel, Summary, SummaryFeedback, SummaryNote, SummarySource, SummaryTopic
from bot.models.summary import claims_of, topic_of

_AT_ONCE = 500  # ids in one condition


class SummaryTextRepository:
    """The texts of summaries seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._parts = SummaryPartRepository(session)

    async def forget_messages(self, messages: Iterable[tuple[int | None, int]]) -> int:
        """Take messages, each a guild and an id, out of all summaries; return of how many summaries."""
        by_guild: dict[int, list[int]] = {}
        for guild_id, message_id in messages:
            if guild_id is not None:
                by_guild.setdefault(guild_id, []).append(message_id)
        changed = 0
        for guild_id, ids in by_guild.items():
            await self._parts.forget_messages(guild_id, ids)
            for start in range(0, len(ids), _AT_ONCE):
                changed += await self._redact(
                    col(SummarySource.message_id).in_(ids[start : start + _AT_ONCE])
                )
        return changed

    async def forget_place(self, place_id: int) -> int:
        """Take a deleted channel, with its threads, or a thread out of all summaries; as above."""
        known = await self._session.exec(select(Channel.guild_id).where(Channel.id == place_id))
        guild_id = known.first()
        if guild_id is not None:
            await self._parts.forget_places(guild_id, {place_id})
            await self._forget_having_read(guild_id, place_id)
        there = (col(SummarySource.place_id) == place_id) | (col(SummarySource.channel_id) == place_id)
        return await self._redact(there)

    async def forget_said(self, guild_id: int, user_id: int) -> None:
        """Delete what a member thought of a guild's summaries, and what models made of its messages."""
        await self._parts.forget_guild(guild_id)
        here = select(Summary.id).where(col(Summary.guild_id) == guild_id)
        for table in (SummaryFeedback, SummaryNote):
            theirs = (col(table.user_id) == user_id, col(table.summary_id).in_(here))
            await self._session.exec(delete(table).where(*theirs))

    async def made_for(self, guild_id: int, user_id: int) -> Sequence[int]:
        """Return a guild's summaries that were made for a member alone."""
        for_them = (col(Summary.guild_id) == guild_id, col(Summary.reader_id) == user_id)
        return (await self._session.exec(select(Summary.id).where(*for_them))).all()

    async def resting_on(self, guild_id: int, user_id: int) -> dict[int, list[int]]:
        """Return a member's messages on which a guild's summaries rest, by summary."""
        here = select(Summary.id).where(col(Summary.guild_id) == guild_id)
        theirs = (col(SummarySource.author_id) == user_id) & col(SummarySource.summary_id).in_(here)
        return await self._by_summary(theirs)

    async def drop(self, summary_ids: Sequence[int]) -> None:
        """Delete summaries with all they are of."""
        await self._session.exec(delete(Summary).where(col(Summary.id).in_(summary_ids)))

    async def _forget_having_read(self, guild_id: int, place_id: int) -> None:
        """Leave a place that is gone out of what summaries are of: else nobody could be shown them again."""
        threads = (await self._session.exec(select(Channel.id).where(Channel.parent_id == place_id))).all()
        gone = {str(each) for each in (place_id, *threads)}
        query = select(Summary.id, Summary.place_ids).where(Summary.guild_id == guild_id)
        for summary_id, place_ids in (await self._session.exec(query)).all():
            left = [each for each in place_ids if each not in gone]
            if left != place_ids:
                values = update(Summary).where(col(Summary.id) == summary_id).values(place_ids=left)
                await self._session.exec(values)

    async def _redact(self, which: Any) -> int:
        """Take the claims out that rest on the messages of these sources."""
        gone = await self._by_summary(which)
        for summary_id in sorted(gone):  # in their order, so that two writers don't wait for each other
            await self.redact(summary_id, gone[summary_id])
        return len(gone)

    async def _by_summary(self, which: Any) -> dict[int, list[int]]:
        query = select(SummarySource.summary_id, SummarySource.message_id).where(which)
        found: dict[int, list[int]] = {}
        for summary_id, message_id in (await self._session.exec(query)).all():
            found.setdefault(summary_id, []).append(message_id)
        return found

    async def redact(self, summary_id: int, gone: Collection[int]) -> None:
        """Take the claims out of a summary that rest on these messages."""
        held = select(Summary).where(Summary.id == summary_id).with_for_update()
        summary = (await self._session.exec(held)).first()
        if summary is None:
            return
        topics = select(SummaryTopic).where(SummaryTopic.summary_id == summary_id)
        for row in (await self._session.exec(topics)).all():
            before = topic_of(row.title, row.claims, row.message_ids)
            after = without(before, gone)
            if after == before:
                continue
            values = {
                "title": after.title,
                "claims": claims_of(after),
                "message_ids": [str(each) for each in after.message_ids],
                "removed": row.removed + len(before.claims) - len(after.claims),
            }
            await self._session.exec(
                update(SummaryTopic).where(col(SummaryTopic.id) == row.id).values(**values)
            )
        dropped = (col(SummarySource.summary_id) == summary_id, col(SummarySource.message_id).in_(gone))
        await self._session.exec(delete(SummarySource).where(*dropped))
        stale = update(Summary).where(col(Summary.id) == summary_id).values(is_stale=True)
        await self._session.exec(stale)  # whether it is posted or just being so
