"""Slash commands as the picker treats them: found, checked against their options, resolved to ids."""

from typing import Any

from sandbox import payloads
from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.ops.registry import OperationError, Ref, the_app, the_channel, the_role, the_user
from sandbox.permissions import ALL
from sandbox.world import Application, Channel, User

SUB, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
MESSAGE_MENU = 3
Json = dict[str, Any]


def find(
    core: Core, text: str, where: Channel | None, app: Ref = None, *, menus: bool = False
) -> tuple[Application, Json, list[str]]:
    """Return the application, the stored command and the words of its subcommands.

    Raises:
        OperationError: no registered command is called that.
    """
    apps = [the_app(core, app)] if app is not None else list(core.world.applications.values())
    first, *path = [text] if menus else text.removeprefix("/").split()
    seen = []
    for owner in apps:
        for scope, group in owner.commands.items():
            if scope is not None and where is not None and scope != where.guild_id:
                continue
            for command in group.values():
                seen.append(command["name"])
                if command["name"] == first and (command["type"] != 1) == menus:
                    return owner, command, path
    raise OperationError(f"no command {text!r}; registered are {', '.join(sorted(set(seen))) or 'none'}")


def check_allowed(core: Core, command: Json, where: Channel, who: User) -> None:
    """Check who may use a command where: the guild's rules for it, then those for all of the application's.

    Without a rule for the member default_member_permissions decide; owner and administrators always may.
    Source: docs interactions/application-commands#permissions.

    Raises:
        OperationError: the member doesn't see this command.
    """
    if where.guild_id is None:
        return
    held = may(core, where, who)
    if held == ALL:
        return
    told = _told(core, command, where, who)
    needed = command.get("default_member_permissions")
    lacks = needed is not None and (int(needed) & ~held or int(needed) == 0)
    if told is False or (told is None and lacks):
        why = "it isn't allowed here" if told is False else f"it takes permissions {needed}"
        raise OperationError(f"{who.username!r} doesn't see /{command['name']}: {why}")


def _told(core: Core, command: Json, where: Channel, who: User) -> bool | None:
    """Return what the guild's rules say of a member in a channel, None when they say nothing."""
    guild = core.world.guilds[where.guild_id or 0]
    app = core.world.applications[int(command["application_id"])]
    layers = [app.command_permissions.get((guild.id, int(key))) or [] for key in (command["id"], app.id)]
    channel_id = where.parent_id if where.is_thread else where.id
    member = guild.members.get(who.id)
    roles = set(member.roles) if member is not None else set()
    for places in ({channel_id}, {guild.id - 1}):
        here = [rule["permission"] for rules in layers for rule in rules if int(rule["id"]) in places]
        if here:
            if not here[0]:
                return False
            break
    for ids in ({who.id}, roles, {guild.id}):
        for rules in layers:
            said = [rule["permission"] for rule in rules if int(rule["id"]) in ids]
            if said:
                return any(said)
    return None


def _owner(core: Core, where: Channel) -> int:
    return core.world.guilds[where.guild_id or 0].owner_id


def data_for(
    core: Core, command: Json, path: list[str], where: Channel, given: Json, focused: str | None = None
) -> Json:
    """Return the data of a command interaction.

    Raises:
        OperationError: an unknown subcommand or option, a missing or wrong value.
    """
    levels: list[Json] = []
    node = command
    for word in path:
        inner = [o for o in node.get("options") or () if o["type"] in (SUB, GROUP) and o["name"] == word]
        if not inner:
            raise OperationError(f"/{command['name']} has no subcommand {word!r}")
        node = inner[0]
        levels.append({"type": node["type"], "name": node["name"]})
    known = {option["name"]: option for option in node.get("options") or ()}
    if any(option["type"] in (SUB, GROUP) for option in known.values()):
        raise OperationError(f"/{command['name']} needs one of its subcommands: {', '.join(known)}")
    _check_names(command, known, given, focused)
    resolved: Json = {}
    options = [_value(core, where, known[name], value, resolved, focused) for name, value in given.items()]
    for level in reversed(levels):
        options = [level | {"options": options}]
    data: Json = {"id": command["id"], "name": command["name"], "type": 1, "options": options}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data | ({"resolved": resolved} if resolved else {})


