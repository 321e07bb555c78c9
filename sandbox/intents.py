"""Gateway intents: which event needs which, and which an application must have been granted."""

from enum import IntEnum


class Intent(IntEnum):
    """Intent bits of IDENTIFY."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_WEBHOOKS = 1 << 5
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


HIGHEST = (1 << 26) - 1
# The application's "limited" flags: granted without verification below 100 guilds.
PRIVILEGED_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
ALL_PRIVILEGED = sum(PRIVILEGED_FLAGS.values())

_MESSAGES = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
_REACTIONS = (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
_BY_PREFIX: tuple[tuple[str, tuple[int, int]], ...] = (
    ("MESSAGE_REACTION", _REACTIONS),
    ("MESSAGE_", _MESSAGES),
    ("TYPING_", (Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING)),
    ("GUILD_MEMBER_", (Intent.GUILD_MEMBERS, 0)),
    ("GUILD_BAN_", (Intent.GUILD_MODERATION, 0)),
    ("WEBHOOKS_", (Intent.GUILD_WEBHOOKS, 0)),
    ("GUILD_", (Intent.GUILDS, 0)),
    ("CHANNEL_", (Intent.GUILDS, Intent.DIRECT_MESSAGES)),
    ("THREAD_MEMBERS_", (Intent.GUILD_MEMBERS, 0)),
    ("THREAD_", (Intent.GUILDS, 0)),
)


def intent_for(event: str, *, in_guild: bool) -> int:
    """Return the intent an event needs, 0 when it is always sent (interactions, own member, chunks)."""
    for prefix, (guild_bit, dm_bit) in _BY_PREFIX:
        if event.startswith(prefix):
            return int(guild_bit if in_guild else dm_bit)
    return 0


def missing_privileged(intents: int, flags: int) -> bool:
    """Whether privileged intents are asked for that the application's flags don't grant (close code 4014)."""
    return any(intents & intent and not flags & flag for intent, flag in PRIVILEGED_FLAGS.items())
