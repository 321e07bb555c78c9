"""Permissions: the bits, and what a member may do in a channel once overwrites are applied.

The documented order: base roles, @everyone overwrite, role overwrites together, member overwrite.
"""

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.world import Channel, Guild, Member


class P(IntEnum):
    """Permission bits the sandbox enforces or hands out; IntEnum, as IntFlag's `&` is slow."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    MANAGE_GUILD_EXPRESSIONS = 1 << 30
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    PIN_MESSAGES = 1 << 51
    BYPASS_SLOWMODE = 1 << 52


_VOICE = (1 << 8) | (1 << 9) | (0x3F << 19) | (1 << 25)
ALL = sum(flag for flag in P) | _VOICE
TIMED_OUT = int(P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY)
EVERYONE_DEFAULT = int(
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.ADD_REACTIONS
    | P.USE_EXTERNAL_EMOJIS
    | P.CONNECT
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)
DM_PERMISSIONS = int(
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.ADD_REACTIONS
    | P.USE_APPLICATION_COMMANDS
)


def bits(*names: str | int) -> int:
    """Return the bits of permissions given by name ("view_channel") or as integers.

    Raises:
        KeyError: there is no permission of that name.
    """
    total = 0
    for name in names:
        total |= name if isinstance(name, int) else int(P[name.upper()])
    return total


def base_permissions(guild: "Guild", member: "Member") -> int:
    """Return what the member's roles give in the whole guild."""
    if member.user.id == guild.owner_id:
        return ALL
    total = guild.roles[guild.id].permissions
    for role_id in member.roles:
        role = guild.roles.get(role_id)
        total |= role.permissions if role else 0
    return ALL if total & P.ADMINISTRATOR else total


def channel_permissions(guild: "Guild", member: "Member | None", channel: "Channel") -> int:
    """Return what the member may do in the channel; a thread is judged by its parent's overwrites."""
    if member is None:
        return 0
    total = base_permissions(guild, member)
    if total == ALL:
        return ALL
    place = guild.channels[channel.parent_id] if channel.is_thread and channel.parent_id else channel
    total = _apply(total, place, [guild.id])
    total = _apply(total, place, [role for role in member.roles if role != guild.id])
    total = _apply(total, place, [member.user.id])
    if not total & P.VIEW_CHANNEL:
        return 0
    if (
        channel.is_private_thread
        and not total & P.MANAGE_THREADS
        and member.user.id not in channel.thread_members
    ):
        return 0
    if channel.is_thread:
        return _in_thread(total)
    return (
        total if total & P.SEND_MESSAGES else total & ~(P.MENTION_EVERYONE | P.ATTACH_FILES | P.EMBED_LINKS)
    )


def _in_thread(total: int) -> int:
    """Return thread permissions: sending is its own bit there, whatever SEND_MESSAGES says."""
    if total & P.SEND_MESSAGES_IN_THREADS:
        return total | P.SEND_MESSAGES
    return total & ~int(P.SEND_MESSAGES | P.MENTION_EVERYONE | P.ATTACH_FILES | P.EMBED_LINKS)


def _apply(total: int, channel: "Channel", ids: list[int]) -> int:
    allow = deny = 0
    for target in ids:
        overwrite = channel.overwrites.get(target)
        if overwrite is not None:
            allow |= overwrite.allow
            deny |= overwrite.deny
    return (total & ~deny) | allow
