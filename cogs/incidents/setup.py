"""`/alerts`: what staff and helpers of a server are told."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.models import AlertSettings
from bot.services.guilds import GuildService
from bot.services.summaries.service import Summaries
from bot.texts import text
from bot.tools.alerts import ALERT_NEEDS
from cogs.admin.rights import what_is_missing


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class AlertSetup(commands.GroupCog, group_name="alerts"):
    """What staff and helpers are told."""

    def __init__(self, summaries: Summaries, guilds: GuildService) -> None:
        self._summaries = summaries
        self._guilds = guilds

    @app_commands.command()
    @managers_only()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what staff and helpers are told, and when."""
        await interaction.response.defer(ephemeral=True)
        await self._answer(interaction)

    @app_commands.command()
    @app_commands.describe(
        on="False: staff are not told",
        members="How many must report the same; 3 unless you choose",
        minutes="Within how many minutes; 60 unless you choose",
        cooldown="Minutes after Resolved in which the same isn't raised again",
    )
    @managers_only()
    async def incidents(
        self,
        interaction: discord.Interaction,
        on: bool | None = None,
        members: app_commands.Range[int, 2, 50] | None = None,
        minutes: app_commands.Range[int, 5, 1_440] | None = None,
        cooldown: app_commands.Range[int, 0, 1_440] | None = None,
    ) -> None:
        """Tell staff when several members report the same problem."""
        await interaction.response.defer(ephemeral=True)
        chosen = {
            "incidents_on": on,
            "members": members,
            "window_minutes": minutes,
            "cooldown_minutes": cooldown,
        }
        await self._change(interaction, chosen)

    @app_commands.command()
    @app_commands.describe(hours="A question that waits for longer counts as unanswered")
    @managers_only()
    async def unanswered(
        self, interaction: discord.Interaction, hours: app_commands.Range[int, 1, 48]
    ) -> None:
        """Set how long a question may wait before it counts as unanswered."""
        await interaction.response.defer(ephemeral=True)
        await self._change(interaction, {"wait_hours": hours})

    @app_commands.command()
    @app_commands.describe(
        on="False: nobody is called",
        role="Who is called to a question nobody has answered",
        hours="At least this long between two calls; 6 unless you choose",
    )
    @managers_only()
    async def nudge(
        self,
        interaction: discord.Interaction,
        on: bool,
        role: discord.Role | None = None,
        hours: app_commands.Range[int, 1, 168] | None = None,
    ) -> None:
        """Call a helper role to questions that nobody has answered."""
        await interaction.response.defer(ephemeral=True)
        role_id = role.id if role is not None else None
        await self._change(interaction, {"nudge_on": on, "helper_role_id": role_id, "nudge_hours": hours})

    async def _change(self, interaction: discord.Interaction, chosen: dict[str, Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        values = {name: value for name, value in chosen.items() if value is not None}
        if values:
            await self._summaries.alerts.settings.change(interaction.guild_id, **values)
        await self._answer(interaction)

    async def _answer(self, interaction: discord.Interaction) -> None:
        assert interaction.guild is not None  # guild only
        policy = self._guilds.policy(interaction.guild.id)
        settings = self._summaries.alerts.settings.of(interaction.guild.id)
        staff = interaction.guild.get_channel(policy.staff_channel_id or 0)
        lacking = what_is_missing(staff, ALERT_NEEDS) if staff is not None else ""
        role = interaction.guild.get_role(settings.helper_role_id or 0)
        if settings.nudge_on and role is not None and not role.mentionable:
            may = interaction.guild.me.guild_permissions.mention_everyone
            if not may:
                lacking += " " + text("incidents.lacking_mention", role=role.mention)
        embed = alerts_embed(settings, policy.staff_channel_id)
        await interaction.followup.send(lacking.strip() or discord.utils.MISSING, embed=embed, ephemeral=True)


def alerts_embed(settings: AlertSettings, staff_channel_id: int | None) -> discord.Embed:
    """Build the embed of a server's settings."""
    incidents = text("incidents.settings_off")
    if settings.incidents_on:
        where = f"<#{staff_channel_id}>" if staff_channel_id else text("incidents.nowhere")
        incidents = text(
            "incidents.settings_value",
            members=settings.members,
            minutes=settings.window_minutes,
            where=where,
            cooldown=settings.cooldown_minutes,
        )
    nudge = text("incidents.settings_off")
    if settings.nudge_on and settings.helper_role_id is not None:
        nudge = text("incidents.nudge_value", role=settings.helper_role_id, hours=settings.nudge_hours)
    embed = discord.Embed(title=text("incidents.settings_title"))
    for name, value in (
        (text("incidents.settings_problems"), incidents),
        (text("incidents.settings_unanswered"), text("incidents.settings_wait", hours=settings.wait_hours)),
        (text("incidents.settings_nudge"), nudge),
    ):
        embed.add_field(name=name, value=value, inline=False)
    return embed
