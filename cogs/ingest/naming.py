"""Keeps what channels are called and what they belong to as it is now, between two connections."""

import discord
from discord.ext import commands

from bot.services.guilds import ChannelSeen, GuildService


class ChannelNames(commands.Cog):
    """Notes channels and threads that are made, renamed or moved to another category."""

    def __init__(self, guilds: GuildService) -> None:
        self._guilds = guilds

    @commands.Cog.listener()
    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        """Note a new channel."""
        await self._note(channel)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Note another name, or another category."""
        if (before.name, before.category_id) != (after.name, after.category_id):
            await self._note(after)

    @commands.Cog.listener()
    async def on_thread_create(self, thread: discord.Thread) -> None:
        """Note a new thread."""
        await self._guilds.see_channel(thread.guild.id, ChannelSeen(thread.id, thread.parent_id, thread.name))

    @commands.Cog.listener()
    async def on_thread_update(self, before: discord.Thread, after: discord.Thread) -> None:
        """Note another name."""
        if before.name != after.name:
            await self.on_thread_create(after)

    async def _note(self, channel: discord.abc.GuildChannel) -> None:
        seen = ChannelSeen(channel.id, channel.category_id, channel.name)
        await self._guilds.see_channel(channel.guild.id, seen)
