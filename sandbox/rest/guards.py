"""Who may do what: look-ups that answer with Discord's errors when the bot may not see or act."""

from sandbox.actions.messages import find, may
from sandbox.errors import missing_access, missing_permissions, unknown
from sandbox.permissions import P, base_permissions
from sandbox.rest.call import Call
from sandbox.world import Channel, Guild, Message


def place(call: Call, needed: int = 0, name: str = "channel_id") -> Channel:
    """Return the channel of the path, once the bot may see it and has the needed permissions.

    Raises:
        ApiError: 10003, 50001, 50013.
    """
    channel = call.core.world.channel(call.id_of(name))
    demand(call, channel, needed)
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
    if needed & ~base_permissions(guild, member):
        raise missing_permissions()
    return guild
