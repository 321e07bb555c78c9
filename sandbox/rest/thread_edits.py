"""Editing a thread, and the tags of a forum's posts."""

from typing import Any

from sandbox.actions import threads as act
from sandbox.errors import ApiError, archived, missing_permissions, unknown
from sandbox.permissions import P
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.guards import can
from sandbox.world import Channel, ChannelType

DURATIONS = (60, 1440, 4320, 10080)
MAX_TAGS = 5
PINNED = 1 << 1
REQUIRES_TAG = 1 << 4
_THREAD: f.Fields = {
    "name": f.text(100, 1),
    "archived": f.boolean,
    "locked": f.boolean,
    "invitable": f.boolean,
    "auto_archive_duration": f.one_of(*DURATIONS),
    "rate_limit_per_user": f.whole(0, 21_600),
    "applied_tags": f.many(f.snowflake, MAX_TAGS),
    "flags": f.whole(0),
}
_MODERATORS = ("locked", "rate_limit_per_user", "flags")


def edit_thread(call: Call, thread: Channel) -> None:
    """Edit a thread: its starter may rename and close it, writers may open it, the rest is for moderators.

    Source: docs topics/threads#editing-deleting-threads.

    Raises:
        ApiError: 50013, 50083 when it is archived and stays so.
    """
    form = {key: value for key, value in call.read(_THREAD).items() if value is not None}
    _check_allowed(call, thread, form)
    if thread.archived and form.get("archived") is not False:
        raise archived()
    tags = None if "applied_tags" not in form else check_tags(call, thread.parent_id, form["applied_tags"])
    if "name" in form:
        act.rename(call.core, thread, form["name"], call.me.bot)
    if form.get("archived", thread.archived) != thread.archived or "auto_archive_duration" in form:
        thread.archive_time = call.core.clock.now()
    thread.archived = form.get("archived", thread.archived)
    thread.locked = form.get("locked", thread.locked)
    thread.invitable = form.get("invitable", thread.invitable)
    thread.auto_archive = form.get("auto_archive_duration", thread.auto_archive)
    thread.slowmode = form.get("rate_limit_per_user", thread.slowmode)
    thread.applied_tags = thread.applied_tags if tags is None else tags
    thread.flags = form.get("flags", thread.flags) & PINNED


def _check_allowed(call: Call, thread: Channel, form: dict[str, Any]) -> None:
    me = call.me.bot.id
    if can(call, thread, P.MANAGE_THREADS):
        return
    opens = form == {"archived": False} and can(call, thread, P.SEND_MESSAGES)
    if any(key in form for key in _MODERATORS) or (thread.locked and "archived" in form):
        raise missing_permissions()
    if thread.owner_id != me and not opens:
        raise missing_permissions()


def check_tags(call: Call, forum_id: int | None, tags: list[int]) -> list[str]:
    """Return the tags of a forum's post as stored, once the forum has them and the bot may set them.

    Source: docs topics/threads#forums, docs topics/opcodes-and-status-codes#json.

    Raises:
        ApiError: 10087 unknown, 40067 none where one is required, 50013 moderated.
    """
    forum = call.core.world.channels.get(forum_id or 0)
    if forum is None or forum.type != ChannelType.FORUM:
        return []
    known = {tag["id"]: tag for tag in forum.available_tags}
    wanted = list(dict.fromkeys(str(tag) for tag in tags))
    moderator = can(call, forum, P.MANAGE_THREADS)
    for tag in wanted:
        if tag not in known:
            raise unknown("tag")
        if known[tag]["moderated"] and not moderator:
            raise missing_permissions()
    if forum.flags & REQUIRES_TAG and not wanted:
        raise ApiError(400, 40067, "A tag is required to create a forum post in this channel")
    return wanted
