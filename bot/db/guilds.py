"""Servers and their settings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Guild


class GuildRepository:
    """The guilds seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def see(self, guild_id: int, name: str, now: datetime) -> Guild:
        """Insert the guild, or note its name and that the bot is in it, and return it.

        One that was left is seen for the first time again: what was said meanwhile is none of ours.
        """
        insert = insert_for(self._session, Guild).values(
            id=guild_id, name=name, first_seen_at=now, auto_reply="on", timezone="UTC", watch_default="public"
        )
        first_seen_at = case((col(Guild.left_at).is_(None), Guild.first_seen_at), else_=now)
        statement = insert.on_conflict_do_update(
            index_elements=["id"], set_={"name": name, "left_at": None, "first_seen_at": first_seen_at}
        )
        await self._session.exec(statement)
        guild = await self.get(guild_id)
        assert guild is not None  # just inserted
        return guild

    async def ensure(self, guild_id: int, now: datetime) -> None:
        """Insert the guild without a name unless it is known."""
        insert = insert_for(self._session, Guild).values(
            id=guild_id, name="", first_seen_at=now, auto_reply="on", timezone="UTC", watch_default="public"
        )
        await self._session.exec(insert.on_conflict_do_nothing())

    async def get(self, guild_id: int) -> Guild | None:
        """Return the guild, None when it was never seen."""
        return await self._session.get(Guild, guild_id, populate_existing=True)

    async def list_all(self) -> Sequence[Guild]:
        """Return every guild, those that were left included."""
        return (await self._session.exec(select(Guild))).all()

    async def change(self, guild_id: int, values: dict[str, Any]) -> None:
        """Set the named columns of one guild."""
        await self._session.exec(update(Guild).where(col(Guild.id) == guild_id).values(**values))

    async def left_before(self, before: datetime) -> Sequence[int]:
        """Return the guilds that were left before `before`."""
        return (await self._session.exec(select(Guild.id).where(col(Guild.left_at) < before))).all()

    async def delete_left(self, guild_id: int, before: datetime) -> bool:
        """Delete a guild with its channels, members and gaps; False when the bot has come back to it."""
        statement = delete(Guild).where(col(Guild.id) == guild_id, col(Guild.left_at) < before)
        return bool((await self._session.exec(statement)).rowcount)
