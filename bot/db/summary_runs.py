"""How servers want their daily summary, and what became of each date's."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Gap, Guild, RunStatus, SummaryPost, SummaryRun, SummarySettings


class SummaryRunRepository:
    """The settings, runs and posts seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def settings(self) -> Sequence[SummarySettings]:
        """Return every server's settings."""
        return (await self._session.exec(select(SummarySettings))).all()

    async def settings_of(self, guild_id: int) -> SummarySettings | None:
        """Return a server's settings, None where it has chosen nothing."""
        return await self._session.get(SummarySettings, guild_id, populate_existing=True)

    async def change(self, guild_id: int, values: dict[str, Any]) -> SummarySettings:
        """Set columns of a known server's settings, which begin with the defaults; return the settings."""
        begun = SummarySettings(guild_id=guild_id).model_dump() | values
        insert = insert_for(self._session, SummarySettings).values(**begun)
        keep = values or {"guild_id": guild_id}
        await self._session.exec(insert.on_conflict_do_update(index_elements=["guild_id"], set_=keep))
        settings = await self._session.get(SummarySettings, guild_id, populate_existing=True)
        assert settings is not None  # just written
        return settings

    async def last(self, guild_id: int) -> SummaryRun | None:
        """Return a server's newest run."""
        query = select(SummaryRun).where(SummaryRun.guild_id == guild_id)
        return (await self._session.exec(query.order_by(col(SummaryRun.local_date).desc()).limit(1))).first()

    async def begin(self, run: SummaryRun) -> bool:
        """Insert a pending run; False where this date has one."""
        insert = insert_for(self._session, SummaryRun).values(**run.model_dump())
        statement = insert.on_conflict_do_nothing().returning(col(SummaryRun.local_date))
        return (await self._session.exec(statement)).first() is not None

    async def ready(self, now: datetime, patience: timedelta) -> Sequence[SummaryRun]:
        """Return pending runs whose time has come, of servers the bot is in, oldest first.

        While messages that were missed are still to be read, a server's run waits, for `patience` at most.
        """
        present = select(Guild.id).where(col(Guild.left_at).is_(None))
        behind = select(Gap.guild_id).where(col(Gap.closed_at).is_(None))
        query = select(SummaryRun).where(
            SummaryRun.status == RunStatus.PENDING.value,
            col(SummaryRun.try_at) <= now,
            col(SummaryRun.guild_id).in_(present),
            or_(col(SummaryRun.created_at) <= now - patience, col(SummaryRun.guild_id).not_in(behind)),
        )
        return (await self._session.exec(query.order_by(col(SummaryRun.try_at)))).all()

    async def untold(self) -> Sequence[SummaryRun]:
        """Return failed runs whose server's admins were not told yet."""
        query = select(SummaryRun).where(
            SummaryRun.status == RunStatus.FAILED.value, col(SummaryRun.is_told).is_(False)
        )
        return (await self._session.exec(query.order_by(col(SummaryRun.local_date)))).all()

    async def set(self, guild_id: int, local_date: date, values: dict[str, Any]) -> None:
        """Set columns of a run."""
        this = (col(SummaryRun.guild_id) == guild_id, col(SummaryRun.local_date) == local_date)
        await self._session.exec(update(SummaryRun).where(*this).values(**values))

    async def begin_post(self, post: SummaryPost) -> tuple[SummaryPost, bool]:
        """Insert a message that is to be posted, or find it; return it, and whether it is new."""
        insert = insert_for(self._session, SummaryPost).values(**post.model_dump(exclude={"id"}))
        statement = insert.on_conflict_do_nothing().returning(col(SummaryPost.id))
        is_new = (await self._session.exec(statement)).first() is not None
        query = select(SummaryPost).where(
            SummaryPost.guild_id == post.guild_id,
            SummaryPost.local_date == post.local_date,
            SummaryPost.target_id == post.target_id,
            SummaryPost.part == post.part,
        )
        return (await self._session.exec(query)).one(), is_new

    async def posts(self, guild_id: int, local_date: date) -> Sequence[SummaryPost]:
        """Return the messages of a run, target by target, in their order."""
        query = select(SummaryPost).where(
            SummaryPost.guild_id == guild_id,
            SummaryPost.local_date == local_date,
        )
        order = (col(SummaryPost.target_id), col(SummaryPost.part))
        return (await self._session.exec(query.order_by(*order))).all()

    async def post_as(self, message_id: int) -> SummaryPost | None:
        """Return the page of a daily summary that is this message, None where there is none."""
        query = select(SummaryPost).where(SummaryPost.message_id == message_id)
        return (await self._session.exec(query)).first()

    async def posted(self, post_id: int, message_id: int | None, now: datetime) -> None:
        """Note what Discord made of a message."""
        values = {"message_id": message_id, "finished_at": now}
        await self._session.exec(update(SummaryPost).where(col(SummaryPost.id) == post_id).values(**values))
