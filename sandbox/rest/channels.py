"""Routes of channels: get, edit, create, delete, permission overwrites, DMs."""

from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.errors import ApiError, invalid_form, missing_permissions, unknown
from sandbox.permissions import P
from sandbox.rest.call import Call, snowflake
from sandbox.rest.forms import check_types
from sandbox.rest.guards import demand, home, place
from sandbox.rest.routing import Status, route
from sandbox.world import Channel, ChannelType, Guild, Overwrite

MAX_NAME = 100
_CREATABLE = frozenset({0, 2, 4, 5, 15})
_EDITS = {
    "name": "name",
    "topic": "topic",
    "nsfw": "nsfw",
    "position": "position",
    "rate_limit_per_user": "slowmode",
}
_THREAD_EDITS = {
    "name": "name",
    "archived": "archived",
    "locked": "locked",
    "invitable": "invitable",
    "auto_archive_duration": "auto_archive",
    "rate_limit_per_user": "slowmode",
    "applied_tags": "applied_tags",
}


@route("GET", "/channels/{channel_id}")
def get_channel(call: Call) -> Any:
    """Return a channel, thread or DM."""
    channel = place(call)
    return payloads.channel(channel, call.me.bot.id)


@route("PATCH", "/channels/{channel_id}")
def edit_channel(call: Call) -> Any:
    """Edit a channel or thread."""
    channel = place(call)
    form = call.form()
    check_name(form, required=False)
    check_types(form, topic=str, nsfw=bool, position=int, rate_limit_per_user=int, available_tags=list)
    check_types(
        form, archived=bool, locked=bool, invitable=bool, auto_archive_duration=int, applied_tags=list
    )
    if channel.is_thread:
        _edit_thread(call, channel, form)
    else:
        demand(call, channel, P.MANAGE_CHANNELS)
        _edit_guild_channel(channel, form)
    act.channel_changed(call.core, channel)
    return payloads.channel(channel, call.me.bot.id)


def _edit_guild_channel(channel: Channel, form: dict[str, Any]) -> None:
    for key, name in _EDITS.items():
        if key in form and (form[key] is not None or key == "topic"):
            setattr(channel, name, form[key])
    if "parent_id" in form:
        channel.parent_id = None if form["parent_id"] is None else snowflake(form["parent_id"], "parent_id")
    if form.get("permission_overwrites") is not None:
        channel.overwrites = overwrites_of(form)
    if form.get("available_tags") is not None:
        channel.available_tags = tags_of(form["available_tags"])


def _edit_thread(call: Call, thread: Channel, form: dict[str, Any]) -> None:
    """Edit a thread: its owner may rename and close it, locking takes MANAGE_THREADS."""
    owner = thread.owner_id == call.me.bot.id
    if not owner or "locked" in form or "invitable" in form:
        demand(call, thread, P.MANAGE_THREADS)
    if thread.archived and form.get("archived") is not False:
        raise ApiError(400, 50083, "Thread is archived")
    was = thread.archived
    for key, name in _THREAD_EDITS.items():
        if form.get(key) is not None:
            setattr(thread, name, form[key])
    if thread.archived != was:
        thread.archive_time = call.core.clock.now()


@route("DELETE", "/channels/{channel_id}")
def delete_channel(call: Call) -> Any:
    """Delete a channel or thread."""
    channel = place(call)
    if channel.type != ChannelType.DM:
        demand(call, channel, P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS)
        body = payloads.channel(channel, call.me.bot.id)
        act.remove_channel(call.core, channel)
        return body
    return payloads.channel(channel, call.me.bot.id)


@route("GET", "/guilds/{guild_id}/channels")
def list_channels(call: Call) -> Any:
    """List the guild's channels without its threads."""
    guild = home(call)
    return [payloads.channel(channel) for channel in guild.channels.values() if not channel.is_thread]


