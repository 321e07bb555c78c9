"""`/help`: what the caller can use here."""

from bot.core.client import Bot
from cogs.help.cog import Help


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Help(bot))
