"""The owner's commands: what is watched, how the bot answers, and why it did what it did."""

from bot.core.client import Bot
from cogs.admin.audit import Audit, WhyMenu
from cogs.admin.channels import Channels
from cogs.admin.config import Config
from cogs.admin.history import OlderChangesButton
from cogs.admin.reload import Reload
from cogs.admin.sync import CommandSync
from cogs.admin.upkeep import SettingsUpkeep


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    services = bot.services
    await bot.add_cog(Channels(services.guilds))
    bot.add_dynamic_items(OlderChangesButton)
    await bot.add_cog(Config(services.guilds, services.configuration))
    await bot.add_cog(SettingsUpkeep(bot))
    await bot.add_cog(Audit(services.reasons, services.feedback))
    await bot.add_cog(WhyMenu(bot, services.reasons))
    await bot.add_cog(CommandSync(bot, services.command_sync))
    await bot.add_cog(Reload(bot))
