"""Reactions: given, taken back and cleared, with the events they make."""

from typing import Any

from sandbox import payloads
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.world import Message, User

MAX_KINDS = 20


def react(core: Core, message: Message, user: User, emoji: str, *, add: bool = True) -> None:
    """Add or take back a reaction; doing it twice changes nothing.

    Source: openapi add_my_message_reaction, docs topics/opcodes-and-status-codes#json.

    Raises:
        ApiError: 30010 when it would be the 21st kind.
    """
    if add and emoji not in message.reactions and len(message.reactions) >= MAX_KINDS:
        raise ApiError(400, 30010, f"Maximum number of reactions reached ({MAX_KINDS})")
    givers = message.reactions.setdefault(emoji, [])
    if add == (user.id in givers):
        if not givers:
            del message.reactions[emoji]
        return
    if add:
        givers.append(user.id)
    else:
        givers.remove(user.id)
    if not givers:
        del message.reactions[emoji]
    data: dict[str, Any] = {
        "user_id": str(user.id),
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "emoji": payloads.emoji(emoji),
        "burst": False,
        "type": 0,
    }
    if message.guild_id is not None:
        data["guild_id"] = str(message.guild_id)
    if add:
        data["message_author_id"] = str(message.author.id)
        member = core.world.member(message.guild_id, user.id)
        if member is not None:
            data["member"] = payloads.member(member)
    core.record.add("reaction", message_id=message.id, user_id=user.id, emoji=emoji, added=add)
    channel = core.world.channels[message.channel_id]
    name = "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE"
    core.hub.emit(name, data, guild_id=message.guild_id, channel=channel)


def clear(core: Core, message: Message, emoji: str | None = None) -> None:
    """Take all reactions away, or all of one emoji."""
    data: dict[str, Any] = {"channel_id": str(message.channel_id), "message_id": str(message.id)}
    if message.guild_id is not None:
        data["guild_id"] = str(message.guild_id)
    event = "MESSAGE_REACTION_REMOVE_ALL"
    if emoji is None:
        message.reactions.clear()
    elif message.reactions.pop(emoji, None) is None:
        return
    else:
        event = "MESSAGE_REACTION_REMOVE_EMOJI"
        data["emoji"] = payloads.emoji(emoji)
    core.record.add("reaction", message_id=message.id, user_id=None, emoji=emoji, added=False)
    channel = core.world.channels[message.channel_id]
    core.hub.emit(event, data, guild_id=message.guild_id, channel=channel)
