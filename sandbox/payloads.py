"""World records as the JSON Discord shows: users, members, roles, guilds, channels, messages."""

from typing import Any

from sandbox.ids import iso, snowflake_time
from sandbox.world import (
    Application,
    Channel,
    ChannelType,
    Guild,
    Interaction,
    Member,
    Message,
    Role,
    User,
    World,
)

Json = dict[str, Any]


def user(account: User) -> Json:
    """Return a user object."""
    body: Json = {
        "id": str(account.id),
        "username": account.username,
        "avatar": account.avatar,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": account.global_name,
        "primary_guild": None,
    }
    if account.bot:
        body["bot"] = True
    return body


def own_user(account: User) -> Json:
    """Return the user object an account gets of itself."""
    return user(account) | {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}


def partial_member(member: Member) -> Json:
    """Return a member without its user, as messages carry it."""
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": member.timeout_until,
        "flags": 0,
        "joined_at": iso(member.joined_at),
        "nick": member.nick,
        "pending": False,
        "premium_since": None,
        "roles": [str(role) for role in member.roles],
        "mute": False,
        "deaf": False,
    }


def member(person: Member) -> Json:
    """Return a full guild member."""
    return partial_member(person) | {"user": user(person.user)}


def role(item: Role) -> Json:
    """Return a role object."""
    body: Json = {
        "id": str(item.id),
        "name": item.name,
        "description": None,
        "permissions": str(item.permissions),
        "position": item.position,
        "color": item.color,
        "colors": {"primary_color": item.color, "secondary_color": None, "tertiary_color": None},
        "hoist": item.hoist,
        "managed": item.managed,
        "mentionable": item.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if item.bot_id is not None:
        body["tags"] = {"bot_id": str(item.bot_id)}
    return body


def channel(place: Channel, member_id: int | None = None) -> Json:
    """Return a channel, thread or DM object as the user `member_id` sees it."""
    if place.type == ChannelType.DM:
        return {
            "id": str(place.id),
            "type": 1,
            "flags": 0,
            "last_message_id": _text(place.last_message_id),
            "recipients": [user(person) for person in place.recipients if person.id != member_id],
        }
    body: Json = {
        "id": str(place.id),
        "type": int(place.type),
        "flags": 0,
        "guild_id": str(place.guild_id),
        "name": place.name,
        "parent_id": _text(place.parent_id),
    }
    if place.type != ChannelType.CATEGORY:
        body |= {"last_message_id": _text(place.last_message_id), "rate_limit_per_user": place.slowmode}
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
    return fields


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


def emoji(key: str) -> Json:
    """Return the partial emoji of a reaction key: the character itself or "name:id"."""
    name, colon, number = key.rpartition(":")
    return {"id": number, "name": name} if colon and number.isdigit() else {"id": None, "name": key}


def reaction(key: str, users: list[int], viewer_id: int | None) -> Json:
    """Return one reaction of a message, with whether the viewer is among those who gave it."""
    return {
        "emoji": emoji(key),
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me_burst": False,
        "burst_me": False,
        "burst_count": 0,
        "me": viewer_id in users,
    }


def message(world: World, item: Message, viewer_id: int | None = None, *, nested: bool = False) -> Json:
    """Return a message object; `nested` leaves out what it replies to: Discord shows one level."""
    body: Json = {
        "id": str(item.id),
        "type": item.type,
        "channel_id": str(item.channel_id),
        "author": user(item.author),
        "content": item.content,
        "timestamp": iso(item.timestamp),
        "edited_timestamp": iso(item.edited) if item.edited else None,
        "tts": item.tts,
        "pinned": item.pinned,
        "flags": item.flags | (32 if item.thread_id else 0),
        "mention_everyone": item.mention_everyone,
        "mentions": [user(person) for person in item.mentions],
        "mention_roles": [str(role_id) for role_id in item.mention_roles],
        "attachments": item.attachments,
        "embeds": item.embeds,
        "components": item.components,
    }
    if item.reactions:
        body["reactions"] = [reaction(key, users, viewer_id) for key, users in item.reactions.items()]
    if item.reference is not None:
        body["message_reference"] = item.reference
        if not nested and item.type in (19, 21):
            body["referenced_message"] = _referenced(world, item, viewer_id)
    if item.webhook_id is not None:
        body["webhook_id"] = str(item.webhook_id)
    if item.application_id is not None:
        body["application_id"] = str(item.application_id)
    if item.interaction is not None:
        body["interaction_metadata"] = interaction_metadata(item.interaction)
        if item.interaction.type == 2:  # noqa: PLR2004
            body["interaction"] = message_interaction(item.interaction)
    thread = world.channels.get(item.thread_id) if item.thread_id else None
    if thread is not None and not nested:
        body["thread"] = channel(thread, viewer_id)
    return body


def _referenced(world: World, item: Message, viewer_id: int | None) -> Json | None:
    """Return the replied-to message, None when it was deleted."""
    reference = item.reference or {}
    place = world.channels.get(int(reference["channel_id"]))
    found = place.messages.get(int(reference["message_id"])) if place else None
    return message(world, found, viewer_id, nested=True) if found else None


def interaction_metadata(item: Interaction) -> Json:
    """Return who started the interaction a message answers."""
    body: Json = {
        "id": str(item.id),
        "type": item.type,
        "user": user(item.user),
        "authorizing_integration_owners": {"0": str(item.guild_id or 0)},
    }
    if item.type == 2:  # noqa: PLR2004
        body |= {"name": item.name, "command_type": item.data.get("type", 1)}
    if item.type == 3 and item.message is not None:  # noqa: PLR2004
        body["interacted_message_id"] = str(item.message.id)
    if item.type == 5:  # noqa: PLR2004
        body["triggering_interaction_metadata"] = {
            "id": str(item.id),
            "type": 2,
            "user": user(item.user),
            "authorizing_integration_owners": {"0": str(item.guild_id or 0)},
        }
    return body


def message_interaction(item: Interaction) -> Json:
    """Return the older `interaction` object of a command's answer."""
    return {"id": str(item.id), "type": item.type, "name": item.name, "user": user(item.user)}


def application(app: Application, guild_count: int) -> Json:
    """Return the application object its own bot sees."""
    return {
        "id": str(app.id),
        "name": app.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "verify_key": app.public_key,
        "flags": app.privileged,
        "flags_new": str(app.privileged),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(app.owner),
        "approximate_guild_count": guild_count,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "bot_public": True,
        "bot_require_code_grant": False,
        "bot": user(app.bot),
        "rpc_origins": [],
    }


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
