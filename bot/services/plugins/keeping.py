"""What plugins keep: JSON values in the database, by plugin, server, member and key."""

import asyncio
import json
from typing import Any, Final

from bot.db.database import Database
from bot.models import PluginValue
from bot.plugin_api.errors import FullError, LimitError
from bot.services.clock import Clock

MAX_KEY: Final = 128  # characters
MAX_VALUE: Final = 64_000  # characters as JSON
MAX_VALUES: Final = 10_000  # of a plugin in a server
MAX_LISTED: Final = 10_000
TURNS: Final = "turns/"  # keys of turns begin so
MAX_TURNS: Final = 1_000


class PluginKeeping:
    """Keeps values, within limits."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turns = asyncio.Lock()  # a turn is read, then written

    async def get(self, plugin: str, guild_id: int, user_id: int, key: str) -> Any:
        """Return a value, None for none."""
        async with self._database.reading() as tx:
            row = await tx.plugins.value(plugin, guild_id, user_id, key)
        return None if row is None else row.value

    async def put(self, plugin: str, guild_id: int, user_id: int, key: str, value: Any) -> None:
        """Keep a value in place of what was there.

        Raises:
            LimitError: it is no JSON, too large, or there are too many.
        """
        row = self._row(plugin, guild_id, user_id, key, value)
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, row.changed_at)
            if await tx.plugins.value(plugin, guild_id, user_id, key) is None:
                _check_count(plugin, await tx.plugins.count(plugin, guild_id))
            await tx.plugins.put(row)

    async def add(self, plugin: str, guild_id: int, user_id: int, key: str, value: Any) -> bool:
        """Keep a value unless there is one; return whether there was none.

        Raises:
            LimitError: it is no JSON, too large, or there are too many.
        """
        row = self._row(plugin, guild_id, user_id, key, value)
        async with self._database.transaction() as tx:
            await tx.guilds.ensure(guild_id, row.changed_at)
            _check_count(plugin, await tx.plugins.count(plugin, guild_id))
            return await tx.plugins.add(row)

    async def forget(self, plugin: str, guild_id: int, user_id: int, key: str) -> bool:
        """Delete a value; return whether there was one."""
        async with self._database.transaction() as tx:
            return await tx.plugins.forget(plugin, guild_id, user_id, key)

    async def entries(
        self, plugin: str, guild_id: int, user_id: int | None, prefix: str, limit: int
    ) -> list[tuple[int, str, Any]]:
        """Return (user, key, value) of keys that begin with `prefix`; of everybody without a user."""
        async with self._database.reading() as tx:
            rows = await tx.plugins.values(plugin, guild_id, user_id, prefix, min(limit, MAX_LISTED))
        return [(row.user_id, row.key, row.value) for row in rows]

    async def take_turn(
        self, plugin: str, guild_id: int, user_id: int, name: str, times: int, seconds: float
    ) -> float:
        """Take one of `times` turns in any `seconds`; return 0, or the seconds until the next is free.

        Raises:
            LimitError: the name is too long, or too many turns would have to be remembered.
        """
        if not 1 <= times <= MAX_TURNS:
            raise LimitError(f"turns {name!r}: 1 to {MAX_TURNS:,} times, not {times}")
        key, now = f"{TURNS}{name}", self._clock.now().timestamp()
        async with self._turns:
            known = await self.get(plugin, guild_id, user_id, key)
            taken = [at for at in known or () if at > now - seconds]
            if len(taken) >= times:
                return float(taken[-times] + seconds - now)
            await self.put(plugin, guild_id, user_id, key, [*taken, now][-times:])
        return 0.0

    async def give_back_turn(self, plugin: str, guild_id: int, user_id: int, name: str) -> None:
        """Give back the turn that was taken last; where none is known nothing happens."""
        key = f"{TURNS}{name}"
        async with self._turns:
            known = await self.get(plugin, guild_id, user_id, key)
            if known:
                await self.put(plugin, guild_id, user_id, key, known[:-1])

    async def erase(self, guild_id: int | None, user_id: int) -> int:
        """Delete what is kept of a member, in a server or (None) in all; return how many values."""
        async with self._database.transaction() as tx:
            return await tx.plugins.erase_member(guild_id, user_id)

    def _row(self, plugin: str, guild_id: int, user_id: int, key: str, value: Any) -> PluginValue:
        if not 1 <= len(key) <= MAX_KEY:
            raise LimitError(f"a key has 1 to {MAX_KEY} characters, not {len(key)}")
        try:
            size = len(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise LimitError(f"the value under {key!r} is no JSON: {error}") from None
        if size > MAX_VALUE:
            raise LimitError(f"the value under {key!r} has {size:,} characters; {MAX_VALUE:,} at most")
        return PluginValue(
            plugin=plugin,
            guild_id=guild_id,
            user_id=user_id,
            key=key,
            value=value,
            changed_at=self._clock.now(),
        )


def _check_count(plugin: str, count: int) -> None:
    if count >= MAX_VALUES:
        raise FullError(f"{plugin} keeps {count:,} values in this server, as many as it may: delete some")
