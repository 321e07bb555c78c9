"""Summaries: the daily post, and those that members ask for."""

from discord.ext import commands

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from cogs.summaries.ask import AskedSummaries
from cogs.summaries.buttons import SummaryButton
from cogs.summaries.history import OlderButton
from cogs.summaries.setup import SummarySetup


class DailySummary(WorkerCog):
    """The life of the worker that posts what is due."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._connected = False
        super().__init__(bot, "summaries", bot.services.summaries.scheduler.run)

    async def cog_load(self) -> None:
        """Start to look."""
        self._bot.services.summaries.scheduler.hears = self._hears
        await super().cog_load()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Note that every server has told of its channels."""
        self._connected = True

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        """Note that nothing was missed."""
        self._connected = True

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        """Note that what is said now isn't heard."""
        self._connected = False

    def _hears(self, guild_id: int) -> bool:
        guild = self._bot.get_guild(guild_id)
        heard = self._connected and guild is not None and not guild.unavailable
        return heard and not self._bot.services.ingest.has_unwritten_gaps(guild_id)


async def setup(bot: Bot) -> None:
    """Add the cogs, and hear buttons that were posted before a restart (called by discord.py)."""
    bot.add_dynamic_items(SummaryButton, OlderButton)
    await bot.add_cog(DailySummary(bot))
    await bot.add_cog(SummarySetup(bot.services.summaries, bot.services.guilds))
    await bot.add_cog(AskedSummaries(bot))
