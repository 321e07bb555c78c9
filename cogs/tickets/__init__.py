"""Tickets: set up, opened from a panel or a message, claimed, talked in, closed."""

import discord

from bot.core.client import Bot
from cogs.tickets.answer_settings import AnswerSettings
from cogs.tickets.answers import AnswerButton, TicketAnswers
from cogs.tickets.buttons import TicketButton
from cogs.tickets.closing import TicketEnd
from cogs.tickets.desk import Tickets
from cogs.tickets.forms import CloseForm, OpenForm
from cogs.tickets.lessons import LessonButton, LessonForm
from cogs.tickets.listener import TicketListener
from cogs.tickets.lists import PageButton
from cogs.tickets.panel import TicketPanel, panel_view
from cogs.tickets.ratings import CommentButton, CommentForm, RatingButton
from cogs.tickets.similar import DraftButton
from cogs.tickets.statistics import TicketStatisticsCog


async def setup(bot: Bot) -> None:
    """Add the cogs, and hear buttons and forms from before a restart (called by discord.py)."""
    services = bot.services
    bot.add_dynamic_items(
        TicketButton, PageButton, AnswerButton, RatingButton, CommentButton, LessonButton, DraftButton
    )
    bot.forms.add(OpenForm, CloseForm, CommentForm, LessonForm)
    bot.add_view(panel_view([]))
    bot.add_view(panel_view([discord.SelectOption(label="any")]))
    await bot.add_cog(TicketPanel(bot, services.tickets))
    await bot.add_cog(Tickets(services.tickets))
    await bot.add_cog(TicketListener(bot))
    await bot.add_cog(TicketAnswers(bot))
    await bot.add_cog(AnswerSettings(services.tickets.settings))
    await bot.add_cog(TicketStatisticsCog(services.tickets))
    await bot.add_cog(TicketEnd(bot))
