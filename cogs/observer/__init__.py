"""The life of the observer's worker."""

from discord.ext import commands

from bot.core.client import Bot
from bot.services.clock import SystemClock
from bot.services.tasks import Worker


class Observer(commands.Cog):
    """Runs the observer service."""

    def __init__(self, bot: Bot) -> None:
        self._observer = bot.services.observer
        self._worker = Worker("observer", self._observer.run, SystemClock())

    async def cog_load(self) -> None:
        """Start working."""
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop working; what is unfinished stays in the database."""
        await self._worker.stop()
        await self._observer.close()  # the worker may have been between two starts


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Observer(bot))
