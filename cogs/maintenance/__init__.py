"""`/maintenance`: whoever runs the bot works on it."""

from bot.core.client import Bot
from cogs.maintenance.cog import MaintenanceCog


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(MaintenanceCog(bot))
