"""The end of tickets: the worker that serves them, and `/rate`."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.client import Bot
from bot.services.clock import SystemClock
from bot.services.tasks import Worker
from bot.services.tickets.ratings import BEST
from cogs.tickets.desk import Number
from cogs.tickets.ratings import rate

Rating = app_commands.Range[int, 1, BEST]


class TicketEnd(commands.Cog):
    """Runs the worker that serves closed tickets; members rate the help."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._closing = bot.services.ticket_closing
        self._worker = Worker("closed tickets", self._work, SystemClock())

    async def cog_load(self) -> None:
        """Start working."""
        self._worker.start()

    async def cog_unload(self) -> None:
        """Stop working; what isn't done is done after the next start."""
        await self._worker.stop()
        await self._closing.close()

    async def _work(self) -> None:
        await self._bot.wait_until_ready()
        await self._closing.run()

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
