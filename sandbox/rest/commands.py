"""Routes of application commands, global and per guild."""

import re
from typing import Any

from sandbox.errors import ApiError, invalid_form, missing_access, unknown
from sandbox.rest.call import Call
from sandbox.rest.routing import Status, route

CHAT_INPUT = 1
MAX_COMMANDS = 100
_NAME = re.compile(r"^[-_'\w]{1,32}$")
_BASES = (
    "/applications/{application_id}/commands",
    "/applications/{application_id}/guilds/{guild_id}/commands",
)


def _scope(call: Call) -> tuple[int | None, dict[int, dict[str, Any]]]:
    """Return the guild (None for global) and its stored commands by id."""
    if call.id_of("application_id") != call.me.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    guild_id = call.id_of("guild_id") if "guild_id" in call.params else None
    if guild_id is not None and call.core.world.member(guild_id, call.me.bot.id) is None:
        raise missing_access()
    return guild_id, call.me.commands.setdefault(guild_id, {})


def _stored(call: Call, form: Any, guild_id: int | None, command_id: int | None = None) -> dict[str, Any]:
    """Return a command as Discord stores it.

    Raises:
        ApiError: 50035.
    """
    if not isinstance(form, dict):
        raise invalid_form("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    kind = form.get("type") or CHAT_INPUT
    name = form.get("name")
    if not isinstance(name, str) or (kind == CHAT_INPUT and (not _NAME.match(name) or name != name.lower())):
        raise invalid_form("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if kind == CHAT_INPUT and not form.get("description"):
        raise invalid_form("description", "BASE_TYPE_REQUIRED", "This field is required")
    needed = form.get("default_member_permissions")
    body: dict[str, Any] = {
        "id": str(command_id or call.core.ids.make()),
        "application_id": str(call.me.id),
        "version": str(call.core.ids.make()),
        "default_member_permissions": None if needed is None else str(needed),
        "type": kind,
        "name": name,
        "name_localizations": form.get("name_localizations"),
        "description": form.get("description") or "",
        "description_localizations": form.get("description_localizations"),
        "dm_permission": form.get("dm_permission") is not False,
        "integration_types": form.get("integration_types") or [0],
        "nsfw": bool(form.get("nsfw")),
    }
    if form.get("options"):
        body["options"] = [_option(item) for item in form["options"]]
    if guild_id is not None:
        body["guild_id"] = str(guild_id)
    else:
        body["contexts"] = form.get("contexts")
    return body


def _option(item: dict[str, Any]) -> dict[str, Any]:
    """Return an option as stored: nulls and empty defaults left out."""
    kept = {key: value for key, value in item.items() if value is not None}
    if "options" in kept:
        kept["options"] = [_option(inner) for inner in kept["options"]]
    return kept


def list_commands(call: Call) -> Any:
    """List the stored commands."""
    return list(_scope(call)[1].values())


def overwrite(call: Call) -> Any:
    """Replace all commands; those of the same name and type keep their ids.

    Source: protocol interactions.4.
    """
    guild_id, stored = _scope(call)
    forms = call.body
    if not isinstance(forms, list):
        raise invalid_form("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if len(forms) > MAX_COMMANDS:
        raise ApiError(400, 30032, "Maximum number of application commands reached (100)")
    known = {(c["name"], c["type"]): int(c["id"]) for c in stored.values()}
    fresh = {}
    for form in forms:
        key = (form.get("name"), form.get("type") or CHAT_INPUT) if isinstance(form, dict) else ("", 0)
        body = _stored(call, form, guild_id, known.get(key))
        fresh[int(body["id"])] = body
    stored.clear()
    stored.update(fresh)
    call.core.record.add(
        "commands", application_id=call.me.id, guild_id=guild_id, names=[c["name"] for c in forms]
    )
    return list(stored.values())


def create(call: Call) -> Any:
    """Add a command, or replace the one of the same name."""
    guild_id, stored = _scope(call)
    form = call.form()
    same = [
        int(c["id"])
        for c in stored.values()
        if (c["name"], c["type"]) == (form.get("name"), form.get("type") or 1)
    ]
    body = _stored(call, form, guild_id, same[0] if same else None)
    stored[int(body["id"])] = body
    call.core.record.add("commands", application_id=call.me.id, guild_id=guild_id, names=[body["name"]])
    return Status(200 if same else 201, body)


def get_one(call: Call) -> Any:
    """Return a command."""
    return _one(call)


def _one(call: Call) -> dict[str, Any]:
    command = _scope(call)[1].get(call.id_of("command_id"))
    if command is None:
        raise unknown("application command")
    return command


def edit(call: Call) -> Any:
    """Change a command."""
    guild_id, stored = _scope(call)
    command = _one(call)
    body = _stored(call, command | call.form(), guild_id, int(command["id"]))
    stored[int(command["id"])] = body
    return body


def delete(call: Call) -> Any:
    """Delete a command."""
    stored = _scope(call)[1]
    del stored[int(_one(call)["id"])]


for _base in _BASES:
    route("GET", _base)(list_commands)
    route("PUT", _base)(overwrite)
    route("POST", _base)(create)
    route("GET", _base + "/{command_id}")(get_one)
    route("PATCH", _base + "/{command_id}")(edit)
    route("DELETE", _base + "/{command_id}")(delete)
