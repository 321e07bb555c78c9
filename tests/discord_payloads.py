"""Discord's JSON as its documentation shows it, and a bot that is fed with it."""

from types import SimpleNamespace
from typing import Any, cast

import discord

from bot.core.client import Bot, Services
from bot.services.metrics import Metrics
from bot.tools.http_trace import retry_trace

GUILD = 1_400_000_000_000_000_001  # also the id of @everyone
BOT, OWNER = 1_400_000_000_000_000_301, 1_400_000_000_000_000_302
MEMBER, OTHER_MEMBER = 1_400_000_000_000_000_201, 1_400_000_000_000_000_202
CHANNEL, HIDDEN, CATEGORY = 1_400_000_000_000_000_101, 1_400_000_000_000_000_102, 1_400_000_000_000_000_103
FORUM, THREAD, PRIVATE_THREAD = (
    1_400_000_000_000_000_104, 1_400_000_000_000_000_105, 1_400_000_000_000_000_106,
)  # fmt: skip
MESSAGE = 1_400_000_000_000_000_501
READ = discord.Permissions(view_channel=True, read_message_history=True).value
SEND = discord.Permissions(send_messages=True).value
TEXT, VOICE, CATEGORY_TYPE, PUBLIC_THREAD, PRIVATE, FORUM_TYPE = 0, 2, 4, 11, 12, 15


def user(id_: int = MEMBER, name: str = "ada", **values: Any) -> dict[str, Any]:
    return {
        "id": str(id_), "username": name, "discriminator": "0", "avatar": None, "global_name": None, **values,
    }  # fmt: skip


def channel(id_: int = CHANNEL, type_: int = TEXT, **values: Any) -> dict[str, Any]:
    return {
        "id": str(id_), "type": type_, "name": f"channel-{id_ % 1000}", "position": 0, "topic": None,
        "permission_overwrites": [], "parent_id": None, "last_message_id": str(MESSAGE), "nsfw": False,
        "rate_limit_per_user": 0, "bitrate": 64_000, "user_limit": 0, "available_tags": [], **values,
    }  # fmt: skip


def hidden(id_: int = HIDDEN) -> dict[str, Any]:
    """A channel that @everyone can't see."""
    deny = {"id": str(GUILD), "type": 0, "allow": "0", "deny": str(discord.Permissions.view_channel.flag)}
    return channel(id_, permission_overwrites=[deny])


def thread(id_: int = THREAD, parent_id: int = CHANNEL, type_: int = PUBLIC_THREAD) -> dict[str, Any]:
    return {
        "id": str(id_), "type": type_, "guild_id": str(GUILD), "parent_id": str(parent_id),
        "owner_id": str(MEMBER), "name": "thread", "last_message_id": str(MESSAGE), "message_count": 1,
        "member_count": 1, "rate_limit_per_user": 0, "thread_metadata": {
            "archived": False, "auto_archive_duration": 1_440, "locked": False,
            "archive_timestamp": "2026-03-01T12:00:00+00:00",
        },
    }  # fmt: skip


def role(id_: int, permissions: int = 0) -> dict[str, Any]:
    return {
        "id": str(id_), "name": "role", "color": 0, "colors": {"primary_color": 0}, "hoist": False,
        "position": 1, "permissions": str(permissions), "managed": False, "mentionable": False,
    }  # fmt: skip


def guild(
    *channels: dict[str, Any], threads: tuple[dict[str, Any], ...] = (), **values: Any
) -> dict[str, Any]:
    return {
        "id": str(GUILD), "name": "Guild", "owner_id": str(OWNER), "roles": [role(GUILD, READ | SEND)],
        "channels": list(channels) or [channel()], "threads": list(threads), "members": [
            {"user": user(BOT, "lookout", bot=True), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00",
             "deaf": False, "mute": False, "flags": 0},
        ],
        "emojis": [], "stickers": [], "features": [], "member_count": 2, "unavailable": False, "large": False,
        "presences": [], "voice_states": [], "stage_instances": [], "guild_scheduled_events": [],
        "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
        "mfa_level": 0, "nsfw_level": 0, "premium_tier": 0, "preferred_locale": "en-US",
        "system_channel_flags": 0, "afk_timeout": 60, "premium_progress_bar_enabled": False, **values,
    }  # fmt: skip


def message(number: int = 0, content: str = "good morning", **values: Any) -> dict[str, Any]:
    """The `number`th message in the channel, as MESSAGE_CREATE carries it."""
    return {
        "id": str(MESSAGE + number), "channel_id": str(CHANNEL), "guild_id": str(GUILD), "type": 0,
        "content": content, "author": user(), "timestamp": "2026-03-01T12:00:00+00:00",
        "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [],
        "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "components": [],
        "member": {"roles": [], "nick": None, "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False,
                   "mute": False, "flags": 0}, **values,
    }  # fmt: skip


def error(status: int, code: int = 0, text: str = "no") -> discord.HTTPException:
    """What discord.py raises when Discord answers so."""
    kinds: dict[int, type[discord.HTTPException]] = {403: discord.Forbidden, 404: discord.NotFound}
    kind = kinds.get(status, discord.DiscordServerError if status >= 500 else discord.HTTPException)
    response: Any = SimpleNamespace(status=status, reason="reason")
    return kind(response, {"code": code, "message": text})


class FakeRest:
    """Stands where discord.py sends its requests: records them, answers or fails as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.answers: dict[tuple[str, str], Any] = {}  # by method and path; an exception is raised

    async def request(self, route: discord.http.Route, **kwargs: Any) -> Any:
        path = route.url.removeprefix(discord.http.Route.BASE).partition("?")[0]
        self.requests.append((route.method, path, kwargs.get("json") or kwargs.get("params")))
        answer = self.answers.get((route.method, path), error(404, 10_003, "Unknown Channel"))
        if isinstance(answer, Exception):
            raise answer
        return answer


async def make_bot(services: Any = None, **options: Any) -> tuple[Bot, FakeRest]:
    """A logged-in bot that has heard of no guild yet, and the REST it talks to."""
    bot = Bot(
        cast("Services", services),
        intents=discord.Intents(guilds=True, guild_messages=True, message_content=True),
        http_trace=retry_trace(Metrics()),
        **options,
    )
    await bot._async_setup_hook()
    rest = FakeRest()
    cast("Any", bot.http).request = rest.request
    data: Any = user(BOT, "lookout", bot=True)
    bot._connection.user = discord.ClientUser(state=bot._connection, data=data)
    bot._connection.application_id = BOT
    return bot, rest


def feed(bot: discord.Client, event: str, payload: dict[str, Any]) -> None:
    """Have the gateway say `event`."""
    parsers: Any = bot._connection.parsers
    parsers[event](payload)
