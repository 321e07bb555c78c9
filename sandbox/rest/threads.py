"""Routes of threads: start, list, archive lists, members."""

from datetime import datetime
from typing import Any

from sandbox import payloads
from sandbox.actions import messages
from sandbox.actions import threads as act
from sandbox.errors import missing_permissions, unknown, wrong_channel_type
from sandbox.ids import snowflake_time
from sandbox.permissions import P
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.forms import draft_from
from sandbox.rest.guards import can, demand, home, message_in, not_archived, place
from sandbox.rest.routing import Status, route
from sandbox.rest.thread_edits import DURATIONS, MAX_TAGS, check_tags
from sandbox.world import Channel, ChannelType

_THREADABLE = frozenset({ChannelType.TEXT, ChannelType.NEWS})
_THREAD: f.Fields = {
    "name": f.text(100, 1),
    "type": f.one_of(10, 11, 12),
    "invitable": f.boolean,
    "auto_archive_duration": f.one_of(*DURATIONS),
    "rate_limit_per_user": f.whole(0, 21_600),
    "applied_tags": f.many(f.snowflake, MAX_TAGS),
    "message": f.table({}),
}


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads")
def from_message(call: Call) -> Any:
    """Start a thread from a message; it has the message's id."""
    channel = place(call, P.CREATE_PUBLIC_THREADS)
    message = message_in(call, channel)
    form = _form(call)
    if channel.type not in _THREADABLE:
        raise wrong_channel_type()
    thread = act.new_thread(call.core, channel, form["name"], call.me.bot, message, **_options(channel, form))
    return Status(201, payloads.channel(thread, call.me.bot.id))


def _form(call: Call, *more: str) -> dict[str, Any]:
    return call.read(_THREAD, required=("name", *more))


def _options(channel: Channel, form: dict[str, Any]) -> dict[str, Any]:
    usual = channel.extras.get("default_auto_archive_duration", 1440)
    slow = channel.extras.get("default_thread_rate_limit_per_user", 0)
    return {
        "auto_archive": form.get("auto_archive_duration") or usual,
        "slowmode": slow if form.get("rate_limit_per_user") is None else form["rate_limit_per_user"],
    }


