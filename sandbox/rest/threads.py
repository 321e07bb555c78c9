"""Routes of threads: start, list, archive lists, members."""

from datetime import datetime
from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.actions import messages
from sandbox.errors import ApiError, invalid_form, missing_permissions, unknown
from sandbox.ids import iso, snowflake_time
from sandbox.permissions import P
from sandbox.rest.call import Call
from sandbox.rest.channels import check_name
from sandbox.rest.forms import draft_from
from sandbox.rest.guards import demand, home, message_in, place
from sandbox.rest.routing import Status, route
from sandbox.world import Channel, ChannelType

_THREADABLE = frozenset({ChannelType.TEXT, ChannelType.NEWS})


@route("POST", "/channels/{channel_id}/messages/{message_id}/threads")
def from_message(call: Call) -> Any:
    """Start a thread from a message; it has the message's id."""
    channel = place(call, P.CREATE_PUBLIC_THREADS)
    message = message_in(call, channel)
    check_name(call.form(), required=True)
    if channel.type not in _THREADABLE:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    thread = act.new_thread(call.core, channel, call.form()["name"], call.me.bot, message, **_options(call))
    return Status(201, payloads.channel(thread, call.me.bot.id))


def _options(call: Call) -> dict[str, Any]:
    form = call.form()
    duration = form.get("auto_archive_duration") or 1440
    if duration not in (60, 1440, 4320, 10080):
        raise invalid_form(
            "auto_archive_duration", "BASE_TYPE_CHOICES", "Value must be one of {60, 1440, 4320, 10080}."
        )
    return {"auto_archive": duration, "slowmode": form.get("rate_limit_per_user") or 0}


@route("POST", "/channels/{channel_id}/threads")
def without_message(call: Call) -> Any:
    """Start a thread without a message, or a forum post, which answers with its `message`."""
    channel = place(call)
    check_name(call.form(), required=True)
    if channel.type == ChannelType.FORUM:
        return _forum_post(call, channel)
    if channel.type not in _THREADABLE:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    private = call.form().get("type", ChannelType.PRIVATE_THREAD) == ChannelType.PRIVATE_THREAD
    demand(call, channel, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
    options = _options(call)
    if private:
        options |= {
            "type": int(ChannelType.PRIVATE_THREAD),
            "invitable": call.form().get("invitable", True) is not False,
        }
    thread = act.new_thread(call.core, channel, call.form()["name"], call.me.bot, **options)
    return Status(201, payloads.channel(thread, call.me.bot.id))


def _forum_post(call: Call, forum: Channel) -> Status:
    demand(call, forum, P.SEND_MESSAGES)
    form = call.form()
    inner = form.get("message")
    if not isinstance(inner, dict):
        raise invalid_form("message", "BASE_TYPE_REQUIRED", "This field is required")
    draft = draft_from(call, forum, call.me.bot, inner)
    tags = [str(tag) for tag in form.get("applied_tags") or ()]
    thread = act.new_thread(call.core, forum, form["name"], call.me.bot, applied_tags=tags, **_options(call))
    message = post_opening(call, thread, draft)
    return Status(
        201,
        payloads.channel(thread, call.me.bot.id)
        | {"message": payloads.message(call.core.world, message, call.me.bot.id)},
    )


def post_opening(call: Call, thread: Channel, draft: messages.Draft) -> Any:
    """Post a forum post's first message, which has the post's id."""
    draft.channel = thread
    return messages.post(call.core, draft, opening=True)


@route("GET", "/guilds/{guild_id}/threads/active")
def active(call: Call) -> Any:
    """List the open threads the bot can see, newest first."""
    guild = home(call)
    threads = [t for t in guild.threads() if not t.archived and _visible(call, t)]
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
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    limit = call.number("limit", 50, 2, 100)
    found = [
        t
        for t in guild.threads(channel.id)
        if t.archived
        and t.is_private_thread == private
        and (not joined or call.me.bot.id in t.thread_members)
    ]
    before = call.query.get("before")
    if before:
        found = [t for t in found if _archived_at(t) < _moment(before)]
    found.sort(key=_archived_at, reverse=True)
    return _listing(call, found[:limit]) | {"has_more": len(found) > limit}


def _archived_at(thread: Channel) -> datetime:
    return thread.archive_time or snowflake_time(thread.id)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text if "+" in text or text.endswith("Z") else f"{text}+00:00")
    except ValueError:
        raise invalid_form("before", "DATE_TIME_TYPE_PARSE", f"Could not parse {text[:40]}") from None


def _visible(call: Call, thread: Channel) -> bool:
    return bool(messages.may(call.core, thread, call.me.bot) & P.VIEW_CHANNEL)


def _listing(call: Call, threads: list[Channel]) -> dict[str, Any]:
    me = call.me.bot.id
    return {
        "threads": [payloads.channel(t, me) for t in threads],
        "members": [payloads.thread_member(t, me) for t in threads if me in t.thread_members],
        "has_more": False,
    }


@route("GET", "/channels/{channel_id}/thread-members")
def list_thread_members(call: Call) -> Any:
    """List who is in a thread."""
    thread = _thread(call)
    return [payloads.thread_member(thread, user_id) for user_id in thread.thread_members]


@route("GET", "/channels/{channel_id}/thread-members/{user_id}")
def get_thread_member(call: Call) -> Any:
    """Return one member of a thread."""
    thread = _thread(call)
    user_id = call.id_of("user_id")
    if user_id not in thread.thread_members:
        raise unknown("member")
    return payloads.thread_member(thread, user_id) | {"join_timestamp": iso(thread.thread_members[user_id])}


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
    """Add someone to a thread."""
    thread = _thread(call, P.SEND_MESSAGES)
    member = call.core.world.member(thread.guild_id, call.id_of("user_id"))
    if member is None:
        raise unknown("member")
    act.join_thread(call.core, thread, member.user)


@route("DELETE", "/channels/{channel_id}/thread-members/{user_id}")
def remove_thread_member(call: Call) -> Any:
    """Take someone out of a thread."""
    thread = _thread(call)
    if (
        thread.owner_id != call.me.bot.id
        and not messages.may(call.core, thread, call.me.bot) & P.MANAGE_THREADS
    ):
        raise missing_permissions()
    member = call.core.world.member(thread.guild_id, call.id_of("user_id"))
    if member is None:
        raise unknown("member")
    act.join_thread(call.core, thread, member.user, join=False)


def _thread(call: Call, needed: int = 0) -> Channel:
    channel = place(call, needed)
    if not channel.is_thread:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return channel
