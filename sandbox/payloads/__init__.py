"""World records as the JSON Discord shows."""

from sandbox.payloads.people import application, member, own_user, partial_member, role, user
from sandbox.payloads.places import channel, guild, guild_create, thread_joined, thread_member
from sandbox.payloads.talk import (
    emoji,
    interaction_metadata,
    message,
    message_interaction,
    reaction,
    snapshot,
)

__all__ = [
    "application",
    "channel",
    "emoji",
    "guild",
    "guild_create",
    "interaction_metadata",
    "member",
    "message",
    "message_interaction",
    "own_user",
    "partial_member",
    "reaction",
    "role",
    "snapshot",
    "thread_joined",
    "thread_member",
    "user",
]
