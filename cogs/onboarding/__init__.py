"""How a server begins: a welcome, and the wizard behind `/setup`."""

from bot.core.client import Bot
from cogs.onboarding.welcome import Welcome
from cogs.onboarding.wizard import Setup


async def setup(bot: Bot) -> None:
    """Add the cogs (called by discord.py)."""
    services = bot.services
    await bot.add_cog(Setup(services))
    if bot.greets:
        await bot.add_cog(Welcome(bot, services.onboarding))
