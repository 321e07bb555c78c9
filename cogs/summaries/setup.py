"""`/setsummary`: whether, where and when a server gets its daily summary."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.domain.summaries import Reading
from bot.models import SummarySettings
from bot.services.guilds import GuildService
from bot.services.summaries.service import Summaries
from bot.services.summaries.settings import Section, describe_days, parse_days, parse_time
from bot.services.zones import suggest_zones
from bot.texts import text
from bot.tools.summaries import COLOUR, NEEDS
from cogs.admin.rights import is_public, what_is_missing

MOST_NAMED = 30  # excluded channels: a field holds 1,024 characters
Excludable = (
    discord.TextChannel
    | discord.ForumChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.CategoryChannel
)


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class SummarySetup(commands.GroupCog, group_name="setsummary"):
    """The daily summary of this server."""

    def __init__(self, summaries: Summaries, guilds: GuildService) -> None:
        self._summaries = summaries
        self._guilds = guilds

    @app_commands.command()
    @managers_only()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show how the daily summary is set up, and when the next one is due."""
        await interaction.response.defer(ephemeral=True)
        await self._answer(interaction, "")

    @app_commands.command()
    @app_commands.describe(
        channel="Where everybody reads it", time="For example 08:00 or 9 pm; empty: midnight"
    )
    @managers_only()
    async def channel(
        self, interaction: discord.Interaction, channel: discord.TextChannel, time: str | None = None
    ) -> None:
        """Post it in a channel every day."""
        await interaction.response.defer(ephemeral=True)
        values: dict[str, Any] = {"is_on": True, "channel_id": channel.id, "admin_ids": None}
        await self._summaries.settings.change(
            _guild_id(interaction), **values | ({"at": time} if time else {})
        )
        told = text("summaries.posted_in", channel=channel.mention)
        if not is_public(channel):
            told += " " + text("summaries.posted_readers")
        await self._answer(interaction, told + what_is_missing(channel, NEEDS))

    @app_commands.command()
    @app_commands.describe(time="For example 08:00 or 9 pm; empty: as it was")
    @managers_only()
    async def direct(self, interaction: discord.Interaction, time: str | None = None) -> None:
        """Send it to you and the other admins who ask for it, by direct message."""
        await interaction.response.defer(ephemeral=True)
        guild_id = _guild_id(interaction)
        others = self._summaries.settings.of(guild_id).admin_ids or []
        admins = list(dict.fromkeys([*others, str(interaction.user.id)]))
        values: dict[str, Any] = {"is_on": True, "channel_id": None, "admin_ids": admins}
        await self._summaries.settings.change(guild_id, **values | ({"at": time} if time else {}))
        told = text("summaries.sent_to_you")
        if len(admins) > 1:
            told += " " + text("summaries.sent_readers")
        await self._answer(interaction, told)

    @app_commands.command()
    @managers_only()
    async def off(self, interaction: discord.Interaction) -> None:
        """Stop the daily summary."""
        await interaction.response.defer(ephemeral=True)
        await self._summaries.settings.change(_guild_id(interaction), is_on=False)
        await self._answer(interaction, text("summaries.switched_off"))

    @app_commands.command()
    @app_commands.describe(
        time="For example 08:00 or 9 pm",
        zone="For example Europe/Berlin: the whole server's time zone",
        days="For example Mon-Fri, or daily",
    )
    @managers_only()
    async def when(
        self,
        interaction: discord.Interaction,
        time: str | None = None,
        zone: str | None = None,
        days: str | None = None,
    ) -> None:
        """Set the time, the time zone and the days."""
        await interaction.response.defer(ephemeral=True)
        guild_id = _guild_id(interaction)
        values: dict[str, Any] = {}
        if days is not None:
            values["weekdays"] = parse_days(days)
        if time is not None:
            values["at"] = parse_time(time).isoformat("minutes")
        if zone is not None:
            await self._guilds.set_timezone(guild_id, zone)
        await self._summaries.settings.change(guild_id, **values)
        await self._answer(interaction, text("summaries.noted"))

    @when.autocomplete("zone")
    async def _zones(self, _interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=zone, value=zone) for zone in suggest_zones(current)]

    @app_commands.command()
    @app_commands.describe(
        style="short: the main things; detailed: more of everything",
        language='That a language model writes in, for example German; "auto": that of the messages',
    )
    @managers_only()
    async def style(
        self,
        interaction: discord.Interaction,
        style: Reading | None = None,
        language: app_commands.Range[str, 2, 32] | None = None,
    ) -> None:
        """Set how much it says, and in which language."""
        await interaction.response.defer(ephemeral=True)
        values: dict[str, Any] = {}
        if style is not None:
            values["style"] = style.value
        if language is not None:
            values["language"] = None if language.casefold() == "auto" else language
        await self._summaries.settings.change(_guild_id(interaction), **values)
        await self._answer(interaction, text("summaries.noted"))

    @app_commands.command()
    @app_commands.describe(section="A part of the post", shown="False leaves it out")
    @managers_only()
    async def section(self, interaction: discord.Interaction, section: Section, shown: bool) -> None:
        """Show or leave out a part of the post."""
        await interaction.response.defer(ephemeral=True)
        guild_id = _guild_id(interaction)
        off = set(self._summaries.settings.of(guild_id).sections_off or ()) - {section.value}
        await self._summaries.settings.change(
            guild_id, sections_off=sorted(off if shown else off | {section.value}) or None
        )
        await self._answer(interaction, text("summaries.noted"))

    @app_commands.command()
    @app_commands.describe(channel="A channel, or a category with all its channels")
    @managers_only()
    async def exclude(self, interaction: discord.Interaction, channel: Excludable) -> None:
        """Leave a channel or category out of all summaries; the bot reads and answers there as before."""
        await interaction.response.defer(ephemeral=True)
        await self._summaries.settings.exclude(_guild_id(interaction), channel.id)
        await self._answer(interaction, text("summaries.excluded", channel=channel.mention))

    @app_commands.command()
    @app_commands.describe(channel="A channel or category that was left out")
    @managers_only()
    async def include(self, interaction: discord.Interaction, channel: Excludable) -> None:
        """Take a channel or category back into summaries."""
        await interaction.response.defer(ephemeral=True)
        await self._summaries.settings.include(_guild_id(interaction), channel.id)
        await self._answer(interaction, text("summaries.included", channel=channel.mention))

    async def _answer(self, interaction: discord.Interaction, told: str) -> None:
        guild_id = _guild_id(interaction)
        embed = settings_embed(self._summaries.settings.of(guild_id), self._guilds.policy(guild_id).timezone)
        due = await self._summaries.settings.next_run(guild_id)
        if due is not None:
            stamp = int(due.timestamp())
            embed.add_field(
                name=text("summaries.settings_next"), value=f"<t:{stamp}:f> (<t:{stamp}:R>)", inline=False
            )
        await interaction.followup.send(told or discord.utils.MISSING, embed=embed, ephemeral=True)


