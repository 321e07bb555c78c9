"""Figures: who writes when and where, and one's own; reactions heard, and the workers that count."""

from bot.core.client import Bot
from cogs.statistics.cog import Statistics
from cogs.statistics.listener import StatisticsListener


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    statistics = bot.services.statistics
    await bot.add_cog(StatisticsListener(bot, statistics))
    await bot.add_cog(Statistics(statistics.activity))
