"""Guilds, roles, members, channels and threads: making, changing and removing them."""

from typing import Any

from sandbox import payloads, visibility
from sandbox.actions.members import add_member
from sandbox.core import Core
from sandbox.gateway import guild_create
from sandbox.intents import Intent
from sandbox.permissions import EVERYONE_DEFAULT
from sandbox.world import Application, AuditEntry, Channel, ChannelType, Guild, Member, Role, User

BOT_ADD = 28  # of the audit log's kinds of entries


def new_user(core: Core, name: str, *, bot: bool = False, display: str | None = None) -> User:
    """Make an account."""
    user = User(core.ids.make(), name, display, bot)
    core.world.users[user.id] = user
    return user


def new_guild(core: Core, name: str, owner: User) -> Guild:
    """Make a guild with its owner and the @everyone role."""
    guild = Guild(core.ids.make(), name, owner.id, core.clock.now())
    guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE_DEFAULT)
    guild.members[owner.id] = Member(owner, core.clock.now())
    core.world.guilds[guild.id] = guild
    core.hub.notify("GUILD_CREATE", {"guild_id": str(guild.id)})
    return guild


def new_role(core: Core, guild: Guild, name: str, permissions: int = 0, **more: Any) -> Role:
    """Make a role at the bottom, just above @everyone; the others move up.

    Source: openapi create_guild_role.
    """
    for other in guild.roles.values():
        other.position += other.id != guild.id
    role = Role(core.ids.make(), name, permissions, position=1, **more)
    guild.roles[role.id] = role
    _guild_event(core, guild, "GUILD_ROLE_CREATE", {"role": payloads.role(role)})
    return role


def role_changed(core: Core, guild: Guild, role: Role) -> None:
    """Tell that a role was edited."""
    _guild_event(core, guild, "GUILD_ROLE_UPDATE", {"role": payloads.role(role)})
    visibility.changed(core, guild)


def remove_role(core: Core, guild: Guild, role: Role) -> None:
    """Remove a role from the guild and its members."""
    del guild.roles[role.id]
    for member in guild.members.values():
        if role.id in member.roles:
            member.roles.remove(role.id)
    _guild_event(core, guild, "GUILD_ROLE_DELETE", {"role_id": str(role.id)})
    visibility.changed(core, guild)


def invite_bot(
    core: Core, guild: Guild, app: Application, permissions: int, by: User | None = None
) -> Member:
    """Add an application's bot with its managed role, by the owner unless told; its sessions learn of it.

    Source: docs events/gateway-events#guild-create, docs resources/audit-log#audit-log-entry-object.
    """
    inviter = guild.owner_id if by is None else by.id
    guild.audit.append(AuditEntry(core.ids.make(), BOT_ADD, inviter, app.bot.id))
    role = new_role(core, guild, app.name, permissions, managed=True, bot_id=app.bot.id)
    member = add_member(core, guild, app.bot, [role.id])
    visibility.joined(core, guild, app)
    for session in list(core.hub.sessions.values()):
        hears = session.ready and session.intents & Intent.GUILDS
        if session.app is app and hears and session.serves(guild.id):
            body = guild_create(guild, session)
            del body["unavailable"]  # there when a guild comes back, not when it is new
            core.hub.send(session, "GUILD_CREATE", body)
    return member


def _guild_event(core: Core, guild: Guild, event: str, data: dict[str, Any]) -> None:
    core.hub.emit(event, data | {"guild_id": str(guild.id)}, guild_id=guild.id)


def new_channel(core: Core, guild: Guild, name: str, kind: int = 0, **more: Any) -> Channel:
    """Make a channel at the end of the list."""
    position = sum(1 for item in guild.channels.values() if not item.is_thread)
    channel = Channel(core.ids.make(), kind, name, guild.id, **({"position": position} | more))
    core.world.add_channel(channel)
    core.hub.emit("CHANNEL_CREATE", payloads.channel(channel), guild_id=guild.id)
    visibility.added(core, guild, channel)
    return channel


def channel_changed(core: Core, channel: Channel) -> None:
    """Tell that a channel or thread was edited."""
    if channel.is_thread:
        core.hub.emit("THREAD_UPDATE", payloads.channel(channel), guild_id=channel.guild_id, channel=channel)
    else:
        core.hub.emit("CHANNEL_UPDATE", payloads.channel(channel), guild_id=channel.guild_id)
        if guild := core.world.guild_of(channel):
            visibility.changed(core, guild)


def remove_channel(core: Core, channel: Channel) -> None:
    """Delete a channel with its threads, or a thread."""
    if channel.is_thread:
        data = {
            "id": str(channel.id),
            "guild_id": str(channel.guild_id),
            "parent_id": str(channel.parent_id),
            "type": int(channel.type),
        }
        core.hub.emit("THREAD_DELETE", data, guild_id=channel.guild_id, channel=channel)
    else:
        core.hub.emit("CHANNEL_DELETE", payloads.channel(channel), guild_id=channel.guild_id)
        for child in children(core, channel):
            child.parent_id = None
            channel_changed(core, child)
    core.world.remove_channel(channel)
    core.world.webhooks = {
        k: hook for k, hook in core.world.webhooks.items() if hook.channel_id != channel.id
    }
    core.record.add("channel_delete", channel_id=channel.id)


def children(core: Core, category: Channel) -> list[Channel]:
    """Return the channels of a category."""
    guild = core.world.guild_of(category)
    inside = guild.channels.values() if guild is not None else ()
    return [item for item in inside if item.parent_id == category.id and not item.is_thread]


def guild_changed(core: Core, guild: Guild) -> None:
    """Tell that a guild was edited."""
    core.hub.emit("GUILD_UPDATE", payloads.guild(guild), guild_id=guild.id)


def webhooks_changed(core: Core, channel: Channel) -> None:
    """Tell that a channel's webhooks changed. Source: docs events/gateway-events#webhooks-update."""
    data = {"guild_id": str(channel.guild_id), "channel_id": str(channel.id)}
    core.hub.emit("WEBHOOKS_UPDATE", data, guild_id=channel.guild_id, channel=channel)


def dm_channel(core: Core, first: User, second: User) -> Channel:
    """Return the DM channel of two users, making it on first use."""
    wanted = {first.id, second.id}
    for channel in core.world.channels.values():
        if channel.type == ChannelType.DM and {user.id for user in channel.recipients} == wanted:
            return channel
    channel = Channel(core.ids.make(), int(ChannelType.DM), recipients=[first, second])
    core.world.channels[channel.id] = channel
    core.hub.notify("CHANNEL_CREATE", payloads.channel(channel), channel)
    return channel
