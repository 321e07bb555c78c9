"""Members: joining, changing, leaving, being kicked and banned."""

from datetime import timedelta

from sandbox import payloads, visibility
from sandbox.actions import messages
from sandbox.actions.messages import JOINED, Draft
from sandbox.core import Core
from sandbox.errors import unknown
from sandbox.ids import snowflake_time
from sandbox.world import Guild, Member, User


def add_member(core: Core, guild: Guild, user: User, roles: list[int] | None = None) -> Member:
    """Let a user join, announced in the guild's system channel when `core.join_messages` is on."""
    member = Member(user, core.clock.now(), list(roles or ()))
    guild.members[user.id] = member
    guild_id = {"guild_id": str(guild.id)}
    core.hub.emit("GUILD_MEMBER_ADD", payloads.member(member) | guild_id, guild_id=guild.id)
    channel = guild.channels.get(int(guild.settings.get("system_channel_id") or 0))
    if core.join_messages and channel is not None:
        messages.post(core, Draft(channel, user, type=JOINED, via="system"))
    return member


def member_changed(core: Core, guild: Guild, member: Member) -> None:
    """Tell that a member's roles or nick changed; a bot learns of its own even without the intent."""
    data = payloads.member(member) | {"guild_id": str(guild.id)}
    core.hub.emit("GUILD_MEMBER_UPDATE", data, guild_id=guild.id, about=member.user.id)
    if member.user.id in core.world.bots:
        visibility.changed(core, guild)


def remove_member(core: Core, guild: Guild, user_id: int) -> None:
    """Take a member out; an application whose bot it was loses the guild."""
    member = guild.members.pop(user_id)
    app = core.world.bots.get(user_id)
    if app is not None:
        core.hub.emit_to(app.id, "GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id)
    data = {"user": payloads.user(member.user), "guild_id": str(guild.id)}
    core.hub.emit("GUILD_MEMBER_REMOVE", data, guild_id=guild.id)


def ban(core: Core, guild: Guild, user: User, reason: str | None = None, seconds: int = 0) -> None:
    """Ban a user, member or not, and delete what they wrote in the last `seconds`.

    Source: openapi ban_user_from_guild.
    """
    known = user.id in guild.bans
    guild.bans[user.id] = reason
    if user.id in guild.members:
        remove_member(core, guild, user.id)
    if not known:
        _tell(core, guild, user, "GUILD_BAN_ADD")
    since = core.clock.now() - timedelta(seconds=seconds)
    for channel in list(guild.channels.values()) if seconds else ():
        recent = [
            i for i in channel.order if channel.messages[i].author.id == user.id and snowflake_time(i) > since
        ]
        if recent:
            messages.delete(core, channel, recent, bulk=True)


def unban(core: Core, guild: Guild, user: User) -> None:
    """Lift a ban.

    Raises:
        ApiError: 10026 when there is none.
    """
    if user.id not in guild.bans:
        raise unknown("ban")
    del guild.bans[user.id]
    _tell(core, guild, user, "GUILD_BAN_REMOVE")


def _tell(core: Core, guild: Guild, user: User, event: str) -> None:
    data = {"guild_id": str(guild.id), "user": payloads.user(user)}
    core.record.add("ban", guild_id=guild.id, user_id=user.id, event=event)
    core.hub.emit(event, data, guild_id=guild.id)
