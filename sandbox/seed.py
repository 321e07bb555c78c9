"""Seed files: a world described in JSON, built at start."""

from typing import Any

from sandbox.core import Core
from sandbox.ops import perform

DEFAULT: dict[str, Any] = {
    "guilds": [
        {
            "name": "Sandbox",
            "channels": [{"name": "general"}, {"name": "help"}],
            "members": [{"name": "alice"}, {"name": "bob"}],
        }
    ]
}


def build(core: Core, seed: dict[str, Any]) -> None:
    """Build a world out of {"application": name, "guilds": [...], "faults": {...}}.

    Within the seed the bot is called "bot"; `application` is how it and its application are called then.

    A guild has name, owner, bot_permissions and the lists roles, channels, members and messages,
    which hold the arguments of the operations role, channel, member and say.

    Raises:
        OperationError: something in it makes no sense.
    """
    for item in seed.get("guilds", ()):
        parts = {key: item.get(key, ()) for key in ("roles", "channels", "members", "messages")}
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
        core.main_app.name = core.main_app.bot.username = str(seed["application"])
    if seed.get("faults"):
        perform(core, "faults", seed["faults"])
