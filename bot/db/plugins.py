"""Plugins: how they are, where they are on, what they keep."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import PluginGuild, PluginState, PluginValue

_KEY = ("plugin", "guild_id", "user_id", "key")


class PluginRepository:
    """What is known of plugins, seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def states(self) -> Sequence[PluginState]:
        """Return what was decided about plugins."""
        return (await self._session.exec(select(PluginState))).all()

    async def set_state(self, plugin: str, **values: Any) -> None:
        """Change some of how a plugin is."""
        base = {"plugin": plugin, "is_off": False, "suspended_at": None, "why": ""}
        insert = insert_for(self._session, PluginState).values(**(base | values))
        await self._session.exec(insert.on_conflict_do_update(index_elements=["plugin"], set_=values))

    async def guilds(self, guild_id: int | None = None) -> Sequence[PluginGuild]:
        """Return where plugins are, or were, on: in all guilds, or in one."""
        query = select(PluginGuild)
        if guild_id is not None:
            query = query.where(PluginGuild.guild_id == guild_id)
        return (await self._session.exec(query)).all()

    async def guild(self, plugin: str, guild_id: int) -> PluginGuild | None:
        """Return how a plugin is in a guild, None where it was never on; others change it only afterwards."""
        return await self._session.get(
            PluginGuild, (plugin, guild_id), with_for_update=True, populate_existing=True
        )

    async def set_guild(self, plugin: str, guild_id: int, **values: Any) -> None:
        """Change some of how a plugin is in a guild, which must be known."""
        base = {"plugin": plugin, "guild_id": guild_id, "is_on": False, "config": None}
        insert = insert_for(self._session, PluginGuild).values(**(base | values))
        await self._session.exec(
            insert.on_conflict_do_update(index_elements=["plugin", "guild_id"], set_=values)
        )

    async def value(self, plugin: str, guild_id: int, user_id: int, key: str) -> PluginValue | None:
        """Return what a plugin keeps under a key, None for nothing."""
        return await self._session.get(PluginValue, (plugin, guild_id, user_id, key))

    async def values(
        self, plugin: str, guild_id: int, user_id: int | None, prefix: str, limit: int
    ) -> Sequence[PluginValue]:
        """Return what a plugin keeps under keys that begin with `prefix`, by user and key.

        Args:
            plugin: whose values.
            guild_id: where.
            user_id: of whom; None for everybody and nobody.
            prefix: "" for all.
            limit: how many at most.
        """
        query = select(PluginValue).where(
            PluginValue.plugin == plugin,
            PluginValue.guild_id == guild_id,
            col(PluginValue.key).startswith(prefix, autoescape=True),
        )
        if user_id is not None:
            query = query.where(PluginValue.user_id == user_id)
        query = query.order_by(col(PluginValue.user_id), col(PluginValue.key)).limit(limit)
        return (await self._session.exec(query)).all()

    async def count(self, plugin: str, guild_id: int) -> int:
        """Return how many values a plugin keeps in a guild."""
        query = select(func.count()).where(PluginValue.plugin == plugin, PluginValue.guild_id == guild_id)
        return (await self._session.exec(query)).one()

    async def put(self, row: PluginValue) -> None:
        """Keep a value in place of what was there."""
        insert = insert_for(self._session, PluginValue).values(**row.model_dump())
        changed = {"value": row.value, "changed_at": row.changed_at}
        await self._session.exec(insert.on_conflict_do_update(index_elements=list(_KEY), set_=changed))

    async def add(self, row: PluginValue) -> bool:
        """Keep a value unless there is one; return whether there was none."""
        insert = insert_for(self._session, PluginValue).values(**row.model_dump())
        done = await self._session.exec(insert.on_conflict_do_nothing().returning(PluginValue.key))
        return done.first() is not None

    async def forget(self, plugin: str, guild_id: int, user_id: int, key: str) -> bool:
        """Delete a value; return whether there was one."""
        done = await self._session.exec(
            delete(PluginValue).where(
                col(PluginValue.plugin) == plugin,
                col(PluginValue.guild_id) == guild_id,
                col(PluginValue.user_id) == user_id,
                col(PluginValue.key) == key,
            )
        )
        return done.rowcount > 0

    async def erase_member(self, guild_id: int | None, user_id: int) -> int:
        """Delete what plugins keep of a member, in a guild or (None) in all; return how many values."""
        query = delete(PluginValue).where(col(PluginValue.user_id) == user_id)
        if guild_id is not None:
            query = query.where(col(PluginValue.guild_id) == guild_id)
        return (await self._session.exec(query)).rowcount
