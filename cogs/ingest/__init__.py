"""Everything that happens to messages, heard and stored."""

from bot.core.client import Bot
from cogs.ingest.cog import Ingest


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Ingest(bot))
