"""`/channels`: which channels the bot watches, and the pointer its replies show there."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.models import Watch
from bot.services.guilds import ChannelSeen, GuildService
from bot.texts import text
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
        await self._set(interaction, channel, Watch.TRACK, "watched", lacking)

    @app_commands.command()
    @app_commands.describe(channel="A channel, thread or whole category")
    @managers_only()
    async def ignore(self, interaction: discord.Interaction, channel: Watchable) -> None:
        """Leave a channel alone: read nothing there, answer nothing there."""
        await self._set(interaction, channel, Watch.IGNORE, "ignored")

    @app_commands.command()
    @app_commands.describe(channel="A channel, thread or whole category")
    @managers_only()
    async def reset(self, interaction: discord.Interaction, channel: Watchable) -> None:
        """Go back to the default: watch a channel if everyone can read it."""
        await self._set(interaction, channel, Watch.DEFAULT, "default")

    @app_commands.command(name="list")
    @managers_only()
    async def list_channels(self, interaction: discord.Interaction) -> None:
        """Show what you chose for which channel."""
        assert interaction.guild is not None  # guild only
        await interaction.response.defer(ephemeral=True)
        channels = await self._guilds.channels(interaction.guild.id)
        categories = {each.id: each.name for each in interaction.guild.categories}
        await interaction.followup.send(embed=channel_list_embed(channels, categories))

    @app_commands.command()
    @app_commands.describe(
        channel="Where: a channel, or a category for all its channels without their own",
        text="For example: Look at the pinned guide first. Empty removes it.",
    )
    @managers_only()
    async def tip(
        self,
        interaction: discord.Interaction,
        channel: discord.TextChannel | discord.ForumChannel | discord.CategoryChannel,
        text: app_commands.Range[str, 1, 300] | None = None,
    ) -> None:
        """Set the pointer that my replies in a channel show."""
        assert interaction.guild_id is not None  # guild only
        await self._guilds.set_tip(interaction.guild_id, _seen(channel), text)
        told = _tip_told(channel.mention, is_set=bool(text))
        await interaction.response.send_message(told, ephemeral=True)

    async def _set(
        self, interaction: discord.Interaction, channel: Watchable, watch: Watch, done: str, more: str = ""
    ) -> None:
        assert interaction.guild_id is not None  # guild only
        await self._guilds.set_watch(interaction.guild_id, _seen(channel), watch)
        await interaction.response.send_message(
            text(f"channels.now_{done}", channel=channel.mention) + more, ephemeral=True
        )


def _tip_told(channel: str, *, is_set: bool) -> str:
    return (
        text("channels.tip_set", channel=channel) if is_set else text("channels.tip_removed", channel=channel)
    )


def _seen(channel: Watchable) -> ChannelSeen:
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else channel.category_id
    return ChannelSeen(channel.id, parent_id, channel.name)
