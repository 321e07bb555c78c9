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
    """Build a world: {"guilds": [{name, owner, bot_permissions, roles, channels, members, messages}], "faults": {}}.

    Each list holds the arguments of the operation of that name (`role`, `channel`, `member`, `say`).

    Raises:
        OperationError: something in it makes no sense.
    """
    for item in seed.get("guilds", ()):
        parts = {key: item.get(key, ()) for key in ("roles", "channels", "members", "messages")}
        args = {key: value for key, value in item.items() if key not in parts}
        guild_id = perform(core, "guild", args)["id"]
        # Members come before channels, whose overwrites may name them.
        for key, op in (("roles", "role"), ("members", "member"), ("channels", "channel"), ("messages", "say")):
            for entry in parts[key]:
                perform(core, op, {"guild": guild_id, **entry})
    if seed.get("faults"):
        perform(core, "faults", seed["faults"])
