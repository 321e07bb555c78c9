"""Small values under (scope, key)."""

from collections.abc import Collection
from typing import Any

from sqlmodel import col, delete, or_, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import KeyValue


class KeyValueRepository:
    """The key-value pairs seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, scope: str, key: str) -> dict[str, Any] | None:
        """Return the value, None where there is none."""
        row = await self._session.get(KeyValue, (scope, key))
        return row.value if row else None

    async def put(self, scope: str, key: str, value: dict[str, Any]) -> None:
        """Store `value`, replacing what was there."""
        insert = insert_for(self._session, KeyValue).values(scope=scope, key=key, value=value)
        update = insert.on_conflict_do_update(index_elements=["scope", "key"], set_={"value": value})
        await self._session.exec(update)

    async def forget_guild(self, scopes: Collection[str], guild_id: int) -> None:
        """Delete what is kept of a guild in scopes whose keys are its id, or begin with it and a slash."""
        theirs = or_(col(KeyValue.key) == str(guild_id), col(KeyValue.key).startswith(f"{guild_id}/"))
        await self._session.exec(delete(KeyValue).where(col(KeyValue.scope).in_(scopes), theirs))

    async def touch(self) -> None:
        """Write nothing, but fail when nothing can be written."""
        await self._session.exec(update(KeyValue).where(col(KeyValue.scope) == "").values(scope=""))

    async def add(self, scope: str, key: str, value: dict[str, Any]) -> bool:
        """Store `value` unless the key is taken; return whether it was stored."""
        insert = insert_for(self._session, KeyValue).values(scope=scope, key=key, value=value)
        done = await self._session.exec(insert.on_conflict_do_nothing().returning(KeyValue.key))
        return done.first() is not None
