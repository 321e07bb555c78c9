"""When the schedules of plugins are due in each server."""

from datetime import date, datetime
from typing import Final

from bot.db.database import Database
from bot.domain.schedules import Last, Schedule, due
from bot.plugin_api.ports import Daily, Every
from bot.services.clock import Clock

SCOPE: Final = "plugin_runs"  # of the key-value pairs: when a daily schedule ran last


class PluginTiming:
    """Says what is due. A daily run is noted before it begins: it never runs twice for a day."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last: dict[tuple[str, str, int], float] = {}  # of `Every`: monotonic

    async def is_due(self, plugin: str, name: str, when: Every | Daily, guild_id: int, zone: str) -> bool:
        """Return whether a schedule is to run now; then it counts as run."""
        if isinstance(when, Every):
            now, key = self._clock.monotonic(), (plugin, name, guild_id)
            if now - self._last.setdefault(key, now) < when.seconds:
                return False
            self._last[key] = now
            return True
        return await self._is_daily_due(f"{guild_id}/{plugin}/{name}", when, zone)

    def forget(self, plugin: str) -> None:
        """Count the times of a plugin anew."""
        self._last = {key: at for key, at in self._last.items() if key[0] != plugin}

    async def _is_daily_due(self, key: str, when: Daily, zone: str) -> bool:
        now = self._clock.now()
        async with self._database.reading() as tx:
            known = await tx.kv.get(SCOPE, key)
        if known is None:
            async with self._database.transaction() as tx:
                await tx.kv.put(SCOPE, key, {"since": now.isoformat()})
            return False
        last = None
        if "date" in known:
            last = Last(date.fromisoformat(known["date"]), datetime.fromisoformat(known["end"]))
        run = due(Schedule(when.at, zone, datetime.fromisoformat(known["since"])), last, now)
        if run is None:
            return False
        noted = known | {"date": run.date.isoformat(), "end": run.span.end.isoformat()}
        async with self._database.transaction() as tx:
            await tx.kv.put(SCOPE, key, noted)
        return True
