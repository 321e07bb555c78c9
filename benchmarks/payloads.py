"""The Discord objects the flood speaks of: one guild, its channels and members, and their messages.

Shapes follow Discord's API v10 as a real gateway sends them, the fields a bot never reads included: a
baseline that parses less than real traffic would be measured too fast.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from benchmarks.texts import HELP_SHARE, texts

Json = dict[str, Any]

DISCORD_EPOCH_MS = 1_420_070_400_000
GUILD_ID = 800_000_000_000_000_001
OWNER_ID = 800_000_000_000_000_002
BOT_ID = 800_000_000_000_000_003
APPLICATION_ID = BOT_ID
ROLE_IDS = tuple(800_000_000_000_000_100 + number for number in range(5))
CHANNEL_IDS = tuple(800_000_000_000_001_000 + number for number in range(20))
AUTHOR_COUNT = 500
_AUTHOR_BASE = 700_000_000_000_000_000
_VIEW_SEND_HISTORY_THREADS = str(1024 | 2048 | 65536 | (1 << 38))
_REPLY_SHARE = 0.10
_MENTION_SHARE = 0.05

BOT_USER: Json = {
    "id": str(BOT_ID),
    "username": "lookout",
    "discriminator": "0001",
    "global_name": None,
    "avatar": None,
    "bot": True,
    "public_flags": 0,
    "flags": 0,
    "mfa_enabled": False,
    "verified": True,
    "email": None,
}
APPLICATION: Json = {
    "id": str(APPLICATION_ID),
    "name": "lookout",
    "icon": None,
    "description": "",
    "bot_public": True,
    "bot_require_code_grant": False,
    "verify_key": "0" * 64,
    "flags": (1 << 13) | (1 << 15) | (1 << 19),  # every privileged intent is allowed
    "owner": {"id": str(OWNER_ID), "username": "owner", "discriminator": "0", "avatar": None},
    "team": None,
    "summary": "",
}


def snowflake(moment: datetime, sequence: int = 0) -> int:
    """Return the id of something made at `moment` (aware); `sequence` tells one millisecond's apart."""
    return (int(moment.timestamp() * 1000) - DISCORD_EPOCH_MS) << 22 | sequence & 0x3FFFFF


def user(number: int) -> Json:
    """Return the author with this number."""
    return {
        "id": str(_AUTHOR_BASE + number),
        "username": f"member{number:03}",
        "discriminator": "0",
        "global_name": f"Member {number}",
        "avatar": f"{number:032x}",
        "avatar_decoration_data": None,
        "collectibles": None,
        "primary_guild": None,
        "clan": None,
        "display_name_styles": None,
        "public_flags": 0,
    }


def member(number: int) -> Json:
    """Return the author's membership, without the user, as messages carry it."""
    return {
        "roles": [str(ROLE_IDS[number % 4 + 1])],
        "nick": None,
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "premium_since": None,
        "joined_at": "2024-03-05T12:30:00.000000+00:00",
        "flags": 0,
        "pending": False,
        "mute": False,
        "deaf": False,
    }


def ready(resume_url: str) -> Json:
    """Return READY's data; the guild follows in GUILD_CREATE."""
    return {
        "v": 10,
        "user": BOT_USER,
        "guilds": [{"id": str(GUILD_ID), "unavailable": True}],
        "session_id": "0123456789abcdef0123456789abcdef",
        "session_type": "normal",
        "resume_gateway_url": resume_url,
        "application": {"id": str(APPLICATION_ID), "flags": APPLICATION["flags"]},
        "private_channels": [],
        "relationships": [],
        "presences": [],
        "geo_ordered_rtc_regions": [],
        "_trace": [],
    }


