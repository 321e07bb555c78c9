"""Guilds, channels and threads as JSON."""

from typing import Any

from sandbox.ids import iso, snowflake_time
from sandbox.payloads.people import member, role, user
from sandbox.world import Channel, ChannelType, Guild, Member, World

Json = dict[str, Any]


def channel(place: Channel, member_id: int | None = None) -> Json:
    """Return a channel, thread or DM object as the user `member_id` sees it."""
    if place.type == ChannelType.DM:
        return {
            "id": str(place.id),
            "type": 1,
            "flags": 0,
            "last_message_id": _text(place.last_message_id),
            "recipients": [user(person) for person in place.recipients if person.id != member_id],
            **({} if place.last_pin is None else {"last_pin_timestamp": iso(place.last_pin)}),
        }
    body: Json = {
        "id": str(place.id),
        "type": int(place.type),
        "flags": place.flags,
        "guild_id": str(place.guild_id),
        "name": place.name,
        "parent_id": _text(place.parent_id),
    }
    if place.type != ChannelType.CATEGORY:
        body |= {"last_message_id": _text(place.last_message_id), "rate_limit_per_user": place.slowmode}
    if place.last_pin is not None:
        body["last_pin_timestamp"] = iso(place.last_pin)
    return body | (_thread_fields(place, member_id) if place.is_thread else _guild_channel_fields(place))


def _guild_channel_fields(place: Channel) -> Json:
    fields: Json = {
        "position": place.position,
        "permission_overwrites": [
            {"id": str(o.id), "type": o.type, "allow": str(o.allow), "deny": str(o.deny)}
            for o in place.overwrites.values()
        ],
    }
    if place.type != ChannelType.CATEGORY:
        fields |= {"topic": place.topic, "nsfw": place.nsfw}
    if place.type == ChannelType.VOICE:
        fields |= {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
    if place.type == ChannelType.FORUM:
        fields |= {
            "available_tags": place.available_tags,
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return fields | place.extras


def _thread_fields(place: Channel, member_id: int | None) -> Json:
    metadata: Json = {
        "archived": place.archived,
        "archive_timestamp": iso(place.archive_time or snowflake_time(place.id)),
        "auto_archive_duration": place.auto_archive,
        "locked": place.locked,
        "create_timestamp": iso(snowflake_time(place.id)),
    }
    if place.is_private_thread:
        metadata["invitable"] = place.invitable
    fields: Json = {
        "owner_id": str(place.owner_id),
        "thread_metadata": metadata,
        "message_count": place.message_count,
        "member_count": min(50, len(place.thread_members)),
        "total_message_sent": place.message_count,
        "applied_tags": list(place.applied_tags),
    }
    if member_id is not None and member_id in place.thread_members:
        fields["member"] = thread_member(place, member_id)
    return fields


def thread_member(thread: Channel, user_id: int) -> Json:
    """Return one user's membership of a thread."""
    return {
        "id": str(thread.id),
        "user_id": str(user_id),
        "join_timestamp": iso(thread.thread_members[user_id]),
        "flags": 1,
    }


def thread_joined(world: World, thread: Channel, user_id: int) -> Json:
    """Return a membership as THREAD_MEMBERS_UPDATE tells it: with the guild member and a presence.

    Source: docs events/gateway-events#thread-members-update.
    """
    person = world.member(thread.guild_id, user_id)
    more = {"member": member(person)} if person is not None else {}
    return thread_member(thread, user_id) | more | {"presence": None}


def guild(place: Guild) -> Json:
    """Return a guild object as REST gives it."""
    return {
        "id": str(place.id),
        "name": place.name,
        "owner_id": str(place.owner_id),
        "roles": [role(item) for item in place.roles.values()],
        **dict.fromkeys(_GUILD_NULLS),
        "features": ["COMMUNITY"],
        "region": "deprecated",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 1,
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        **place.settings,
    }


_GUILD_NULLS = (
    "icon",
    "description",
    "home_header",
    "splash",
    "discovery_splash",
    "banner",
    "application_id",
    "afk_channel_id",
    "system_channel_id",
    "widget_channel_id",
    "max_presences",
    "vanity_url_code",
    "rules_channel_id",
    "safety_alerts_channel_id",
    "public_updates_channel_id",
    "incidents_data",
)


def guild_create(place: Guild, viewer_id: int, threads: list[Channel], members: list[Member]) -> Json:
    """Return the GUILD_CREATE payload a bot gets: channels with positions, active threads, members."""
    return guild(place) | {
        "joined_at": iso(place.members[viewer_id].joined_at),
        "large": len(place.members) > len(members),
        "unavailable": False,
        "member_count": len(place.members),
        "members": [member(person) for person in members],
        "channels": [channel(item) for item in place.channels.values() if not item.is_thread],
        "threads": [channel(item, viewer_id) for item in threads],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
