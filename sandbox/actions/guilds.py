"""Guilds, roles, members, channels and threads: making, changing and removing them."""

from typing import Any

from sandbox import access, payloads
from sandbox.actions.messages import Draft, may, post, tell_update
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.gateway import guild_create
from sandbox.intents import Intent
from sandbox.permissions import EVERYONE_DEFAULT, P
from sandbox.world import Application, Channel, ChannelType, Guild, Member, Message, Role, User


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
    """Make a role above the existing ones."""
    role = Role(core.ids.make(), name, permissions, position=len(guild.roles), **more)
    guild.roles[role.id] = role
    _guild_event(core, guild, "GUILD_ROLE_CREATE", {"role": payloads.role(role)})
    return role


def role_changed(core: Core, guild: Guild, role: Role) -> None:
    """Tell that a role was edited."""
    _guild_event(core, guild, "GUILD_ROLE_UPDATE", {"role": payloads.role(role)})
    access.changed(core, guild)


def remove_role(core: Core, guild: Guild, role: Role) -> None:
    """Remove a role from the guild and its members."""
    del guild.roles[role.id]
    for member in guild.members.values():
        if role.id in member.roles:
            member.roles.remove(role.id)
    _guild_event(core, guild, "GUILD_ROLE_DELETE", {"role_id": str(role.id)})
    access.changed(core, guild)


def add_member(core: Core, guild: Guild, user: User, roles: list[int] | None = None) -> Member:
    """Let a user join."""
    member = Member(user, core.clock.now(), list(roles or ()))
    guild.members[user.id] = member
    _guild_event(core, guild, "GUILD_MEMBER_ADD", payloads.member(member))
    return member


def member_changed(core: Core, guild: Guild, member: Member) -> None:
    """Tell that a member's roles or nick changed; a bot learns of its own even without the intent."""
    data = payloads.member(member) | {"guild_id": str(guild.id)}
    core.hub.emit("GUILD_MEMBER_UPDATE", data, guild_id=guild.id, about=member.user.id)
    if member.user.id in core.world.bots:
        access.changed(core, guild)


def remove_member(core: Core, guild: Guild, user_id: int) -> None:
    """Take a member out; an application whose bot it was loses the guild."""
    member = guild.members.pop(user_id)
    app = core.world.bots.get(user_id)
    if app is not None:
        core.hub.emit_to(app.id, "GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id)
    _guild_event(core, guild, "GUILD_MEMBER_REMOVE", {"user": payloads.user(member.user)})


def invite_bot(core: Core, guild: Guild, app: Application, permissions: int) -> Member:
    """Add an application's bot with its managed role; its sessions learn of the guild.

    Source: docs events/gateway-events#guild-create.
    """
    role = new_role(core, guild, app.name, permissions, managed=True, bot_id=app.bot.id)
    member = add_member(core, guild, app.bot, [role.id])
    access.joined(core, guild, app)
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
    access.added(core, guild, channel)
    return channel


def channel_changed(core: Core, channel: Channel) -> None:
    """Tell that a channel or thread was edited."""
    if channel.is_thread:
        core.hub.emit("THREAD_UPDATE", payloads.channel(channel), guild_id=channel.guild_id, channel=channel)
    else:
        core.hub.emit("CHANNEL_UPDATE", payloads.channel(channel), guild_id=channel.guild_id)
        if guild := core.world.guild_of(channel):
            access.changed(core, guild)


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
    core.world.remove_channel(channel)
    core.record.add("channel_delete", channel_id=channel.id)


def new_thread(
    core: Core, parent: Channel, name: str, owner: User, message: Message | None = None, **more: Any
) -> Channel:
    """Start a thread; one started from a message has that message's id.

    Source: protocol rest.7.

    Raises:
        ApiError: 160004 when the message has a thread already.
    """
    if message is not None and message.thread_id is not None:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    thread_id = message.id if message is not None else core.ids.make()
    kind = ChannelType.NEWS_THREAD if parent.type == ChannelType.NEWS else ChannelType.PUBLIC_THREAD
    fields = {"type": int(kind)} | more
    thread = Channel(
        thread_id,
        name=name,
        guild_id=parent.guild_id,
        parent_id=parent.id,
        owner_id=owner.id,
        archive_time=core.clock.now(),
        thread_members={owner.id: core.clock.now()},
        **fields,
    )
    core.world.add_channel(thread)
    core.record.add(
        "thread",
        thread_id=thread.id,
        parent_id=parent.id,
        owner_id=owner.id,
        name=name,
        message_id=message.id if message else None,
    )
    core.hub.notify("THREAD_CREATE", payloads.channel(thread), thread)
    for app in core.world.applications.values():
        if core.world.member(thread.guild_id, app.bot.id) and may(core, thread, app.bot) & P.VIEW_CHANNEL:
            data = payloads.channel(thread, app.bot.id) | {"newly_created": True}
            core.hub.emit_to(app.id, "THREAD_CREATE", data, guild_id=thread.guild_id)
    if message is not None:
        message.thread_id = thread.id
        tell_update(core, message)
    elif parent.type != ChannelType.FORUM and not thread.is_private_thread:
        note = {"type": 0, "channel_id": str(thread.id), "guild_id": str(thread.guild_id)}
        post(core, Draft(parent, owner, name, type=18, reference=note, via="system"))
    return thread


def join_thread(core: Core, thread: Channel, user: User, *, join: bool = True) -> None:
    """Add a user to a thread or take them out; doing it twice changes nothing.

    Raises:
        ApiError: 50083 when the thread is archived.
    """
    if thread.archived:
        raise ApiError(400, 50083, "Thread is archived")
    if join == (user.id in thread.thread_members):
        return
    data: dict[str, Any] = {"id": str(thread.id), "guild_id": str(thread.guild_id)}
    app = core.world.bots.get(user.id)
    if join:
        thread.thread_members[user.id] = core.clock.now()
        data["added_members"] = [payloads.thread_joined(core.world, thread, user.id)]
        if app is not None:
            core.hub.emit_to(
                app.id, "THREAD_CREATE", payloads.channel(thread, user.id), guild_id=thread.guild_id
            )
    data["member_count"] = min(50, len(thread.thread_members) - (not join))
    if not join:
        data["removed_member_ids"] = [str(user.id)]
    core.hub.emit("THREAD_MEMBERS_UPDATE", data, guild_id=thread.guild_id, channel=thread, about=user.id)
    if not join:
        del thread.thread_members[user.id]


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
