"""The life of the orchestrator's worker."""

from discord.ext import commands

from bot.core.client import Bot
from bot.services.clock import SystemClock
from bot.services.tasks import Worker


class Orchestrator(commands.Cog):
    """Runs the orchestrator service."""

    def __init__(self, bot: Bot) -> None:
        self._worker = Worker("orchestrator", bot.services.orchestrator.run, SystemClock())

    async def cog_load(self) -> None:
        """Start working."""
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop working; what is unfinished stays in the database."""
        await self._worker.stop()


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Orchestrator(bot))
