"""What a message's text and components become when it is stored: who is mentioned, and numbers."""

import re
from collections.abc import Sequence
from typing import Any

from sandbox.core import Core
from sandbox.permissions import P, channel_permissions
from sandbox.world import Message, User

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_ONE = {"min_values": 1, "max_values": 1}
_PICTURE = {"description": None, "spoiler": False}
_COMPONENT_DEFAULTS: dict[Any, dict[str, Any]] = {
    **dict.fromkeys((3, 5, 6, 7, 8), _ONE),
    11: _PICTURE,
    13: {"spoiler": False},
    14: {"spacing": 1, "divider": True},
    17: {"accent_color": None, "spoiler": False},
}


def numbered(components: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return components as Discord stores them: numbered in reading order, defaults filled in.

    Source: openapi create_message, protocol rest.1.
    """
    count = 0

    def visit(component: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        given = {key: value for key, value in component.items() if value is not None}
        copy = _COMPONENT_DEFAULTS.get(component["type"], {}) | given
        copy["id"] = component.get("id") or count
        for key in ("components", "items"):
            if key in copy:
                copy[key] = [visit(item) if "type" in item else _PICTURE | item for item in copy[key]]
        for key in ("accessory", "component"):
            if isinstance(copy.get(key), dict):
                copy[key] = visit(copy[key])
        return copy

    return [visit(component) for component in components]


def fill_mentions(core: Core, message: Message, replied: Message | None) -> None:
    """Resolve mentions the way allowed_mentions lets them ping; without it everything does.

    Mentioning everyone takes the author's permission, of a webhook that of who made it.
    Source: openapi create_message, docs change-log#changes-to-bot-permissions-for-interactions-and-webhooks.
    """
    allowed = message.allowed_mentions
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or ())
    users = {int(item) for item in (allowed or {}).get("users") or ()}
    roles = {int(item) for item in (allowed or {}).get("roles") or ()}
    found: dict[int, User] = {}
    for user_id in map(int, _USER.findall(message.content)):
        if user_id in core.world.users and ("users" in parse or user_id in users):
            found[user_id] = core.world.users[user_id]
    pings_author = allowed is None or bool(allowed.get("replied_user"))
    if replied is not None and pings_author and replied.author.id in core.world.users:
        found[replied.author.id] = replied.author
    message.mentions = list(found.values())
    guild = core.world.guilds.get(message.guild_id) if message.guild_id else None
    if guild is None:
        return
    named = dict.fromkeys(map(int, _ROLE.findall(message.content)))
    message.mention_roles = [r for r in named if r in guild.roles and ("roles" in parse or r in roles)]
    if "everyone" in parse and ("@everyone" in message.content or "@here" in message.content):
        hook = core.world.webhooks.get(message.author.id)
        speaker = guild.members.get(message.author.id if hook is None else hook.creator.id)
        permissions = channel_permissions(guild, speaker, core.world.channels[message.channel_id])
        message.mention_everyone = bool(permissions & P.MENTION_EVERYONE)
