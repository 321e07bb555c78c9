"""Training: what staff teach the bot, and the life of the worker that makes it searchable."""

from discord.ext import commands

from bot.core.client import Bot
from bot.core.ui import stop_views
from bot.services.clock import SystemClock
from bot.services.tasks import Worker
from cogs.training.forms import EntryForm
from cogs.training.menu import TrainMenu
from cogs.training.train import Training


class Encoding(commands.Cog):
    """Runs the worker that loads what was trained and encodes what is new."""

    def __init__(self, bot: Bot) -> None:
        self._worker = Worker("training", bot.services.knowledge.run, SystemClock())

    async def cog_load(self) -> None:
        """Start working."""
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop working; what has no vector yet gets one after the next start."""
        stop_views()
        await self._worker.stop()


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    services = bot.services
    await bot.add_cog(Encoding(bot))
    await bot.add_cog(Training(services))
    await bot.add_cog(TrainMenu(bot, services.guilds))
    bot.forms.add(EntryForm)
