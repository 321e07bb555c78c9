"""Gateway intents: which event needs which, and which an application must have been granted."""

from enum import IntEnum


class Intent(IntEnum):
    """Intent bits of IDENTIFY."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


HIGHEST = (1 << 26) - 1
# The application's "limited" flags: granted without verification below 100 guilds.
PRIVILEGED_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
ALL_PRIVILEGED = sum(PRIVILEGED_FLAGS.values())

_MESSAGES = "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE"
_REACTIONS = (
    "MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI"
)
_POLLS = "MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE"
_IN_GUILDS = {
    Intent.GUILDS: "GUILD_CREATE GUILD_UPDATE GUILD_DELETE"
    " GUILD_ROLE_CREATE GUILD_ROLE_UPDATE GUILD_ROLE_DELETE"
    " CHANNEL_CREATE CHANNEL_UPDATE CHANNEL_DELETE CHANNEL_PINS_UPDATE"
    " THREAD_CREATE THREAD_UPDATE THREAD_DELETE THREAD_LIST_SYNC THREAD_MEMBER_UPDATE"
    " STAGE_INSTANCE_CREATE STAGE_INSTANCE_UPDATE STAGE_INSTANCE_DELETE",
    Intent.GUILD_MEMBERS: "GUILD_MEMBER_ADD GUILD_MEMBER_UPDATE GUILD_MEMBER_REMOVE THREAD_MEMBERS_UPDATE",
    Intent.GUILD_MODERATION: "GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE",
    Intent.GUILD_EXPRESSIONS: "GUILD_EMOJIS_UPDATE GUILD_STICKERS_UPDATE GUILD_SOUNDBOARD_SOUND_CREATE"
    " GUILD_SOUNDBOARD_SOUND_UPDATE GUILD_SOUNDBOARD_SOUND_DELETE GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    Intent.GUILD_INTEGRATIONS: "GUILD_INTEGRATIONS_UPDATE"
    " INTEGRATION_CREATE INTEGRATION_UPDATE INTEGRATION_DELETE",
    Intent.GUILD_WEBHOOKS: "WEBHOOKS_UPDATE",
    Intent.GUILD_INVITES: "INVITE_CREATE INVITE_DELETE",
    Intent.GUILD_VOICE_STATES: "VOICE_CHANNEL_EFFECT_SEND VOICE_STATE_UPDATE",
    Intent.GUILD_PRESENCES: "PRESENCE_UPDATE",
    Intent.GUILD_MESSAGES: f"{_MESSAGES} MESSAGE_DELETE_BULK",
    Intent.GUILD_MESSAGE_REACTIONS: _REACTIONS,
    Intent.GUILD_MESSAGE_TYPING: "TYPING_START",
    Intent.GUILD_SCHEDULED_EVENTS: "GUILD_SCHEDULED_EVENT_CREATE GUILD_SCHEDULED_EVENT_UPDATE"
    " GUILD_SCHEDULED_EVENT_DELETE GUILD_SCHEDULED_EVENT_USER_ADD GUILD_SCHEDULED_EVENT_USER_REMOVE",
    Intent.AUTO_MODERATION_CONFIGURATION: "AUTO_MODERATION_RULE_CREATE AUTO_MODERATION_RULE_UPDATE"
    " AUTO_MODERATION_RULE_DELETE",
    Intent.AUTO_MODERATION_EXECUTION: "AUTO_MODERATION_ACTION_EXECUTION",
    Intent.GUILD_MESSAGE_POLLS: _POLLS,
}
_IN_DMS = {
    Intent.DIRECT_MESSAGES: f"{_MESSAGES} CHANNEL_PINS_UPDATE",
    Intent.DIRECT_MESSAGE_REACTIONS: _REACTIONS,
    Intent.DIRECT_MESSAGE_TYPING: "TYPING_START",
    Intent.DIRECT_MESSAGE_POLLS: _POLLS,
}
# What an event needs instead when it is about the bot itself.
_OF_ITSELF = {"GUILD_MEMBER_UPDATE": 0, "THREAD_MEMBERS_UPDATE": Intent.GUILDS | Intent.GUILD_MEMBERS}


def _by_event(table: dict[Intent, str]) -> dict[str, int]:
    return {event: int(intent) for intent, events in table.items() for event in events.split()}


_GUILD_EVENTS = _by_event(_IN_GUILDS)
_DM_EVENTS = _by_event(_IN_DMS)


def intent_for(event: str, *, in_guild: bool, itself: bool = False) -> int:
    """Return the intents of which an event needs one, 0 when it is always sent.

    `itself` says that the event is about the bot.

    Source: protocol gateway.7, docs events/gateway#list-of-intents, docs events/gateway#caveats.
    """
    if itself and event in _OF_ITSELF:
        return _OF_ITSELF[event]
    return (_GUILD_EVENTS if in_guild else _DM_EVENTS).get(event, 0)


def missing_privileged(intents: int, flags: int) -> bool:
    """Whether privileged intents are asked for that the application's flags don't grant (close code 4014).

    Source: protocol gateway.6, docs events/gateway#privileged-intents.
    """
    return any(intents & intent and not flags & flag for intent, flag in PRIVILEGED_FLAGS.items())
