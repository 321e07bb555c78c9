"""Routes of guild channels: get, list, create, edit, delete, permission overwrites."""

from collections.abc import Sequence
from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.actions.access import in_guild, may
from sandbox.core import Core
from sandbox.errors import ApiError, missing_permissions, unknown, wrong_channel_type
from sandbox.permissions import ALL, P
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.guards import demand, home, myself, place
from sandbox.rest.guilds import category, check_grants
from sandbox.rest.routing import Status, route
from sandbox.rest.thread_edits import edit_thread
from sandbox.world import Channel, ChannelType, Guild, Overwrite

MAX_CHANNELS = 500
MAX_IN_CATEGORY = 50
MAX_TAGS = 20
REQUIRES_TAG = 1 << 4
_DURATIONS = (60, 1440, 4320, 10080)
_DM_EDITS: f.Fields = {"name": f.text(100)}

OVERWRITE: f.Fields = {"type": f.one_of(0, 1), "allow": f.bits, "deny": f.bits}
_TAG = f.table(
    {
        "id": f.snowflake,
        "name": f.text(50),
        "moderated": f.boolean,
        "emoji_id": f.id_text,
        "emoji_name": f.text(100),
    }
)
_EXTRAS: f.Fields = {
    "default_auto_archive_duration": f.one_of(*_DURATIONS),
    "default_thread_rate_limit_per_user": f.whole(0, 21_600),
    "default_sort_order": f.whole(0, 1),
    "default_forum_layout": f.whole(0, 2),
    "default_reaction_emoji": f.table({"emoji_id": f.id_text, "emoji_name": f.text(100)}),
    "bitrate": f.whole(8000),
    "user_limit": f.whole(0, 99),
}
_CHANNEL: f.Fields = {
    "name": f.text(100, 1),
    "type": f.one_of(0, 2, 4, 5, 15),
    "topic": f.text(4096),
    "nsfw": f.boolean,
    "position": f.whole(0),
    "rate_limit_per_user": f.whole(0, 21_600),
    "parent_id": f.snowflake,
    "permission_overwrites": f.many(f.table({"id": f.snowflake, **OVERWRITE}, required=("id",)), 100),
    "available_tags": f.many(_TAG, MAX_TAGS),
    "flags": f.whole(0),
    **_EXTRAS,
}
_PLAIN = {
    "name": "name",
    "topic": "topic",
    "nsfw": "nsfw",
    "position": "position",
    "rate_limit_per_user": "slowmode",
    "type": "type",
}


@route("GET", "/channels/{channel_id}")
def get_channel(call: Call) -> Any:
    """Return a channel, thread or DM."""
    return payloads.channel(place(call), call.me.bot.id)


@route("PATCH", "/channels/{channel_id}")
def edit_channel(call: Call) -> Any:
    """Edit a channel or thread."""
    channel = place(call)
    if channel.is_thread:
        edit_thread(call, channel)
    elif channel.guild_id is None:
        call.read(_DM_EDITS)
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    else:
        _edit(call, channel, call.core.world.guilds[channel.guild_id])
    act.channel_changed(call.core, channel)
    return payloads.channel(channel, call.me.bot.id)


def _edit(call: Call, channel: Channel, guild: Guild) -> None:
    """Edit a guild's channel; its name and topic can be changed twice in ten minutes.

    Source: protocol rest.3, openapi update_channel.
    """
    demand(call, channel, P.MANAGE_CHANNELS)
    form = call.read(_CHANNEL)
    kind = form.get("type")
    if kind is not None and {kind, channel.type} - {channel.type} and {kind, channel.type} != {0, 5}:
        raise wrong_channel_type()
    if "parent_id" in form:
        parent = category(guild, form["parent_id"])
        _check_room(guild, parent)
    if form.get("permission_overwrites") is not None:
        _check_overwrites(call, channel, guild, form["permission_overwrites"])
    tags = None if form.get("available_tags") is None else tags_of(call.core, form["available_tags"])
    if form.get("name") is not None or "topic" in form:
        call.core.buckets.share("rename", str(channel.id))
    for key, name in _PLAIN.items():
        if key in form and (form[key] is not None or key == "topic"):
            setattr(channel, name, form[key])
    if "parent_id" in form:
        channel.parent_id = form["parent_id"]
    if form.get("permission_overwrites") is not None:
        channel.overwrites = _overwrites(form["permission_overwrites"])
    channel.available_tags = channel.available_tags if tags is None else tags
    channel.flags = channel.flags if form.get("flags") is None else form["flags"] & REQUIRES_TAG
    channel.extras |= _extras(form, channel.type)


def _extras(form: dict[str, Any], kind: int) -> dict[str, Any]:
    """Return the settings a channel of this type keeps and only shows."""
    talk = {"default_auto_archive_duration", "default_thread_rate_limit_per_user"}
    kept: dict[int, set[str]] = {
        ChannelType.TEXT: talk,
        ChannelType.NEWS: talk,
        ChannelType.VOICE: {"bitrate", "user_limit"},
        ChannelType.FORUM: talk | {"default_sort_order", "default_forum_layout", "default_reaction_emoji"},
    }
    found = {key: form[key] for key in kept.get(kind, set()) if form.get(key) is not None}
    if "default_reaction_emoji" in found:
        found["default_reaction_emoji"] = {
            "emoji_id": None,
            "emoji_name": None,
            **found["default_reaction_emoji"],
        }
    return found


