"""Threads: started, joined, left, renamed, and archived when nothing happens in them."""

from datetime import datetime, timedelta
from typing import Any

from sandbox import payloads
from sandbox.actions import messages
from sandbox.actions.access import may
from sandbox.actions.guilds import channel_changed
from sandbox.actions.messages import RENAMED, STARTER, Draft
from sandbox.core import Core
from sandbox.errors import ApiError, archived
from sandbox.ids import snowflake_time
from sandbox.permissions import P
from sandbox.world import Channel, ChannelType, Message, User

MAX_ACTIVE = 1000
MAX_MEMBERS = 1000


def new_thread(
    core: Core, parent: Channel, name: str, owner: User, message: Message | None = None, **more: Any
) -> Channel:
    """Start a thread; one started from a message has that message's id.

    Source: protocol rest.7, docs topics/threads#public-private-threads,
    docs topics/opcodes-and-status-codes#json.

    Raises:
        ApiError: 160004 when the message has a thread already, 160006 too many are open.
    """
    if message is not None and message.thread_id is not None:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    guild = core.world.guilds[parent.guild_id or 0]
    if sum(not item.archived for item in guild.threads()) >= MAX_ACTIVE:
        raise ApiError(400, 160006, "Maximum number of active threads reached")
    if parent.slowmode:
        parent.acted[owner.id, "thread"] = core.clock.monotonic()
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
        thread_members={owner.id: core.clock.now()} if core.world.member(guild.id, owner.id) else {},
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
        messages.tell_update(core, message)
        note = messages.reference_to(message)
        messages.post(core, Draft(thread, message.author, type=STARTER, reference=note, via="system"))
    elif parent.type != ChannelType.FORUM and not thread.is_private_thread:
        note = {"type": 0, "channel_id": str(thread.id), "guild_id": str(thread.guild_id)}
        messages.post(core, Draft(parent, owner, name, type=18, reference=note, via="system"))
    return thread


def join_thread(core: Core, thread: Channel, user: User, *, join: bool = True) -> None:
    """Add a user to a thread or take them out; doing it twice changes nothing.

    Source: openapi join_thread, docs topics/threads#thread-membership.

    Raises:
        ApiError: 50083 when the thread is archived, 30033 when it is full.
    """
    if thread.archived:
        raise archived()
    if join == (user.id in thread.thread_members):
        return
    if join and len(thread.thread_members) >= MAX_MEMBERS:
        raise ApiError(400, 30033, f"Maximum number of thread participants has been reached ({MAX_MEMBERS})")
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


def rename(core: Core, thread: Channel, name: str, user: User) -> None:
    """Rename a thread, which a system message in it tells. Source: docs topics/threads#new-message-types."""
    if name != thread.name:
        thread.name = name
        messages.post(core, Draft(thread, user, name, type=RENAMED, via="system"))


def last_activity(thread: Channel) -> datetime:
    """Return when something last happened: a message, the start, or being opened again."""
    moments = [thread.archive_time or snowflake_time(thread.id)]
    if thread.last_message_id is not None:
        moments.append(snowflake_time(thread.last_message_id))
    return max(moments)


def settle(core: Core, thread: Channel) -> None:
    """Archive a thread whose time without activity is over.

    Source: docs topics/threads#active-archived-threads.
    """
    ends = last_activity(thread) + timedelta(minutes=thread.auto_archive)
    if not thread.archived and core.clock.now() > ends:
        thread.archived = True
        thread.archive_time = ends
        channel_changed(core, thread)
