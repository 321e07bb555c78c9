"""Tickets written but not opened yet."""

from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import TicketDraft


class TicketDraftRepository:
    """The drafts seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def keep(self, draft: TicketDraft, stale: datetime, most: int) -> None:
        """Store a draft in place of the writer's older ones there; drop those before `stale`, or too many."""
        drafts = TicketDraft
        here = col(drafts.guild_id) == draft.guild_id
        others = (here, col(drafts.opener_id) == draft.opener_id, col(drafts.key) != draft.key)
        await self._session.exec(delete(drafts).where(*others))
        await self.purge(stale)
        insert = insert_for(self._session, drafts).values(**draft.model_dump()).on_conflict_do_nothing()
        await self._session.exec(insert)
        newest = select(col(drafts.key)).where(here).order_by(col(drafts.created_at).desc(), col(drafts.key))
        surplus = (await self._session.exec(newest.offset(most).limit(most))).all()
        await self._session.exec(delete(drafts).where(col(drafts.key).in_(surplus)))

    async def get(self, key: str) -> TicketDraft | None:
        """Return the draft, None when it is gone."""
        return await self._session.get(TicketDraft, key, populate_existing=True)

    async def drop(self, key: str) -> None:
        """Delete a draft."""
        await self._session.exec(delete(TicketDraft).where(col(TicketDraft.key) == key))

    async def purge(self, before: datetime) -> int:
        """Delete the drafts made before `before`; return how many there were."""
        old = delete(TicketDraft).where(col(TicketDraft.created_at) < before)
        return (await self._session.exec(old)).rowcount
