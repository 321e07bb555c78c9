"""Learns of settings that other processes have changed."""

from collections.abc import Awaitable, Callable, Mapping

from bot.db.database import Database
from bot.services.clock import Clock

EVERY_SECONDS = 1.0
AT_ONCE = 500  # changes read in one go
Reload = Callable[[int], Awaitable[None]]


class SettingsWatch:
    """Reads new rows of `setting_changes` and has what keeps those settings in memory read them anew."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last = 0
        self._reloads: dict[str, Reload] = {}  # by the beginning of the keys

    def add(self, reloads: Mapping[str, Reload]) -> None:
        """Have settings whose keys begin so read anew by these."""
        self._reloads |= reloads

    async def begin(self) -> None:
        """Remember the newest change; what is read from now on holds it."""
        async with self._database.reading() as tx:
            self._last = await tx.setting_changes.newest()

    async def look(self) -> int:
        """Have read anew what was changed since the last look; return how many changes there were."""
        async with self._database.reading() as tx:
            told = await tx.setting_changes.after(self._last, AT_ONCE)
        todo: dict[tuple[Reload, int], None] = {}
        for each in told:
            for beginning, reload in self._reloads.items():
                if each.key.startswith(beginning):
                    todo[reload, each.guild_id] = None
        for reload, guild_id in todo:
            await reload(guild_id)
        if told:
            self._last = told[-1].id
        return len(told)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            if await self.look() < AT_ONCE:
                await self._clock.sleep(EVERY_SECONDS)
