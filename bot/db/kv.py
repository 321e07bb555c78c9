"""Small values under (scope, key)."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlmodel import col, delete, or_, select, update
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

    async def list_of(self, scope: str, limit: int) -> Sequence[KeyValue]:
        """Return pairs of a scope, in the order of their keys."""
        query = select(KeyValue).where(col(KeyValue.scope) == scope).order_by(col(KeyValue.key)).limit(limit)
        return (await self._session.exec(query)).all()

    async def clear(self, scope: str, key: str | None = None) -> None:
        """Delete one pair, or all of a scope."""
        statement = delete(KeyValue).where(col(KeyValue.scope) == scope)
        if key is not None:
            statement = statement.where(col(KeyValue.key) == key)
        await self._session.exec(statement)

    async def remove(self, scope: str, key: str) -> None:
        """Delete a value; nothing happens where there is none."""
        await self._session.exec(
            delete(KeyValue).where(col(KeyValue.scope) == scope, col(KeyValue.key) == key)
        )

    async def touch(self) -> None:
        """Write nothing, but fail when nothing can be written."""
        await self._session.exec(update(KeyValue).where(col(KeyValue.scope) == "").values(scope=""))

    async def add(self, scope: str, key: str, value: dict[str, Any]) -> bool:
        """Store `value` unless the key is taken; return whether it was stored."""
        insert = insert_for(self._session, KeyValue).values(scope=scope, key=key, value=value)
        done = await self._session.exec(insert.on_conflict_do_nothing().returning(KeyValue.key))
        return done.first() is not None
