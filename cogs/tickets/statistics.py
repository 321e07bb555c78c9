"""`/ticket_stats`: how quickly tickets are answered and solved, and how members rate that."""

import asyncio
import io
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import support_only
from bot.services.tickets.chart import describe, draw, why_no_picture
from bot.services.tickets.service import TicketService
from cogs.tickets.statistics_embed import statistics_embed

MAX_DAYS = 365
PICTURE = "tickets.png"


class TicketStatisticsCog(commands.Cog):
    """Figures for staff."""

    def __init__(self, tickets: TicketService) -> None:
        self._statistics = tickets.statistics
        self._drawing = asyncio.Lock()  # one after another: the fonts of a picture are not for two threads

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(days="Of the last how many days, today among them")
    @support_only()
    async def ticket_stats(
        self, interaction: discord.Interaction, days: app_commands.Range[int, 1, MAX_DAYS] = 30
    ) -> None:
        """See how quickly tickets are answered and solved, and by whom."""
        assert interaction.guild_id is not None  # guild only
        await interaction.response.defer(ephemeral=True)
        found = await self._statistics.of(interaction.guild_id, days)
        lacking = why_no_picture()
        embed = statistics_embed(found, lacking)
        extra: dict[str, Any] = {}
        if found.total.opened and not lacking:
            async with self._drawing:
                data = await asyncio.to_thread(draw, found)
            extra["file"] = discord.File(io.BytesIO(data), PICTURE, description=describe(found))
            embed.set_image(url=f"attachment://{PICTURE}")
        await interaction.followup.send(embed=embed, ephemeral=True, **extra)
