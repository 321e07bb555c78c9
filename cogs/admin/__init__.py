"""The owner's commands: what is watched, how the bot answers, and why it did what it did."""

from bot.core.client import Bot
from cogs.admin.audit import Audit
from cogs.admin.channels import Channels
from cogs.admin.config import Config
from cogs.admin.sync import CommandSync


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    services = bot.services
    await bot.add_cog(Channels(services.guilds))
    await bot.add_cog(Config(services.guilds))
    await bot.add_cog(Audit(services.stories, services.feedback))
    await bot.add_cog(CommandSync(bot, services.command_sync))
