"""Who wants nothing kept of them, as hashes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.privacy.scope import table_of
from bot.db.upsert import insert_for

_TABLE = table_of("opt_outs")


class OptOutRepository:
    """The opt-outs seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_all(self) -> Sequence[tuple[int, str]]:
        """Return (server or 0, hash) of each."""
        rows = await (await self._session.connection()).execute(select(_TABLE.c.guild_id, _TABLE.c.member))
        return [(guild_id, member) for guild_id, member in rows]

    async def add(self, guild_id: int, member: str, at: datetime) -> None:
        """Note one; one that is known stays as it is."""
        insert = insert_for(self._session, _TABLE).values(guild_id=guild_id, member=member, at=at)
        await (await self._session.connection()).execute(insert.on_conflict_do_nothing())

    async def remove(self, guild_id: int, member: str) -> None:
        """Forget one."""
        this = (_TABLE.c.guild_id == guild_id) & (_TABLE.c.member == member)
        await (await self._session.connection()).execute(delete(_TABLE).where(this))