@route("POST", "/guilds/{guild_id}/channels")
def create_channel(call: Call) -> Any:
    """Create a channel."""
    guild = home(call, P.MANAGE_CHANNELS)
    form = call.form()
    check_name(form, required=True)
    check_types(form, type=int, topic=str, nsfw=bool, rate_limit_per_user=int, available_tags=list)
    kind = form.get("type") or 0
    if kind not in _CREATABLE:
        raise invalid_form("type", "BASE_TYPE_CHOICES", f"Value must be one of {set(_CREATABLE)}.")
    parent = form.get("parent_id")
    channel = act.new_channel(
        call.core,
        guild,
        form["name"],
        kind,
        topic=form.get("topic"),
        nsfw=bool(form.get("nsfw")),
        slowmode=form.get("rate_limit_per_user") or 0,
        parent_id=_category(guild, parent),
        overwrites=overwrites_of(form),
        available_tags=tags_of(form.get("available_tags") or []),
    )
    return Status(201, payloads.channel(channel))


def _category(guild: Guild, value: Any) -> int | None:
    if value is None:
        return None
    parent = guild.channels.get(snowflake(value, "parent_id"))
    if parent is None or parent.type != ChannelType.CATEGORY:
        raise invalid_form("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")
    return parent.id


def check_name(form: dict[str, Any], *, required: bool) -> None:
    """Check the name of a channel or thread.

    Raises:
        ApiError: 50035.
    """
    name = form.get("name")
    if name is None:
        if required:
            raise invalid_form("name", "BASE_TYPE_REQUIRED", "This field is required")
        return
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")


def overwrites_of(form: dict[str, Any]) -> dict[int, Overwrite]:
    """Return the permission overwrites of a form by their target."""
    found = {}
    for item in form.get("permission_overwrites") or ():
        target = snowflake(item.get("id"), "permission_overwrites")
        found[target] = Overwrite(
            target, int(item.get("type") or 0), int(item.get("allow") or 0), int(item.get("deny") or 0)
        )
    return found


def tags_of(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return forum tags as stored, numbered from 1 where they have no id yet."""
    return [
        {
            "id": str(item.get("id") or index),
            "name": item.get("name", ""),
            "moderated": bool(item.get("moderated")),
            "emoji_id": item.get("emoji_id"),
            "emoji_name": item.get("emoji_name"),
        }
        for index, item in enumerate(items, 1)
    ]


@route("PUT", "/channels/{channel_id}/permissions/{overwrite_id}")
def set_overwrite(call: Call) -> Any:
    """Set what a role or member may do in a channel."""
    channel = place(call, P.MANAGE_ROLES)
    form = call.form()
    target = call.id_of("overwrite_id")
    if form.get("type") not in (0, 1):
        raise invalid_form("type", "BASE_TYPE_REQUIRED", "This field is required")
    allow, deny = int(form.get("allow") or 0), int(form.get("deny") or 0)
    channel.overwrites[target] = Overwrite(target, form["type"], allow, deny)
    act.channel_changed(call.core, channel)


@route("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}")
def delete_overwrite(call: Call) -> Any:
    """Take an overwrite away."""
    channel = place(call, P.MANAGE_ROLES)
    if channel.overwrites.pop(call.id_of("overwrite_id"), None) is None:
        raise ApiError(404, 10009, "Unknown Overwrite")
    act.channel_changed(call.core, channel)


@route("POST", "/users/@me/channels")
def open_dm(call: Call) -> Any:
    """Return the DM channel with a user, making it on first use."""
    user = call.core.world.users.get(snowflake(call.form().get("recipient_id"), "recipient_id"))
    if user is None:
        raise unknown("user")
    if user.bot:
        raise ApiError(400, 50007, "Cannot send messages to this user")
    if not any(user.id in g.members and call.me.bot.id in g.members for g in call.core.world.guilds.values()):
        raise missing_permissions()
    return payloads.channel(act.dm_channel(call.core, call.me.bot, user), call.me.bot.id)
