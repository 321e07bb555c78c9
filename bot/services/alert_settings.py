"""How servers want to be told of problems and of questions left alone, kept at hand."""

import asyncio
from typing import Any

from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.models import AlertSettings
from bot.services.clock import Clock
from bot.services.configuration.changes import ALERTS, note_row
from bot.texts import text

BOUNDS = {
    "members": (2, 50),
    "window_minutes": (5, 1_440),
    "cooldown_minutes": (0, 1_440),
    "wait_hours": (1, 48),
    "nudge_hours": (1, 168),
}


class AlertSettingsService:
    """Knows every server's choices and changes them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._settings: dict[int, AlertSettings] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read everything once, at the start."""
        async with self._database.reading() as tx:
            self._settings = {each.guild_id: each for each in await tx.alerts.settings()}

    def of(self, guild_id: int) -> AlertSettings:
        """Return a server's settings; the defaults where nothing was chosen."""
        return self._settings.get(guild_id) or AlertSettings(guild_id=guild_id)

    def nudged(self) -> list[AlertSettings]:
        """Return the settings of every server whose helpers are called."""
        return [each for each in self._settings.values() if each.nudge_on and each.helper_role_id]

    async def change(self, guild_id: int, **values: Any) -> AlertSettings:
        """Change a server's settings.

        Raises:
            UserFacingError: nobody would be called, or a number is out of its bounds.
        """
        for name, (low, high) in BOUNDS.items():
            if name in values and not low <= values[name] <= high:
                raise UserFacingError(text(f"incidents.bounds_{name}", low=low, high=high))
        async with self._changing:
            role_id = values.get("helper_role_id", self.of(guild_id).helper_role_id)
            if values.get("nudge_on") and role_id is None:
                raise UserFacingError(text("incidents.no_helper_role"))
            if role_id == guild_id:
                raise UserFacingError(text("incidents.everyone_no_helpers"))
            async with self._database.transaction() as tx:
                await tx.guilds.ensure(guild_id, self._clock.now())
                stored = await tx.alerts.settings_of(guild_id)
                was = stored.model_dump() if stored else None
                settings = await tx.alerts.change(guild_id, values)
                await note_row(tx, ALERTS, guild_id, was, settings, self._clock.now())
            self._settings[guild_id] = settings
        return settings

    async def reload(self, guild_id: int) -> None:
        """Read a server's settings anew, because another process has changed them."""
        async with self._changing:
            async with self._database.reading() as tx:
                settings = await tx.alerts.settings_of(guild_id)
            if settings is not None:
                self._settings[guild_id] = settings

    def forget(self, guild_id: int) -> None:
        """Drop what is known of a server that was deleted."""
        self._settings.pop(guild_id, None)