def _check_names(command: Json, known: Json, given: Json, focused: str | None) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise OperationError(
            f"/{command['name']} has no option {unknown[0]!r}; it has {', '.join(known) or 'none'}"
        )
    missing = [name for name, option in known.items() if option.get("required") and name not in given]
    if missing and focused is None:
        raise OperationError(f"/{command['name']} needs the option {missing[0]!r}")


def _value(core: Core, where: Channel, option: Json, value: Any, resolved: Json, focused: str | None) -> Json:
    """Return one option of an interaction, its value checked, mentions turned into ids with their objects."""
    name, kind = option["name"], option["type"]
    if name == focused:
        return {"type": kind, "name": name, "value": value, "focused": True}
    if kind == STRING:
        value = _text(option, value)
    elif kind in (INTEGER, NUMBER):
        value = _number(option, value)
    elif kind == BOOLEAN and not isinstance(value, bool):
        raise OperationError(f"option {name!r} takes true or false")
    elif kind in (USER, CHANNEL, ROLE, MENTIONABLE):
        value = resolve(core, where, kind, value, resolved, option.get("channel_types"))
    return {"type": kind, "name": name, "value": value}


def _text(option: Json, value: Any) -> str:
    text = str(value)
    choices = option.get("choices")
    if choices:
        for choice in choices:
            if text in (choice["name"], choice["value"]):
                return str(choice["value"])
        raise OperationError(
            f"option {option['name']!r} takes one of {', '.join(c['name'] for c in choices)}"
        )
    if not option.get("min_length", 0) <= len(text) <= option.get("max_length", 6000):
        raise OperationError(f"option {option['name']!r} takes another length than {len(text)} characters")
    return text


def _number(option: Json, value: Any) -> float | int:
    for choice in option.get("choices") or ():
        if value in (choice["name"], choice["value"]):
            return choice["value"]  # type: ignore[no-any-return]
    whole = option["type"] == INTEGER
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        raise OperationError(f"option {option['name']!r} takes a {'whole ' if whole else ''}number")
    low, high = option.get("min_value", value), option.get("max_value", value)
    if option.get("choices") or not low <= value <= high:
        raise OperationError(f"option {option['name']!r} does not allow {value}")
    return value


def resolve(
    core: Core, where: Channel, kind: int, value: Ref, resolved: Json, channel_types: list[int] | None = None
) -> str:
    """Return the id of a user, channel or role and add its object to `resolved`."""
    guild = core.world.guild_of(where)
    if kind == CHANNEL:
        place = the_channel(core, value, where.guild_id)
        if channel_types and place.type not in channel_types:
            raise OperationError(f"channel {place.name!r} is not of a type this option takes")
        permissions = {"permissions": str(may(core, place, core.world.users[_owner(core, where)]))}
        resolved.setdefault("channels", {})[str(place.id)] = payloads.channel(place) | permissions
        return str(place.id)
    if kind in (ROLE, MENTIONABLE) and guild is not None:
        try:
            role = the_role(guild, value)
        except OperationError:
            if kind == ROLE:
                raise
        else:
            resolved.setdefault("roles", {})[str(role.id)] = payloads.role(role)
            return str(role.id)
    user = the_user(core, value)
    for key, group in resolved_user(core, where, user.id).items():
        resolved.setdefault(key, {}).update(group)
    return str(user.id)


def resolved_user(core: Core, where: Channel, user_id: int) -> Json:
    """Return the resolved objects of a user: the account, and the membership where there is one."""
    body: Json = {"users": {str(user_id): payloads.user(core.world.users[user_id])}}
    member = core.world.member(where.guild_id, user_id)
    if member is not None:
        permissions = str(may(core, where, member.user))
        body["members"] = {str(user_id): payloads.partial_member(member) | {"permissions": permissions}}
    return body
