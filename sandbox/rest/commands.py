"""Routes of application commands, global and per guild, and who may use them."""

from typing import Any

from sandbox.errors import ApiError, invalid_form, missing_access, unknown
from sandbox.rest.call import Call
from sandbox.rest.command_forms import CHAT_INPUT, command, duplicate
from sandbox.rest.routing import Status, route

Json = dict[str, Any]
MAX_SENT = 130
_LIMITS = {CHAT_INPUT: 100, 2: 15, 3: 15}
_BASES = (
    "/applications/{application_id}/commands",
    "/applications/{application_id}/guilds/{guild_id}/commands",
)
_PERMISSIONS = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(call: Call) -> tuple[int | None, dict[int, Json]]:
    """Return the guild (None for global) and its stored commands by id."""
    if call.id_of("application_id") != call.me.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    guild_id = call.id_of("guild_id") if "guild_id" in call.params else None
    if guild_id is not None and call.core.world.member(guild_id, call.me.bot.id) is None:
        raise missing_access()
    return guild_id, call.me.commands.setdefault(guild_id, {})


def _stored(call: Call, form: Json, guild_id: int | None, command_id: int | None = None) -> Json:
    """Return a checked command as Discord stores it. Source: openapi create_application_command."""
    needed = form.get("default_member_permissions")
    body: Json = {
        "id": str(command_id or call.core.ids.make()),
        "application_id": str(call.me.id),
        "version": str(call.core.ids.make()),
        "default_member_permissions": None if needed is None else str(needed),
        "type": form["type"],
        "name": form["name"],
        "name_localizations": form.get("name_localizations"),
        "description": form.get("description") or "",
        "description_localizations": form.get("description_localizations"),
        "dm_permission": form.get("dm_permission") is not False,
        "integration_types": form.get("integration_types") or [0],
        "nsfw": bool(form.get("nsfw")),
    }
    if form.get("options"):
        body["options"] = form["options"]
    if guild_id is not None:
        body["guild_id"] = str(guild_id)
    else:
        body["contexts"] = form.get("contexts")
    return body


def _check_room(kinds: list[int]) -> None:
    """Check how many commands of each type there are.

    Raises:
        ApiError: 30032.
    """
    for kind, limit in _LIMITS.items():
        if kinds.count(kind) > limit:
            raise ApiError(400, 30032, f"Maximum number of application commands reached ({limit})")


def _key(item: Json) -> tuple[str, int]:
    return item["name"], item["type"]


def _as_seen(call: Call, body: Json) -> Json:
    """Return a command as a list shows it: localised texts on request only."""
    if call.flag("with_localizations"):
        return body
    return {key: value for key, value in body.items() if not key.endswith("_localizations")}


def list_commands(call: Call) -> Any:
    """List the stored commands, without their localised texts unless asked for."""
    return [_as_seen(call, body) for body in _scope(call)[1].values()]


def overwrite(call: Call) -> Any:
    """Replace all commands; those of the same name and type keep their ids.

    Source: protocol interactions.4.
    """
    guild_id, stored = _scope(call)
    if not isinstance(call.body, list):
        raise invalid_form("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if len(call.body) > MAX_SENT:
        _check_room([CHAT_INPUT] * len(call.body))
    forms = call.items(command, MAX_SENT)
    keys = [_key(form) for form in forms]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise duplicate(str(index))
    _check_room([form["type"] for form in forms])
    known = {_key(body): int(body["id"]) for body in stored.values()}
    fresh = [_stored(call, form, guild_id, known.get(_key(form))) for form in forms]
    stored.clear()
    stored.update({int(body["id"]): body for body in fresh})
    _note(call, guild_id, [form["name"] for form in forms])
    return fresh


def _note(call: Call, guild_id: int | None, names: list[str]) -> None:
    call.core.record.add("commands", application_id=call.me.id, guild_id=guild_id, names=names)


def create(call: Call) -> Any:
    """Add a command, or replace the one of the same name."""
    guild_id, stored = _scope(call)
    form = command(call.form())
    same = next((int(body["id"]) for body in stored.values() if _key(body) == _key(form)), None)
    if same is None:
        _check_room([form["type"], *(body["type"] for body in stored.values())])
    body = _stored(call, form, guild_id, same)
    stored[int(body["id"])] = body
    _note(call, guild_id, [body["name"]])
    return Status(201 if same is None else 200, body)


def get_one(call: Call) -> Any:
    """Return a command."""
    return _one(call)


def _one(call: Call) -> Json:
    found = _scope(call)[1].get(call.id_of("command_id"))
    if found is None:
        raise unknown("application command")
    return found


def edit(call: Call) -> Any:
    """Change a command; its type stays."""
    guild_id, stored = _scope(call)
    old = _one(call)
    form = command(old | call.form() | {"type": old["type"]})
    if any(_key(body) == _key(form) and body is not old for body in stored.values()):
        raise duplicate("name")
    body = _stored(call, form, guild_id, int(old["id"]))
    stored[int(old["id"])] = body
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


@route("GET", _PERMISSIONS + "/permissions")
def list_permissions(call: Call) -> Any:
    """List who may use the application's commands in a guild, where that was said."""
    guild_id, _ = _scope(call)
    return [
        permissions_of(call.me.id, guild, target, rules)
        for (guild, target), rules in call.me.command_permissions.items()
        if guild == guild_id and rules
    ]


@route("GET", _PERMISSIONS + "/{command_id}/permissions")
def get_permissions(call: Call) -> Any:
    """Return who may use a command in a guild."""
    guild_id, target = _scope(call)[0] or 0, call.id_of("command_id")
    rules = call.me.command_permissions.get((guild_id, target))
    if not rules:
        raise unknown("application command permissions")
    return permissions_of(call.me.id, guild_id, target, rules)


@route("PUT", _PERMISSIONS + "/{command_id}/permissions")
def set_permissions(call: Call) -> Any:
    """Refuse: it takes a member's Bearer token.

    Source: docs interactions/application-commands#permissions.
    """
    _ = call.me
    raise ApiError(403, 20001, "Bots cannot use this endpoint")


def permissions_of(app_id: int, guild_id: int, target: int, rules: list[Json]) -> Json:
    """Return the permissions of a command (or, under the application's id, of all) in a guild."""
    return {
        "id": str(target),
        "application_id": str(app_id),
        "guild_id": str(guild_id),
        "permissions": rules,
    }
