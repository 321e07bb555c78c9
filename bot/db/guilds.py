"""Servers and their settings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Guild


class GuildRepository:
    """The guilds seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def see(self, guild_id: int, name: str, now: datetime) -> Guild:
        """Insert the guild, or note its name and that the bot is in it, and return it."""
        insert = insert_for(self._session, Guild).values(
            id=guild_id, name=name, first_seen_at=now, auto_reply="on", timezone="UTC"
        )
        statement = insert.on_conflict_do_update(index_elements=["id"], set_={"name": name, "left_at": None})
        await self._session.exec(statement)
        guild = await self.get(guild_id)
        assert guild is not None  # just inserted
        return guild

    async def ensure(self, guild_id: int, now: datetime) -> None:
        """Insert the guild without a name unless it is known."""
        insert = insert_for(self._session, Guild).values(
            id=guild_id, name="", first_seen_at=now, auto_reply="on", timezone="UTC"
        )
        await self._session.exec(insert.on_conflict_do_nothing())

    async def get(self, guild_id: int) -> Guild | None:
        """Return the guild, None when it was never seen."""
        return await self._session.get(Guild, guild_id, populate_existing=True)

    async def list_present(self) -> Sequence[Guild]:
        """Return the guilds the bot is in."""
        return (await self._session.exec(select(Guild).where(col(Guild.left_at).is_(None)))).all()

    async def change(self, guild_id: int, values: dict[str, Any]) -> None:
        """Set the named columns of one guild."""
        await self._session.exec(update(Guild).where(col(Guild.id) == guild_id).values(**values))