@route("POST", "/channels/{channel_id}/threads")
def without_message(call: Call) -> Any:
    """Start a thread without a message, or a forum post, which answers with its `message`."""
    channel = place(call)
    if channel.type == ChannelType.FORUM:
        return _forum_post(call, channel)
    form = _form(call)
    if channel.type not in _THREADABLE:
        raise wrong_channel_type()
    private = (form.get("type") or ChannelType.PRIVATE_THREAD) == ChannelType.PRIVATE_THREAD
    if private and channel.type == ChannelType.NEWS:
        raise wrong_channel_type()
    demand(call, channel, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
    options = _options(channel, form)
    if private:
        options |= {
            "type": int(ChannelType.PRIVATE_THREAD),
            "invitable": form.get("invitable") is not False,
        }
    thread = act.new_thread(call.core, channel, form["name"], call.me.bot, **options)
    return Status(201, payloads.channel(thread, call.me.bot.id))


def _forum_post(call: Call, forum: Channel) -> Status:
    """Open a post with its tags and first message. Source: protocol rest.7, docs topics/threads#forums."""
    demand(call, forum, P.SEND_MESSAGES)
    form = _form(call, "message")
    tags = check_tags(call, forum.id, form.get("applied_tags") or [])
    draft = draft_from(call, forum, call.me.bot, call.form()["message"], "message")
    options = _options(forum, form)
    thread = act.new_thread(call.core, forum, form["name"], call.me.bot, applied_tags=tags, **options)
    draft.channel = thread
    message = messages.post(call.core, draft, opening=True)
    shown = payloads.message(call.core.world, message, call.me.bot.id)
    return Status(201, payloads.channel(thread, call.me.bot.id) | {"message": shown})


@route("GET", "/guilds/{guild_id}/threads/active")
def active(call: Call) -> Any:
    """List the open threads the bot can see, newest first."""
    guild = home(call)
    threads = [t for t in _settled(call, guild.threads()) if not t.archived and can(call, t, P.VIEW_CHANNEL)]
    return _listing(call, threads[::-1])


@route("GET", "/channels/{channel_id}/threads/archived/public")
def archived_public(call: Call) -> Any:
    """List archived public threads, last archived first."""
    channel = place(call, P.READ_MESSAGE_HISTORY)
    return _archived(call, channel, private=False)


@route("GET", "/channels/{channel_id}/threads/archived/private")
def archived_private(call: Call) -> Any:
    """List archived private threads; takes MANAGE_THREADS."""
    channel = place(call, P.READ_MESSAGE_HISTORY | P.MANAGE_THREADS)
    return _archived(call, channel, private=True)


@route("GET", "/channels/{channel_id}/users/@me/threads/archived/private")
def archived_joined(call: Call) -> Any:
    """List archived private threads the bot is in."""
    channel = place(call, P.READ_MESSAGE_HISTORY)
    return _archived(call, channel, private=True, joined=True)


def _archived(call: Call, channel: Channel, *, private: bool, joined: bool = False) -> Any:
    guild = call.core.world.guild_of(channel)
    if guild is None:
        raise wrong_channel_type()
    limit = call.number("limit", 50, 2, 100)
    found = [
        t
        for t in _settled(call, guild.threads(channel.id))
        if t.archived
        and t.is_private_thread == private
        and (not joined or call.me.bot.id in t.thread_members)
    ]
    found.sort(key=lambda t: (t.id,) if joined else (_archived_at(t),), reverse=True)
    before = call.query.get("before")
    if before and joined:
        edge = f.snowflake(before, "before")
        found = [t for t in found if t.id < edge]
    elif before:
        moment = f.moment(before.replace(" ", "+"), "before")
        found = [t for t in found if _archived_at(t) < moment]
    return _listing(call, found[:limit]) | {"has_more": len(found) > limit}


def _archived_at(thread: Channel) -> datetime:
    return thread.archive_time or snowflake_time(thread.id)


def _settled(call: Call, threads: list[Channel]) -> list[Channel]:
    """Return threads, those archived whose time is over."""
    for thread in threads:
        act.settle(call.core, thread)
    return threads


def _listing(call: Call, threads: list[Channel]) -> dict[str, Any]:
    me = call.me.bot.id
    return {
        "threads": [payloads.channel(t, me) for t in threads],
        "members": [payloads.thread_member(t, me) for t in threads if me in t.thread_members],
        "has_more": False,
    }


@route("GET", "/channels/{channel_id}/thread-members")
def list_thread_members(call: Call) -> Any:
    """List who is in a thread; in pages and with their membership of the guild for with_member=1."""
    thread = _thread(call)
    full = call.flag("with_member")
    limit, after = call.number("limit", 100, 1, 100), call.cursor("after") or 0
    ids = sorted(user_id for user_id in thread.thread_members if user_id > after)
    return [_member(call, thread, user_id, full=full) for user_id in (ids[:limit] if full else ids)]


def _member(call: Call, thread: Channel, user_id: int, *, full: bool) -> dict[str, Any]:
    body = payloads.thread_member(thread, user_id)
    person = call.core.world.member(thread.guild_id, user_id)
    return body | {"member": payloads.member(person)} if full and person is not None else body


@route("GET", "/channels/{channel_id}/thread-members/{user_id}")
def get_thread_member(call: Call) -> Any:
    """Return one member of a thread."""
    thread = _thread(call)
    user_id = call.me.bot.id if call.params["user_id"] == "@me" else call.id_of("user_id")
    if user_id not in thread.thread_members:
        raise unknown("member")
    return _member(call, thread, user_id, full=call.flag("with_member"))


@route("PUT", "/channels/{channel_id}/thread-members/@me")
def join(call: Call) -> Any:
    """Join a thread."""
    act.join_thread(call.core, _thread(call), call.me.bot)


@route("DELETE", "/channels/{channel_id}/thread-members/@me")
def leave(call: Call) -> Any:
    """Leave a thread."""
    act.join_thread(call.core, _thread(call), call.me.bot, join=False)


@route("PUT", "/channels/{channel_id}/thread-members/{user_id}")
def add_thread_member(call: Call) -> Any:
    """Add someone to a thread; a private one that isn't open to invitations takes its starter or a moderator.

    Source: docs topics/threads#public-private-threads, docs resources/channel#add-thread-member.
    """
    thread = _thread(call, P.SEND_MESSAGES)
    not_archived(thread)
    if thread.is_private_thread and not thread.invitable and not _rules(call, thread):
        raise missing_permissions()
    member = call.core.world.member(thread.guild_id, call.id_of("user_id"))
    if member is None:
        raise unknown("member")
    act.join_thread(call.core, thread, member.user)


def _rules(call: Call, thread: Channel) -> bool:
    """Whether the bot started a thread or moderates it."""
    return thread.owner_id == call.me.bot.id or can(call, thread, P.MANAGE_THREADS)


@route("DELETE", "/channels/{channel_id}/thread-members/{user_id}")
def remove_thread_member(call: Call) -> Any:
    """Take someone out of a thread; the starter may do so in a private one."""
    thread = _thread(call)
    owned = thread.is_private_thread and thread.owner_id == call.me.bot.id
    if not owned and not can(call, thread, P.MANAGE_THREADS):
        raise missing_permissions()
    member = call.core.world.member(thread.guild_id, call.id_of("user_id"))
    if member is None:
        raise unknown("member")
    act.join_thread(call.core, thread, member.user, join=False)


def _thread(call: Call, needed: int = 0) -> Channel:
    channel = place(call, needed)
    if not channel.is_thread:
        raise wrong_channel_type()
    return channel
