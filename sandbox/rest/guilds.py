"""Routes of guilds: get, edit, reorder channels, leave."""

from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.actions.members import remove_member
from sandbox.errors import ApiError, invalid_form, missing_permissions, unknown
from sandbox.permissions import P
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.guards import home
from sandbox.rest.routing import route
from sandbox.world import AuditEntry, Channel, Guild

_GUILD: f.Fields = {
    "name": f.text(100, 2),
    "description": f.text(300),
    "verification_level": f.whole(0, 4),
    "default_message_notifications": f.whole(0, 1),
    "explicit_content_filter": f.whole(0, 2),
    "preferred_locale": f.text(10),
    "afk_timeout": f.one_of(60, 300, 900, 1800, 3600),
    "afk_channel_id": f.id_text,
    "system_channel_id": f.id_text,
    "system_channel_flags": f.whole(0),
    "rules_channel_id": f.id_text,
    "public_updates_channel_id": f.id_text,
    "safety_alerts_channel_id": f.id_text,
    "premium_progress_bar_enabled": f.boolean,
    "icon": f.text(15_000_000),
}
_NULLABLE = frozenset(
    {"description", "afk_channel_id", "system_channel_id", "rules_channel_id", "public_updates_channel_id"}
)
_MOVE: f.Fields = {
    "id": f.snowflake,
    "position": f.whole(0),
    "parent_id": f.snowflake,
    "lock_permissions": f.boolean,
}


@route("GET", "/guilds/{guild_id}")
def get_guild(call: Call) -> Any:
    """Return a guild."""
    guild = home(call)
    body = payloads.guild(guild)
    if call.flag("with_counts"):
        body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
    return body


@route("PATCH", "/guilds/{guild_id}")
def edit_guild(call: Call) -> Any:
    """Edit a guild's name and settings; an icon becomes a drawn one."""
    guild = home(call, P.MANAGE_GUILD)
    form = call.read(_GUILD)
    name = form.pop("name", None)
    if "icon" in form:
        icon = form.pop("icon")
        guild.settings["icon"] = None if icon is None else f"{call.core.rng.getrandbits(128):032x}"
    for key, value in form.items():
        if key.endswith("_channel_id") and value is not None and int(value) not in guild.channels:
            raise invalid_form(key, "CHANNEL_INVALID", "Channel does not exist")
    guild.name = name or guild.name
    guild.settings |= {k: v for k, v in form.items() if v is not None or k in _NULLABLE}
    act.guild_changed(call.core, guild)
    return payloads.guild(guild)


@route("GET", "/guilds/{guild_id}/preview")
def preview(call: Call) -> Any:
    """Return the short description of a guild the bot is in."""
    guild = home(call)
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": guild.settings.get("icon"),
        "description": guild.settings.get("description"),
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": ["COMMUNITY"],
        "approximate_member_count": len(guild.members),
        "approximate_presence_count": 0,
        "emojis": [],
        "stickers": [],
    }


@route("GET", "/guilds/{guild_id}/audit-logs")
def audit_log(call: Call) -> Any:
    """List who added bots, the newest first, or after an entry the oldest first; nothing else is noted.

    Source: docs resources/audit-log#get-guild-audit-log.
    """
    guild = home(call, P.VIEW_AUDIT_LOG)
    limit = call.number("limit", 50, 1, 100)
    kind, before, after = call.query.get("action_type"), call.cursor("before"), call.cursor("after")
    user, target = call.cursor("user_id"), call.cursor("target_id")
    found = [
        each
        for each in guild.audit
        if (kind is None or each.action == f.integer(kind, "action_type"))
        and (before is None or each.id < before)
        and (after is None or each.id > after)
        and user in (None, each.user_id)
        and target in (None, each.target_id)
    ]
    found = (found if after is not None else found[::-1])[:limit]
    people = dict.fromkeys(id_ for each in found for id_ in (each.user_id, each.target_id))
    empty = ("integrations", "webhooks", "guild_scheduled_events", "threads", "application_commands")
    return {
        "audit_log_entries": [_audited(each) for each in found],
        "users": [payloads.user(call.core.world.users[each]) for each in people],
        "auto_moderation_rules": [],
    } | {name: [] for name in empty}


def _audited(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "action_type": entry.action,
        "user_id": str(entry.user_id),
        "target_id": str(entry.target_id),
    }


@route("GET", "/guilds/{guild_id}/emojis")
def list_emojis(call: Call) -> Any:
    """List the guild's own emoji, of which there are none."""
    home(call)
    return []


@route("DELETE", "/users/@me/guilds/{guild_id}")
def leave(call: Call) -> Any:
    """Leave a guild."""
    guild = home(call)
    if guild.owner_id == call.me.bot.id:
        raise ApiError(400, 50055, "Invalid Guild")
    remove_member(call.core, guild, call.me.bot.id)


@route("PATCH", "/guilds/{guild_id}/channels")
def reorder(call: Call) -> Any:
    """Move channels to positions and into categories."""
    guild = home(call, P.MANAGE_CHANNELS)
    moves = call.items(f.table(_MOVE, required=("id",)), 500)
    found = [(_mine(guild, move["id"]), move) for move in moves]
    raw = call.body if isinstance(call.body, list) else []
    for (channel, move), given in zip(found, raw, strict=True):
        channel.position = move.get("position", channel.position)
        if "parent_id" in given:
            parent = category(guild, move.get("parent_id"))
            channel.parent_id = None if parent is None else parent.id
            if parent is not None and move.get("lock_permissions"):
                channel.overwrites = dict(parent.overwrites)
        act.channel_changed(call.core, channel)


def _mine(guild: Guild, channel_id: int) -> Channel:
    channel = guild.channels.get(channel_id)
    if channel is None or channel.is_thread:
        raise unknown("channel")
    return channel


def category(guild: Guild, channel_id: int | None) -> Channel | None:
    """Return a category of a guild, None for None.

    Raises:
        ApiError: 50035 when there is no such category.
    """
    if channel_id is None:
        return None
    found = guild.channels.get(channel_id)
    if found is None or found.type != 4:  # noqa: PLR2004 - a category
        raise invalid_form("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")
    return found


def check_grants(held: int, granted: int) -> None:
    """Check that nobody grants what they haven't got. Source: docs topics/permissions#permission-hierarchy.

    Raises:
        ApiError: 50013.
    """
    if granted & ~held:
        raise missing_permissions()
