"""`/channels`: which channels the bot watches, and the pointer its replies show there."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.models import Watch
from bot.services.guilds import ChannelSeen, GuildService
from cogs.admin.embeds import channel_list_embed
from cogs.admin.rights import READ, WRITE, what_is_missing

Watchable = (
    discord.TextChannel
    | discord.ForumChannel
    | discord.VoiceChannel
    | discord.CategoryChannel
    | discord.Thread
)


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Channels(commands.GroupCog, group_name="channels"):
    """What the bot watches."""

    def __init__(self, guilds: GuildService) -> None:
        self._guilds = guilds

    @app_commands.command()
    @app_commands.describe(channel="A channel, thread or whole category")
    @managers_only()
    async def track(self, interaction: discord.Interaction, channel: Watchable) -> None:
        """Watch a channel, even one that not everyone can read."""
        lacking = what_is_missing(channel, (*READ, *WRITE))
        await self._set(interaction, channel, Watch.TRACK, f"I now watch {{}}.{lacking}")

    @app_commands.command()
    @app_commands.describe(channel="A channel, thread or whole category")
    @managers_only()
    async def ignore(self, interaction: discord.Interaction, channel: Watchable) -> None:
        """Leave a channel alone: read nothing there, answer nothing there."""
        await self._set(interaction, channel, Watch.IGNORE, "I no longer read or answer in {}.")

    @app_commands.command()
    @app_commands.describe(channel="A channel, thread or whole category")
    @managers_only()
    async def reset(self, interaction: discord.Interaction, channel: Watchable) -> None:
        """Go back to the default: watch a channel if everyone can read it."""
        await self._set(interaction, channel, Watch.DEFAULT, "I watch {} if everyone can read it.")

    @app_commands.command(name="list")
    @managers_only()
    async def list_channels(self, interaction: discord.Interaction) -> None:
        """Show what you chose for which channel."""
        assert interaction.guild_id is not None  # guild only
        await interaction.response.defer(ephemeral=True)
        channels = await self._guilds.channels(interaction.guild_id)
        await interaction.followup.send(embed=channel_list_embed(channels))

    @app_commands.command()
    @app_commands.describe(
        channel="Where", text="For example: Look at the pinned guide first. Empty removes it."
    )
    @managers_only()
    async def tip(
        self,
        interaction: discord.Interaction,
        channel: discord.TextChannel | discord.ForumChannel,
        text: app_commands.Range[str, 1, 300] | None = None,
    ) -> None:
        """Set the pointer that my replies in a channel show."""
        assert interaction.guild_id is not None  # guild only
        await self._guilds.set_tip(interaction.guild_id, _seen(channel), text)
        done = (
            "My replies there show it from now on." if text else "My replies there show no pointer any more."
        )
        await interaction.response.send_message(f"{channel.mention}: {done}", ephemeral=True)

    async def _set(
        self, interaction: discord.Interaction, channel: Watchable, watch: Watch, said: str
    ) -> None:
        assert interaction.guild_id is not None  # guild only
        await self._guilds.set_watch(interaction.guild_id, _seen(channel), watch)
        await interaction.response.send_message(said.format(channel.mention), ephemeral=True)


def _seen(channel: Watchable) -> ChannelSeen:
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else channel.category_id
    return ChannelSeen(channel.id, parent_id, channel.name)
