"""What went wrong on the bot's side: listed, explained, told to whoever runs it."""

from bot.core.client import Bot
from cogs.errors.cog import Errors


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Errors(bot))
