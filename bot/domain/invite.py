"""What the bot asks Discord for: intents at the gateway, permissions in a server, and the invite link."""

import base64
import binascii
from collections.abc import Iterable
from urllib.parse import urlencode

# https://discord.com/developers/docs/topics/permissions: no more than reading and answering takes.
PERMISSION_BITS = {
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "embed_links": 1 << 14,
    "read_message_history": 1 << 16,
    "send_messages_in_threads": 1 << 38,
}
# What some plugins need; asked for only where one is on: see `cogs/plugins/rights.py`.
MORE_BITS = {"manage_messages": 1 << 13, "moderate_members": 1 << 40}
PERMISSIONS = sum(PERMISSION_BITS.values())
SCOPES = ("bot", "applications.commands")

# https://discord.com/developers/docs/events/gateway#gateway-intents, under discord.py's names.
INTENT_BITS = {
    "guilds": 1 << 0,
    "members": 1 << 1,
    "moderation": 1 << 2,
    "expressions": 1 << 3,
    "integrations": 1 << 4,
    "webhooks": 1 << 5,
    "invites": 1 << 6,
    "voice_states": 1 << 7,
    "presences": 1 << 8,
    "guild_messages": 1 << 9,
    "guild_reactions": 1 << 10,
    "guild_typing": 1 << 11,
    "dm_messages": 1 << 12,
    "dm_reactions": 1 << 13,
    "dm_typing": 1 << 14,
    "message_content": 1 << 15,
    "guild_scheduled_events": 1 << 16,
    "auto_moderation_configuration": 1 << 20,
    "auto_moderation_execution": 1 << 21,
    "guild_polls": 1 << 24,
    "dm_polls": 1 << 25,
}
# Discord's own names, where discord.py's differ.
_OFFICIAL_NAMES = {
    "guild_members": "members",
    "guild_moderation": "moderation",
    "guild_expressions": "expressions",
    "guild_presences": "presences",
    "guild_message_reactions": "guild_reactions",
    "guild_message_typing": "guild_typing",
    "guild_message_polls": "guild_polls",
    "direct_messages": "dm_messages",
    "direct_message_reactions": "dm_reactions",
    "direct_message_typing": "dm_typing",
    "direct_message_polls": "dm_polls",
    "auto_moderation_config": "auto_moderation_configuration",
}
INTENTS = ("guilds", "guild_messages", "guild_reactions", "message_content")
PRIVILEGED = {
    "members": "Server Members Intent",
    "presences": "Presence Intent",
    "message_content": "Message Content Intent",
}  # as the Developer Portal calls their switches
_NEEDED_FOR = {
    "guilds": "without it the bot doesn't learn which servers and channels there are",
    "guild_messages": "without it Discord sends the bot no messages",
    "message_content": "without it Discord removes the text of messages, so there is nothing to read",
}


def parse_intents(value: str | int | Iterable[str]) -> tuple[str, ...]:
    """Return the names of the intents in a number, a list of names, or either as text.

    Raises:
        ValueError: a name or bit is unknown, or one the bot can't do without is missing.
    """
    if isinstance(value, str):
        value = int(value) if value.strip().isdecimal() else value.replace(",", " ").split()
    names = _names_of_bits(value) if isinstance(value, int) else tuple(map(_name, value))
    for needed, reason in _NEEDED_FOR.items():
        if needed not in names:
            raise ValueError(f"{needed} is missing: {reason}")
    return tuple(dict.fromkeys(names))


def _names_of_bits(number: int) -> tuple[str, ...]:
    if number < 0 or number & ~sum(INTENT_BITS.values()):
        raise ValueError("has a bit no intent uses")
    return tuple(name for name, bit in INTENT_BITS.items() if number & bit)


def _name(text: str) -> str:
    name = str(text).strip().lower()
    name = _OFFICIAL_NAMES.get(name, name)
    if name not in INTENT_BITS:
        raise ValueError(f"knows no intent of that name; accepted: {', '.join(INTENT_BITS)}")
    return name


def application_id_of(token: str) -> int | None:
    """Return the application id in a bot token (its first part, base64), or None when it holds none."""
    first = token.partition(".")[0]
    try:
        decoded = base64.b64decode(first + "=" * (-len(first) % 4), altchars=b"-_", validate=True)
        return int(decoded.decode("ascii"))
    except (binascii.Error, ValueError):
        return None


def invite_link(application_id: int | None, more: Iterable[str] = (), guild_id: int | None = None) -> str:
    """Return the address that adds the bot to a server, with exactly PERMISSIONS and SCOPES.

    Args:
        application_id: the bot's; None where it isn't known.
        more: permissions to ask for besides, by the names of MORE_BITS.
        guild_id: the server to add it to, or to give it more in; None to have one chosen.
    """
    permissions = PERMISSIONS | sum(MORE_BITS[name] for name in set(more))
    client_id = str(application_id) if application_id else "YOUR_APPLICATION_ID"
    query = {"client_id": client_id, "permissions": str(permissions), "scope": " ".join(SCOPES)}
    if guild_id is not None:
        query |= {"guild_id": str(guild_id), "disable_guild_select": "true"}
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"
