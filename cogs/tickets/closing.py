"""The end of tickets: the worker that serves them, and `/rate`."""

import discord
from discord import app_commands

from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from bot.services.tickets.ratings import BEST
from cogs.tickets.desk import Number
from cogs.tickets.ratings import rate

Rating = app_commands.Range[int, 1, BEST]


class TicketEnd(WorkerCog):
    """Runs the worker that serves closed tickets; members rate the help."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._closing = bot.services.ticket_closing
        super().__init__(bot, "closed tickets", self._closing.run)

    async def cog_unload(self) -> None:
        """Stop working; what isn't done is done after the next start."""
        await super().cog_unload()
        await self._closing.close()

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(rating="5 is best", number="Which ticket; empty for this one")
    async def rate(
        self, interaction: discord.Interaction, rating: Rating, number: Number | None = None
    ) -> None:
        """Say how the help with your closed ticket was."""
        assert interaction.guild_id is not None  # guild only
        life = self._bot.services.tickets.life
        ticket = await life.find(interaction.guild_id, interaction.channel_id or 0, number)
        await rate(interaction, ticket.id, rating)
