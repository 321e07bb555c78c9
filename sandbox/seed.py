"""Seed files: a world described in JSON, built at start."""

from typing import Any

from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.ops import OperationError, perform
from sandbox.ops.registry import MISTAKES, named

DEFAULT: dict[str, Any] = {
    "guilds": [
        {
            "name": "Sandbox",
            "channels": [{"name": "general"}, {"name": "help"}],
            "members": [{"name": "alice"}, {"name": "bob"}],
        }
    ]
}


_PARTS = ("roles", "members", "channels", "messages")


def checked(seed: Any) -> dict[str, Any]:
    """Return a seed whose lists and objects are where they belong.

    Raises:
        OperationError: they are not.
    """
    if not isinstance(seed, dict) or not seed.keys() <= {"application", "guilds", "faults"}:
        raise OperationError('a seed is an object with "application", "guilds", "faults" and nothing else')
    for guild in _objects(seed.get("guilds", []), "guilds"):
        for key in _PARTS:
            _objects(guild.get(key, []), f"{key} of a guild")
    if not isinstance(seed.get("faults") or {}, dict):
        raise OperationError("faults of a seed are an object")
    if "application" in seed:
        named(seed["application"])
    return seed


def _objects(value: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise OperationError(f"{what} in a seed are a list of objects")
    return value


def build(core: Core, seed: dict[str, Any]) -> None:
    """Build a world out of {"application": name, "guilds": [...], "faults": {...}}.

    Within the seed the bot is called "bot"; `application` is how it and its application are called then.

    A guild has name, owner, bot_permissions and the lists roles, channels, members and messages,
    which hold the arguments of the operations role, channel, member and say.

    Raises:
        OperationError: something in it makes no sense.
    """
    try:
        _build(core, checked(seed))
    except (ApiError, *MISTAKES) as error:
        if isinstance(error, OperationError):
            raise
        raise OperationError(f"{type(error).__name__}: {error}") from error


def _build(core: Core, seed: dict[str, Any]) -> None:
    for item in seed.get("guilds", ()):
        parts = {key: item.get(key, ()) for key in _PARTS}
        args = {key: value for key, value in item.items() if key not in parts}
        guild_id = perform(core, "guild", args)["id"]
        # Members come before channels, whose overwrites may name them.
        for key, op in (
            ("roles", "role"),
            ("members", "member"),
            ("channels", "channel"),
            ("messages", "say"),
        ):
            for entry in parts[key]:
                perform(core, op, {"guild": guild_id, **entry})
    if "application" in seed and core.main_app is not None:
        core.main_app.name = core.main_app.bot.username = seed["application"]
    if seed.get("faults"):
        perform(core, "faults", seed["faults"])
