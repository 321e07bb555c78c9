"""Routes of reactions."""

from typing import Any

from sandbox import payloads
from sandbox.actions import messages as act
from sandbox.errors import unknown
from sandbox.permissions import P
from sandbox.rest.call import Call
from sandbox.rest.guards import message_in, place
from sandbox.rest.messages import not_archived
from sandbox.rest.routing import route

_BASE = "/channels/{channel_id}/messages/{message_id}/reactions"
_MAX_EMOJI = 64


def _emoji(call: Call) -> str:
    emoji = call.params["emoji_name"]
    if (emoji.isascii() and ":" not in emoji) or len(emoji) > _MAX_EMOJI:
        raise unknown("emoji")
    return emoji


@route("PUT", _BASE + "/{emoji_name}/@me")
def add(call: Call) -> Any:
    """React; the first of its kind takes ADD_REACTIONS."""
    channel = place(call, P.READ_MESSAGE_HISTORY)
    message = message_in(call, channel)
    emoji = _emoji(call)
    if emoji not in message.reactions:
        place(call, P.ADD_REACTIONS)
    not_archived(channel)
    act.react(call.core, message, call.me.bot, emoji)


@route("DELETE", _BASE + "/{emoji_name}/@me")
def remove_own(call: Call) -> Any:
    """Take the bot's reaction back."""
    message = message_in(call, place(call))
    act.react(call.core, message, call.me.bot, _emoji(call), add=False)


@route("DELETE", _BASE + "/{emoji_name}/{user_id}")
def remove_other(call: Call) -> Any:
    """Take someone's reaction away."""
    message = message_in(call, place(call, P.MANAGE_MESSAGES))
    user = call.core.world.users.get(call.id_of("user_id"))
    if user is None:
        raise unknown("user")
    act.react(call.core, message, user, _emoji(call), add=False)


@route("GET", _BASE + "/{emoji_name}")
def list_users(call: Call) -> Any:
    """List who gave a reaction."""
    message = message_in(call, place(call, P.READ_MESSAGE_HISTORY))
    after = call.cursor("after") or 0
    ids = sorted(user_id for user_id in message.reactions.get(_emoji(call), ()) if user_id > after)
    return [payloads.user(call.core.world.users[i]) for i in ids[: call.number("limit", 25, 1, 100)]]


@route("DELETE", _BASE)
def clear(call: Call) -> Any:
    """Take all reactions away."""
    channel = place(call, P.MANAGE_MESSAGES)
    message = message_in(call, channel)
    message.reactions.clear()
    data = {"channel_id": str(channel.id), "message_id": str(message.id)}
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    call.core.hub.emit("MESSAGE_REACTION_REMOVE_ALL", data, guild_id=channel.guild_id, channel=channel)
