"""Who may do what: look-ups that answer with Discord's errors when the bot may not see or act."""

from sandbox.actions.access import in_guild, may
from sandbox.actions.messages import find
from sandbox.actions.threads import settle
from sandbox.errors import archived, missing_access, missing_permissions, unknown
from sandbox.permissions import P
from sandbox.rest.call import Call
from sandbox.world import Channel, Guild, Member, Message


def place(call: Call, needed: int = 0, name: str = "channel_id") -> Channel:
    """Return the channel of the path, once the bot may see it and has the needed permissions.

    Source: protocol rest.5.

    Raises:
        ApiError: 10003, 50001, 50013.
    """
    channel = call.core.world.channel(call.id_of(name))
    demand(call, channel, needed)
    if channel.is_thread:
        settle(call.core, channel)
    return channel


def demand(call: Call, channel: Channel, needed: int) -> None:
    """Check the bot's permissions in a channel.

    Raises:
        ApiError: 50001 when it can't see it, 50013 when something is missing.
    """
    permissions = may(call.core, channel, call.me.bot)
    if not permissions & P.VIEW_CHANNEL:
        raise missing_access()
    if needed & ~permissions:
        raise missing_permissions()


def can(call: Call, channel: Channel, wanted: int) -> bool:
    """Whether the bot has any of these permissions in a channel."""
    return bool(may(call.core, channel, call.me.bot) & wanted)


def not_archived(channel: Channel) -> None:
    """Check that a thread is open.

    Raises:
        ApiError: 50083.
    """
    if channel.is_thread and channel.archived:
        raise archived()


def message_in(call: Call, channel: Channel) -> Message:
    """Return the message of the path.

    Raises:
        ApiError: 10008.
    """
    return find(channel, call.id_of("message_id"))


def home(call: Call, needed: int = 0) -> Guild:
    """Return the guild of the path, once the bot is in it and has the needed permissions.

    Raises:
        ApiError: 10004, 50013.
    """
    guild = call.core.world.guild(call.id_of("guild_id"))
    member = guild.members.get(call.me.bot.id)
    if member is None:
        raise unknown("guild")
    if needed & ~in_guild(call.core, guild, member):
        raise missing_permissions()
    return guild


def myself(call: Call, guild: Guild) -> Member:
    """Return the bot as a member of a guild it is in."""
    return guild.members[call.me.bot.id]


def member_of(call: Call, guild: Guild) -> Member:
    """Return the member of the path; "@me" is the bot.

    Raises:
        ApiError: 10007, 10013.
    """
    user_id = call.me.bot.id if call.params["user_id"] == "@me" else call.id_of("user_id")
    member = guild.members.get(user_id)
    if member is None:
        raise unknown("member" if user_id in call.core.world.users else "user")
    return member
