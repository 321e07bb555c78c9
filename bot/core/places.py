"""Channels and roles for the audience rule, from what discord.py has heard."""

import discord

from bot.domain.audience import GuildRoles, Overwrite, Person, Place, PlaceKind, Role

_KINDS = {
    discord.ChannelType.text: PlaceKind.TEXT,
    discord.ChannelType.news: PlaceKind.TEXT,
    discord.ChannelType.forum: PlaceKind.TEXT,
    discord.ChannelType.media: PlaceKind.TEXT,
    discord.ChannelType.voice: PlaceKind.VOICE,
    discord.ChannelType.stage_voice: PlaceKind.VOICE,
    discord.ChannelType.public_thread: PlaceKind.PUBLIC_THREAD,
    discord.ChannelType.news_thread: PlaceKind.PUBLIC_THREAD,
    discord.ChannelType.private_thread: PlaceKind.PRIVATE_THREAD,
}


class DiscordPlaces:
    """The `PlaceSource` of `services/audience.py`."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def place(self, channel_id: int) -> Place | None:
        """Return a channel, open thread or direct message, None when discord.py hasn't heard of it."""
        found = self._client.get_channel(channel_id)
        if isinstance(found, discord.DMChannel):
            return _direct(found)
        if isinstance(found, discord.Thread):
            return _thread(found)
        if isinstance(found, discord.abc.GuildChannel):
            return _channel(found)
        return None

    def roles(self, guild_id: int) -> GuildRoles | None:
        """Return a guild's roles, None when they are not known to be right."""
        guild, me = self._client.get_guild(guild_id), self._client.user
        if guild is None or guild.unavailable or me is None:
            return None  # of a guild that is out of reach, changes are not heard
        if guild.owner_id is None or guild.get_role(guild_id) is None:
            return None
        bots = {role.id: role.tags.bot_id for role in guild.roles if role.tags and role.tags.bot_id}
        roles = {role.id: Role(role.permissions.value, role.id in bots) for role in guild.roles}
        return GuildRoles(guild_id, guild.owner_id, roles, frozenset(bots.values()) | {me.id})


def person(member: discord.Member, thread_ids: frozenset[int] = frozenset()) -> Person:
    """Return the one reader that a member is, in private threads they are known to be in."""
    return Person(member.id, member.guild.id, frozenset(role.id for role in member.roles), thread_ids)


def _direct(channel: discord.DMChannel) -> Place:
    people = frozenset(user.id for user in channel.recipients)
    return Place(channel.id, None, PlaceKind.DIRECT, member_ids=people)


def _thread(thread: discord.Thread) -> Place | None:
    parent = _channel(thread.parent) if thread.parent is not None else None
    # Its members are not known: Discord tells them only with the privileged members intent.
    return Place(thread.id, thread.guild.id, _KINDS[thread.type], parent=parent)


def _channel(channel: discord.abc.GuildChannel) -> Place | None:
    """Return a channel; None for a category, and for kinds whose rules are not known."""
    kind = _KINDS.get(channel.type)
    if kind is None:
        return None
    roles: dict[int, Overwrite] = {}
    members: dict[int, Overwrite] = {}
    for each in channel._overwrites:  # noqa: SLF001 - `overwrites` takes a hundred times as long
        found = roles if each.is_role() else members
        found[each.id] = Overwrite(each.allow, each.deny)
    return Place(channel.id, channel.guild.id, kind, roles, members)