def settings_embed(settings: SummarySettings, zone: str) -> discord.Embed:
    """Build the embed of a server's settings."""
    embed = discord.Embed(title=text("summaries.settings_title"), colour=COLOUR)
    where = text("summaries.settings_off")
    if settings.is_on and settings.channel_id is not None:
        where = text("summaries.settings_channel", channel=settings.channel_id)
    elif settings.is_on:
        admins = ", ".join(f"<@{each}>" for each in settings.admin_ids or ())
        where = text("summaries.settings_direct", admins=admins)
    off = settings.sections_off or []
    excluded = [f"<#{each}>" for each in settings.excluded_ids or ()]
    left_out = ", ".join(excluded[:MOST_NAMED]) or text("summaries.settings_excluded_none")
    if len(excluded) > MOST_NAMED:
        left_out = text(
            "summaries.settings_excluded_more", channels=left_out, count=len(excluded) - MOST_NAMED
        )
    says = (
        text("summaries.settings_style", style=settings.style, language=settings.language)
        if settings.language
        else text("summaries.settings_style_any", style=settings.style)
    )
    for name, value in (
        (text("summaries.settings_goes"), where),
        (text("summaries.settings_at"), f"{settings.at}, {zone}, {describe_days(settings.weekdays)}"),
        (text("summaries.settings_says"), says),
        (text("summaries.settings_left_out"), ", ".join(off) or text("summaries.settings_nothing")),
        (text("summaries.settings_excluded"), left_out),
    ):
        embed.add_field(name=name, value=value, inline=False)
    return embed


def _guild_id(interaction: discord.Interaction) -> int:
    assert interaction.guild_id is not None  # guild only
    return interaction.guild_id
