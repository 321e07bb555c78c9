"""Summaries: the daily post, and those that members ask for."""

from discord.ext import commands

from bot.core.client import Bot
from bot.services.clock import SystemClock
from bot.services.tasks import Worker
from cogs.summaries.ask import AskedSummaries
from cogs.summaries.buttons import SummaryButton
from cogs.summaries.history import OlderButton
from cogs.summaries.setup import SummarySetup


class DailySummary(commands.Cog):
    """The life of the worker that posts what is due."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._worker = Worker("summaries", self._run, SystemClock())

    async def cog_load(self) -> None:
        """Start to look."""
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop; what is under way is taken up at the next start."""
        await self._worker.stop()

    async def _run(self) -> None:
        await self._bot.wait_until_ready()
        await self._bot.services.summaries.scheduler.run()


async def setup(bot: Bot) -> None:
    """Add the cogs, and hear buttons that were posted before a restart (called by discord.py)."""
    bot.add_dynamic_items(SummaryButton, OlderButton)
    await bot.add_cog(DailySummary(bot))
    await bot.add_cog(SummarySetup(bot.services.summaries, bot.services.guilds))
    await bot.add_cog(AskedSummaries(bot))
