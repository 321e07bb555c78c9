"""Suggested replies: the buttons on their cards, and the life of the worker that looks after them."""

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from cogs.suggestions.buttons import SuggestionButton
from cogs.suggestions.forms import DismissForm, EditForm


class Suggestions(WorkerCog):
    """Runs the service."""

    def __init__(self, bot: Bot) -> None:
        super().__init__(bot, "suggestions", bot.services.suggestions.run)


async def setup(bot: Bot) -> None:
    """Add the cog, and hear buttons and forms from before a restart (called by discord.py)."""
    bot.add_dynamic_items(SuggestionButton)
    bot.forms.add(EditForm, DismissForm)
    await bot.add_cog(Suggestions(bot))
