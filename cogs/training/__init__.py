"""Training: what staff teach the bot, and the life of the worker that makes it searchable."""

from bot.core.client import Bot
from bot.core.ui import stop_views
from bot.core.worker_cog import WorkerCog
from cogs.training.forms import EntryForm
from cogs.training.menu import TrainMenu
from cogs.training.train import Training


class Encoding(WorkerCog):
    """Runs the worker that loads what was trained and encodes what is new."""

    def __init__(self, bot: Bot) -> None:
        super().__init__(bot, "training", bot.services.knowledge.run, at_once=True)

    async def cog_unload(self) -> None:
        """Stop working; what has no vector yet gets one after the next start."""
        stop_views()
        await super().cog_unload()


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    services = bot.services
    await bot.add_cog(Encoding(bot))
    await bot.add_cog(Training(services))
    await bot.add_cog(TrainMenu(bot, services.guilds))
    bot.forms.add(EntryForm)
