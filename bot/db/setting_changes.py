"""What was set in servers, by whom and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.models import SettingChange

MAX_KEY = 80  # characters; plugins choose the names of their settings
_LOCK = 7_106_520_018  # any number that nobody else takes


class Told(NamedTuple):
    """A change as other processes need to know of it."""

    id: int
    guild_id: int
    key: str


class SettingChangeRepository:
    """The changes seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(
        self, guild_id: int, changes: dict[str, tuple[Any, Any]], by_id: int | None, at: datetime
    ) -> None:
        """Insert changes, as key: (old, new); on PostgreSQL others' wait until this transaction has ended.

        So their ids rise in the order of their commits, and who has read up to one has missed none.
        """
        if not changes:
            return
        if self._session.get_bind().dialect.name == "postgresql":
            await (await self._session.connection()).execute(
                text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK}
            )
        for key, (old, new) in changes.items():
            change = SettingChange(guild_id=guild_id, key=key[:MAX_KEY], old=old, new=new, by_id=by_id, at=at)
            self._session.add(change)
        await self._session.flush()

    async def newest(self) -> int:
        """Return the id of the newest change, 0 where there is none."""
        return (await self._session.exec(select(func.max(SettingChange.id)))).one() or 0

    async def after(self, change_id: int, limit: int) -> Sequence[Told]:
        """Return changes made after one, oldest first."""
        query = select(SettingChange.id, SettingChange.guild_id, SettingChange.key).where(
            SettingChange.id > change_id
        )
        rows = (await self._session.exec(query.order_by(col(SettingChange.id)).limit(limit))).all()
        return [Told(*row) for row in rows]

    async def keys(self, guild_id: int, beginning: str) -> Sequence[str]:
        """Return the keys that begin so and of which something was changed in a server, in their order."""
        query = select(SettingChange.key).where(
            SettingChange.guild_id == guild_id, col(SettingChange.key).startswith(beginning, autoescape=True)
        )
        return (await self._session.exec(query.distinct().order_by(SettingChange.key))).all()

    async def history(
        self, guild_id: int, key: str | None, before_id: int | None, limit: int
    ) -> Sequence[SettingChange]:
        """Return a server's changes, newest first: of one key or all, before one or from the newest on."""
        query = select(SettingChange).where(SettingChange.guild_id == guild_id)
        if key is not None:
            query = query.where(SettingChange.key == key)
        if before_id is not None:
            query = query.where(SettingChange.id < before_id)
        return (await self._session.exec(query.order_by(col(SettingChange.id).desc()).limit(limit))).all()
