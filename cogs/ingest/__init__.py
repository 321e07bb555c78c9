"""Everything that happens to messages, heard and stored."""

from bot.core.client import Bot
from cogs.ingest.cog import Ingest
from cogs.ingest.naming import ChannelNames


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    await bot.add_cog(Ingest(bot))
    await bot.add_cog(ChannelNames(bot.services.guilds))
