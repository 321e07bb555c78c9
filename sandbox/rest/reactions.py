"""Routes of reactions."""

import re
from typing import Any

from sandbox import payloads
from sandbox.actions import reactions as act
from sandbox.errors import unknown
from sandbox.permissions import P
from sandbox.rest.call import Call
from sandbox.rest.guards import message_in, not_archived, place
from sandbox.rest.routing import route
from sandbox.world import Message

_BASE = "/channels/{channel_id}/messages/{message_id}/reactions"
_MAX_EMOJI = 32
_CUSTOM = re.compile(r"(?:a:)?(\w{2,32}):(\d{15,20})", re.ASCII)
_JOINERS = "\u200d\ufe0f"


def _emoji(call: Call) -> str:
    """Return the emoji of the path as its reaction is keyed: the characters, or name:id.

    Source: openapi add_my_message_reaction, docs resources/message#create-reaction.

    Raises:
        ApiError: 10014.
    """
    text = call.params["emoji_name"]
    custom = _CUSTOM.fullmatch(text)
    if custom is not None:
        return f"{custom[1]}:{custom[2]}"
    if not text or text.isascii() or len(text) > _MAX_EMOJI or not all(map(_in_emoji, text)):
        raise unknown("emoji")
    return text


def _in_emoji(letter: str) -> bool:
    """Whether a character can be part of an emoji: a symbol, a key's digit, or what joins and varies them."""
    if letter.isalpha():
        return letter == "\N{INFORMATION SOURCE}"
    return letter.isprintable() or letter in _JOINERS or "\U000e0020" <= letter <= "\U000e007f"


def _subject(call: Call, needed: int = 0) -> Message:
    channel = place(call, needed)
    message = message_in(call, channel)
    not_archived(channel)
    return message


@route("PUT", _BASE + "/{emoji_name}/@me")
def add(call: Call) -> Any:
    """React; the first of its kind takes ADD_REACTIONS."""
    message = _subject(call, P.READ_MESSAGE_HISTORY)
    emoji = _emoji(call)
    if emoji not in message.reactions:
        place(call, P.ADD_REACTIONS)
    act.react(call.core, message, call.me.bot, emoji)


@route("DELETE", _BASE + "/{emoji_name}/@me")
def remove_own(call: Call) -> Any:
    """Take the bot's reaction back."""
    act.react(call.core, _subject(call), call.me.bot, _emoji(call), add=False)


@route("DELETE", _BASE + "/{emoji_name}/{user_id}")
def remove_other(call: Call) -> Any:
    """Take someone's reaction away."""
    message = _subject(call, P.MANAGE_MESSAGES)
    user = call.core.world.users.get(call.id_of("user_id"))
    if user is None:
        raise unknown("user")
    act.react(call.core, message, user, _emoji(call), add=False)


@route("GET", _BASE + "/{emoji_name}")
def list_users(call: Call) -> Any:
    """List who gave a reaction."""
    message = message_in(call, place(call, P.READ_MESSAGE_HISTORY))
    after, limit = call.cursor("after") or 0, call.number("limit", 25, 1, 100)
    burst = call.number("type", 0, 0, 1)
    givers = () if burst else message.reactions.get(_emoji(call), ())
    ids = sorted(user_id for user_id in givers if user_id > after)
    return [payloads.user(call.core.world.users[user_id]) for user_id in ids[:limit]]


@route("DELETE", _BASE)
def clear(call: Call) -> Any:
    """Take all reactions away."""
    act.clear(call.core, _subject(call, P.MANAGE_MESSAGES))


@route("DELETE", _BASE + "/{emoji_name}")
def clear_emoji(call: Call) -> Any:
    """Take all reactions of one emoji away."""
    act.clear(call.core, _subject(call, P.MANAGE_MESSAGES), _emoji(call))
