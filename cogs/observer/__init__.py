"""The life of the observer's worker."""

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog


class Observer(WorkerCog):
    """Runs the observer service."""

    def __init__(self, bot: Bot) -> None:
        self._observer = bot.services.observer
        super().__init__(bot, "observer", self._observer.run, at_once=True)

    async def cog_unload(self) -> None:
        """Stop working; what is unfinished stays in the database."""
        await super().cog_unload()
        await self._observer.close()  # the worker may have been between two starts


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Observer(bot))