def _check_room(guild: Guild, parent: Channel | None) -> None:
    inside = sum(item.parent_id == parent.id for item in guild.channels.values()) if parent else 0
    if inside >= MAX_IN_CATEGORY:
        raise ApiError(400, 50035, "Invalid Form Body")


@route("DELETE", "/channels/{channel_id}")
def delete_channel(call: Call) -> Any:
    """Delete a channel or thread, or close a DM."""
    channel = place(call)
    body = payloads.channel(channel, call.me.bot.id)
    if channel.guild_id is not None:
        demand(call, channel, P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS)
        act.remove_channel(call.core, channel)
    return body


@route("GET", "/guilds/{guild_id}/channels")
def list_channels(call: Call) -> Any:
    """List the guild's channels without its threads."""
    guild = home(call)
    return [payloads.channel(channel) for channel in guild.channels.values() if not channel.is_thread]


@route("POST", "/guilds/{guild_id}/channels")
def create_channel(call: Call) -> Any:
    """Create a channel."""
    guild = home(call, P.MANAGE_CHANNELS)
    form = call.read(_CHANNEL, required=("name",))
    parent = category(guild, form.get("parent_id"))
    _check_room(guild, parent)
    if sum(not item.is_thread for item in guild.channels.values()) >= MAX_CHANNELS:
        raise ApiError(400, 30013, f"Maximum number of server channels reached ({MAX_CHANNELS})")
    rules = form.get("permission_overwrites")
    given = _overwrites(rules or [])
    check_grants(in_guild(call.core, guild, myself(call, guild)), _bits(given.values()))
    kind = form.get("type") or 0
    made = act.new_channel(
        call.core,
        guild,
        form["name"],
        kind,
        topic=form.get("topic"),
        nsfw=bool(form.get("nsfw")),
        slowmode=form.get("rate_limit_per_user") or 0,
        parent_id=None if parent is None else parent.id,
        overwrites=dict(parent.overwrites) if parent is not None and rules is None else given,
        available_tags=tags_of(call.core, form.get("available_tags") or []),
        extras=_extras(form, kind),
        **({} if form.get("position") is None else {"position": form["position"]}),
    )
    return Status(201, payloads.channel(made))


def _overwrites(rules: Sequence[dict[str, Any]]) -> dict[int, Overwrite]:
    return {
        rule["id"]: Overwrite(rule["id"], rule.get("type", 0), rule.get("allow", 0), rule.get("deny", 0))
        for rule in rules
    }


def _bits(overwrites: Any) -> int:
    total = 0
    for rule in overwrites:
        total |= rule.allow | rule.deny
    return total & ALL


def _check_overwrites(call: Call, channel: Channel, guild: Guild, rules: list[dict[str, Any]]) -> None:
    """Check that a change of overwrites takes MANAGE_ROLES, and only what the bot itself may do here.

    Source: openapi set_channel_permission_overwrite, docs resources/channel#edit-channel-permissions.
    """
    wanted = _overwrites(rules)
    if wanted == channel.overwrites:
        return
    demand(call, channel, P.MANAGE_ROLES)
    changed = [rule for key, rule in wanted.items() if channel.overwrites.get(key) != rule]
    check_overwrite_grants(call, channel, guild, _bits(changed))


def check_overwrite_grants(call: Call, channel: Channel, guild: Guild, touched: int) -> None:
    """Check that an overwrite touches only what the bot may do in the channel itself.

    Raises:
        ApiError: 50013.
    """
    held = may(call.core, channel, call.me.bot)
    if in_guild(call.core, guild, myself(call, guild)) != ALL and touched & ~held:
        raise missing_permissions()


def tags_of(core: Core, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return forum tags as stored; those without an id get one.

    Raises:
        ApiError: 40061 two have the same name.
    """
    names = [item.get("name", "") for item in items]
    if len(set(names)) != len(names):
        raise ApiError(400, 40061, "Tag names must be unique")
    return [
        {
            "id": str(item.get("id") or core.ids.make()),
            "name": item.get("name", ""),
            "moderated": bool(item.get("moderated")),
            "emoji_id": item.get("emoji_id"),
            "emoji_name": item.get("emoji_name"),
        }
        for item in items
    ]


@route("PUT", "/channels/{channel_id}/permissions/{overwrite_id}")
def set_overwrite(call: Call) -> Any:
    """Set what a role or member may do in a channel."""
    channel, guild = _with_overwrites(call)
    form = call.read(OVERWRITE, required=("type",))
    target = call.id_of("overwrite_id")
    if form["type"] == 0 and target not in guild.roles:
        raise unknown("role")
    rule = Overwrite(target, form["type"], form.get("allow") or 0, form.get("deny") or 0)
    check_overwrite_grants(call, channel, guild, _bits([rule]))
    channel.overwrites[target] = rule
    act.channel_changed(call.core, channel)


def _with_overwrites(call: Call) -> tuple[Channel, Guild]:
    channel = place(call)
    guild = call.core.world.guild_of(channel)
    if guild is None:
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    if channel.is_thread:
        raise wrong_channel_type()
    demand(call, channel, P.MANAGE_ROLES)
    return channel, guild


@route("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}")
def delete_overwrite(call: Call) -> Any:
    """Take an overwrite away."""
    channel, _ = _with_overwrites(call)
    if channel.overwrites.pop(call.id_of("overwrite_id"), None) is None:
        raise unknown("overwrite")
    act.channel_changed(call.core, channel)
