"""`/status`: whether the bot and its model answer, and for staff how each part is."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import is_manager
from bot.core.client import Bot
from bot.services.status import StatusService
from cogs.status.embeds import staff_embed, status_embed


class Status(commands.Cog):
    """How the bot is."""

    def __init__(self, bot: commands.Bot, status: StatusService) -> None:
        self._bot = bot
        self._status = status

    @app_commands.command()
    async def status(self, interaction: discord.Interaction) -> None:
        """Show whether I and my language model answer; staff see every part."""
        await interaction.response.defer(ephemeral=True)
        latency = self._bot.latency
        if is_manager(interaction):
            embed = staff_embed(await self._status.of(interaction.guild_id), latency)
        else:
            embed = status_embed(await self._status.voice(), latency)
        await interaction.followup.send(embed=embed)


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Status(bot, bot.services.status))
