"""`/activity` and `/mystats`: figures of the server and one's own, shown to the asker alone."""

import asyncio
import io
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.core.places import person
from bot.services.statistics.activity import Activity, ActivityService
from bot.services.statistics.chart import describe_activity, draw_activity, why_no_picture
from bot.texts import text
from cogs.statistics.embeds import activity_embed, own_embed

MAX_DAYS = 366
PICTURE = "activity.png"
Days = app_commands.Range[int, 1, MAX_DAYS]


class Statistics(commands.Cog):
    """Figures for members."""

    def __init__(self, activity: ActivityService) -> None:
        self._activity = activity
        self._drawing = asyncio.Lock()  # one after another: the fonts of a picture are not for two threads

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.checks.cooldown(3, 30)
    @app_commands.describe(days="Of the last how many days, today among them")
    async def activity(self, interaction: discord.Interaction, days: Days = 30) -> None:
        """See how much is written here, when, where and by whom."""
        await interaction.response.defer(ephemeral=True)
        member = _member(interaction)
        found = await self._activity.of(member.guild.id, days, person(member))
        lacking = why_no_picture()
        embed = activity_embed(found, lacking)
        extra: dict[str, Any] = {}
        if found.total.messages and not lacking:
            extra["file"] = await self._picture(found, member.guild)
            embed.set_image(url=f"attachment://{PICTURE}")
        await interaction.followup.send(
            embed=embed, ephemeral=True, allowed_mentions=discord.AllowedMentions.none(), **extra
        )

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.checks.cooldown(3, 30)
    @app_commands.describe(days="Of the last how many days, today among them")
    async def mystats(self, interaction: discord.Interaction, days: Days = 30) -> None:
        """See your own activity, sentiment and helpfulness; nobody else does."""
        await self._mine(interaction, days)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.checks.cooldown(3, 30)
    @app_commands.describe(days="Of the last how many days, today among them")
    async def myactivity(self, interaction: discord.Interaction, days: Days = 30) -> None:
        """The same as /mystats."""
        await self._mine(interaction, days)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(allowed="Whether members may use /mystats")
    @managers_only()
    async def setmystats(self, interaction: discord.Interaction, allowed: bool) -> None:
        """Let members see their own figures, or no longer."""
        assert interaction.guild_id is not None  # guild only
        await self._activity.allow_mine(interaction.guild_id, allowed=allowed)
        told = text("statistics.mine_on") if allowed else text("statistics.mine_off")
        await interaction.response.send_message(told, ephemeral=True)

    async def _mine(self, interaction: discord.Interaction, days: int) -> None:
        await interaction.response.defer(ephemeral=True)
        member = _member(interaction)
        found = await self._activity.mine(member.guild.id, days, person(member))
        await interaction.followup.send(embed=own_embed(found), ephemeral=True)

    async def _picture(self, found: Activity, guild: discord.Guild) -> discord.File:
        channels = [guild.get_channel_or_thread(channel_id) for channel_id, _ in found.channels]
        names = [f"#{each.name}" if each is not None else "#?" for each in channels]
        async with self._drawing:
            data = await asyncio.to_thread(draw_activity, found, names)
        return discord.File(io.BytesIO(data), PICTURE, description=describe_activity(found, names))


def _member(interaction: discord.Interaction) -> discord.Member:
    assert isinstance(interaction.user, discord.Member)  # guild only
    return interaction.user
