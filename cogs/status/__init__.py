"""`/status`: whether the bot and its model answer, and for staff how each part is."""

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.core.checks import is_manager
from bot.core.client import Bot
from bot.services.maintenance import MaintenanceService
from bot.services.status import StatusService
from bot.texts import text
from cogs.status.embeds import staff_embed, status_embed


class Status(commands.Cog):
    """How the bot is."""

    def __init__(
        self, bot: commands.Bot, status: StatusService, maintenance: MaintenanceService | None = None
    ) -> None:
        self._bot = bot
        self._status = status
        self._maintenance = maintenance

    @app_commands.command()
    async def status(self, interaction: discord.Interaction) -> None:
        """Show whether I and my language model answer; staff see every part."""
        await interaction.response.defer(ephemeral=True)
        latency = self._bot.latency
        if is_manager(interaction):
            embed = staff_embed(await self._status.of(interaction.guild_id), latency, self._worked_on())
        else:
            embed = status_embed(await self._status.voice(), latency, self._worked_on())
        await interaction.followup.send(embed=embed)

    def _worked_on(self) -> str:
        """Return that the bot is being worked on, "" when it isn't."""
        now = self._maintenance.now if self._maintenance is not None else None
        if self._maintenance is None or now is None or now.since is None:
            return ""
        since = discord.utils.format_dt(now.since, "R")
        return text("maintenance.status", since=since, words=escape_markdown(self._maintenance.words()))


async def setup(bot: Bot) -> None:
    """Add the cog (called by discord.py)."""
    await bot.add_cog(Status(bot, bot.services.status, bot.services.maintenance))
