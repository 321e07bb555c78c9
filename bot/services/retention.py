"""Deletes what has been kept long enough."""

from datetime import timedelta

from loguru import logger

from bot.db.database import Database
from bot.services.clock import Clock
from bot.settings import RetentionSettings

CHUNK = 1_000  # rows per transaction, so that writers wait only briefly
EVERY_SECONDS = 3_600.0


class RetentionService:
    """Applies the retention periods once an hour."""

    def __init__(self, database: Database, clock: Clock, settings: RetentionSettings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    async def run(self) -> None:
        """Purge now and every hour until cancelled."""
        while True:
            await self.purge()
            await self._clock.sleep(EVERY_SECONDS)

    async def purge(self) -> int:
        """Delete messages and actions past their time; return how many rows went."""
        now = self._clock.now()
        total = 0
        while True:
            async with self._database.transaction() as tx:
                deleted = await tx.signals.purge(now - timedelta(days=self._settings.messages_days), CHUNK)
            total += deleted
            if deleted < CHUNK:
                break
        async with self._database.transaction() as tx:
            total += await tx.actions.purge(now - timedelta(days=self._settings.actions_days))
        if total:
            logger.info("Deleted {} rows past their retention", total)
        return total
