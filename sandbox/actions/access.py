"""What an account may do where: permissions with timeouts, locked threads, slow mode and rank."""

from sandbox.core import Core
from sandbox.errors import SLOWMODE, ApiError, RateLimitedError, archived, missing_permissions
from sandbox.permissions import (
    ALL,
    DM_PERMISSIONS,
    TIMED_OUT,
    P,
    base_permissions,
    channel_permissions,
)
from sandbox.world import Channel, Guild, Member, User

_NO_TEXT = (4, 15)


def may(core: Core, channel: Channel, user: User) -> int:
    """Return what a user may do in a channel; a DM allows its recipients to talk."""
    if channel.guild_id is None:
        return DM_PERMISSIONS if any(person.id == user.id for person in channel.recipients) else 0
    guild = core.world.guilds[channel.guild_id]
    member = guild.members.get(user.id)
    total = channel_permissions(guild, member, channel)
    return total if member is None or member.timeout_until is None else _timed(core, member, total)


def in_guild(core: Core, guild: Guild, member: Member) -> int:
    """Return what a member may do in the whole guild."""
    total = base_permissions(guild, member)
    return total if member.timeout_until is None else _timed(core, member, total)


def _timed(core: Core, member: Member, total: int) -> int:
    """Return what is left during a timeout: looking on.

    Source: docs topics/permissions#permissions-for-timed-out-members.
    """
    out = member.timeout_until is not None and member.timeout_until > core.clock.now()
    return total & TIMED_OUT if out and total != ALL else total


def check_sendable(core: Core, channel: Channel, user: User) -> None:
    """Check that a user may write here.

    Source: protocol rest.5, docs topics/threads#permissions.

    Raises:
        ApiError: 50008 not a text channel, 50013 no permission, 50083 archived and locked, 160005 locked,
            50007 a DM that is closed.
    """
    if channel.type in _NO_TEXT:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    permissions = may(core, channel, user)
    if not permissions & P.SEND_MESSAGES:
        raise missing_permissions()
    if channel.guild_id is None:
        check_dm(core, channel, user)
    if channel.is_thread and channel.locked and not permissions & P.MANAGE_THREADS:
        raise archived() if channel.archived else ApiError(400, 160005, "Thread is locked")


def check_dm(core: Core, channel: Channel, user: User) -> None:
    """Check that the others in a DM hear from this user: they share a guild and take DMs.

    Raises:
        ApiError: 50007.
    """
    for other in channel.recipients:
        if other.id == user.id:
            continue
        shared = any(
            other.id in guild.members and user.id in guild.members for guild in core.world.guilds.values()
        )
        if not other.takes_dms or not shared:
            raise ApiError(403, 50007, "Cannot send messages to this user")


def check_slowmode(core: Core, channel: Channel, user: User, act: str = "message") -> None:
    """Check that a member has waited long enough since the last message, or thread started, here.

    Bots don't wait. Source: docs resources/channel#channel-object-channel-structure.

    Raises:
        RateLimitedError: 20016 with the seconds left.
    """
    if not channel.slowmode or user.bot or may(core, channel, user) & P.BYPASS_SLOWMODE:
        return
    now = core.clock.monotonic()
    left = channel.acted.get((user.id, act), now - channel.slowmode) + channel.slowmode - now
    if left > 0:
        raise RateLimitedError(left, code=SLOWMODE)


def rank(guild: Guild, member: Member) -> tuple[int, int]:
    """Return the place of a member's highest role: its position, and of equal ones the older is higher."""
    return max(
        (place_of(guild, role_id) for role_id in member.roles if role_id in guild.roles), default=(0, 0)
    )


def place_of(guild: Guild, role_id: int) -> tuple[int, int]:
    """Return the place of a role, to compare with a rank."""
    return guild.roles[role_id].position, -role_id


def check_above_role(guild: Guild, actor: Member, role_id: int) -> None:
    """Check that a role is below the actor's highest. Source: docs topics/permissions#permission-hierarchy.

    Raises:
        ApiError: 50013.
    """
    if actor.user.id != guild.owner_id and place_of(guild, role_id) >= rank(guild, actor):
        raise missing_permissions()


def check_above(guild: Guild, actor: Member, target: Member) -> None:
    """Check that a member ranks below the actor. Source: docs topics/permissions#permission-hierarchy.

    Raises:
        ApiError: 50013.
    """
    if actor.user.id == guild.owner_id:
        return
    if target.user.id == guild.owner_id or rank(guild, target) >= rank(guild, actor):
        raise missing_permissions()