def guild_create(extra_channels: int = 0) -> Json:
    """Return GUILD_CREATE's data, with `extra_channels` more text channels than the flood uses."""
    channel_ids = [*CHANNEL_IDS, *(CHANNEL_IDS[-1] + 1 + number for number in range(extra_channels))]
    return {
        "id": str(GUILD_ID),
        "name": "The flood",
        "owner_id": str(OWNER_ID),
        "icon": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 2,
        "nsfw": False,
        "nsfw_level": 0,
        "mfa_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "vanity_url_code": None,
        "application_id": None,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [_role(GUILD_ID, "@everyone", 0), *(_role(id_, f"role {id_ % 10}", 1) for id_ in ROLE_IDS)],
        "channels": [_channel(id_, number) for number, id_ in enumerate(channel_ids)],
        "threads": [],
        "members": [{**member(0), "roles": [str(ROLE_IDS[0])], "user": BOT_USER}],
        "member_count": AUTHOR_COUNT + 1,
        "presences": [],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "joined_at": "2024-03-05T12:30:00.000000+00:00",
        "large": True,
        "unavailable": False,
    }


def message(message_id: int, channel_id: int, author: int, content: str, moment: datetime) -> Json:
    """Return MESSAGE_CREATE's data of a plain message."""
    return {
        **_message_core(message_id, channel_id, user(author), content, moment),
        "member": member(author),
        "guild_id": str(GUILD_ID),
        "nonce": None,
        "channel_type": 0,
    }


def messages(
    count: int,
    seed: int,
    start: datetime,
    help_share: float = HELP_SHARE,
    apart: timedelta = timedelta(milliseconds=1),
) -> list[Json]:
    """Return the flood: `count` messages, `apart` from each other, a tenth of them replies."""
    random = Random(seed)  # noqa: S311  # not for secrets
    flood: list[Json] = []
    for number, text in enumerate(texts(count, seed, help_share)):
        moment = start + number * apart
        channel_id = random.choice(CHANNEL_IDS)
        author = random.randrange(AUTHOR_COUNT)
        made = message(snowflake(moment, number), channel_id, author, text, moment)
        chance = random.random()
        if chance < _REPLY_SHARE:
            _make_reply(made, random)
        elif chance < _REPLY_SHARE + _MENTION_SHARE:
            other = random.randrange(AUTHOR_COUNT)
            made["mentions"] = [{**user(other), "member": member(other)}]
        flood.append(made)
    return flood


def answer(message_id: int, channel_id: int, body: Json, moment: datetime) -> Json:
    """Return the object Discord answers a posted message with."""
    made = _message_core(message_id, channel_id, BOT_USER, str(body.get("content", "")), moment)
    made["embeds"] = body.get("embeds") or []
    if (nonce := body.get("nonce")) is not None:
        made["nonce"] = nonce
    if reference := body.get("message_reference"):
        made["type"] = 19
        made["message_reference"] = {"type": 0, "channel_id": str(channel_id), "guild_id": str(GUILD_ID)}
        made["message_reference"] |= reference
    return made


def _make_reply(made: Json, random: Random) -> None:
    other = random.randrange(AUTHOR_COUNT)
    earlier = datetime.fromisoformat(made["timestamp"]) - timedelta(minutes=2)
    target = _message_core(
        snowflake(earlier), int(made["channel_id"]), user(other), "have you tried it?", earlier
    )
    made["type"] = 19
    made["message_reference"] = {
        "type": 0,
        "message_id": target["id"],
        "channel_id": made["channel_id"],
        "guild_id": str(GUILD_ID),
    }
    made["referenced_message"] = target
    made["mentions"] = [{**user(other), "member": member(other)}]


def _message_core(message_id: int, channel_id: int, author: Json, content: str, moment: datetime) -> Json:
    return {
        "id": str(message_id),
        "type": 0,
        "channel_id": str(channel_id),
        "author": author,
        "content": content,
        "timestamp": moment.astimezone(UTC).isoformat(timespec="microseconds"),
        "edited_timestamp": None,
        "tts": False,
        "pinned": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "flags": 0,
    }


def _role(role_id: int, name: str, position: int) -> Json:
    return {
        "id": str(role_id),
        "name": name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": position,
        "permissions": _VIEW_SEND_HISTORY_THREADS,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def _channel(channel_id: int, number: int) -> Json:
    return {
        "id": str(channel_id),
        "type": 0,
        "name": f"channel-{number}",
        "topic": None,
        "position": number,
        "parent_id": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "permission_overwrites": [],
        "flags": 0,
    }
