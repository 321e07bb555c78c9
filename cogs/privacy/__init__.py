"""Members' rights: what is kept, taking it along, having it deleted; and the workers that see to it."""

from bot.core.client import Bot
from cogs.privacy.buttons import ChoiceButton
from cogs.privacy.cog import Privacy


async def setup(bot: Bot) -> None:
    """Add the cog, and hear buttons from before a restart (called by discord.py)."""
    bot.add_dynamic_items(ChoiceButton)
    await bot.add_cog(Privacy(bot))
