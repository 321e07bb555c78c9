"""Slash commands as the picker treats them: found, checked against their options, resolved to ids."""

from typing import Any

from sandbox import payloads
from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.ops.registry import OperationError, Ref, the_app, the_channel, the_role, the_user
from sandbox.ops.talking import attached
from sandbox.permissions import ALL, P
from sandbox.world import Application, Channel, User

SUB, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(3, 12)
CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
IN_GUILD, IN_BOT_DM = 0, 1
Json = dict[str, Any]
Place = tuple[Channel, User]


def find(
    core: Core, text: str, where: Channel, app: Ref = None, kinds: tuple[int, ...] = (CHAT_INPUT,)
) -> tuple[Application, Json, list[str]]:
    """Return the application, the stored command and the words of its subcommands.

    A command of another guild is not found; of a menu the whole text is the name.

    Raises:
        OperationError: no registered command is called that.
    """
    apps = [the_app(core, app)] if app is not None else list(core.world.applications.values())
    first, *path = text.removeprefix("/").split() if CHAT_INPUT in kinds else [text]
    seen = []
    for owner in apps:
        for scope, group in owner.commands.items():
            if scope not in (None, where.guild_id):
                continue
            for command in group.values():
                seen.append(command["name"])
                if command["name"] == first and command["type"] in kinds:
                    return owner, command, path
    raise OperationError(f"no command {text!r}; registered are {', '.join(sorted(set(seen))) or 'none'}")


def check_allowed(core: Core, app: Application, command: Json, place: Place) -> None:
    """Check that a member finds a command in a channel.

    The guild's rules for it go first, then those for all of the application's. Without a rule for the member
    default_member_permissions decide; owner and administrators always may.
    Source: docs interactions/receiving-and-responding#interaction-object-interaction-context-types,
    docs interactions/application-commands#permissions,
    docs interactions/application-commands#agerestricted-commands.

    Raises:
        OperationError: the command is not for this place or not for this member.
    """
    where, who = place
    name = f"/{command['name']}"
    if not _in_context(core, app, command, where):
        raise OperationError(f"{name} can't be used in {where.name or 'this direct message'!r}")
    if where.guild_id is None:
        return
    if command.get("nsfw") and not _parent(core, where).nsfw:
        raise OperationError(f"{name} is only for age-restricted channels")
    held = may(core, where, who)
    if held == ALL:
        return
    told = _told(core, app, command, place)
    needed = command.get("default_member_permissions")
    lacks = needed is not None and (int(needed) & ~held or int(needed) == 0)
    if told is False or (told is None and lacks):
        why = "it isn't allowed here" if told is False else f"it takes permissions {needed}"
        raise OperationError(f"{who.username!r} doesn't see {name}: {why}")


def _in_context(core: Core, app: Application, command: Json, where: Channel) -> bool:
    contexts = command.get("contexts")
    if where.guild_id is not None:
        installed = core.world.member(where.guild_id, app.bot.id) is not None
        return installed and (contexts is None or IN_GUILD in contexts)
    allowed = command.get("dm_permission", True) if contexts is None else IN_BOT_DM in contexts
    return allowed and "guild_id" not in command and any(user.id == app.bot.id for user in where.recipients)


def _parent(core: Core, where: Channel) -> Channel:
    return core.world.channel(where.parent_id) if where.is_thread and where.parent_id else where


def _told(core: Core, app: Application, command: Json, place: Place) -> bool | None:
    """Return what the guild's rules say of a member in a channel, None when they say nothing."""
    where, who = place
    guild = core.world.guilds[where.guild_id or 0]
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


def data_for(
    core: Core, command: Json, path: list[str], place: Place, given: Json, focused: str | None = None
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
    options = [_value(core, place, known[name], value, resolved, focused) for name, value in given.items()]
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


def _value(core: Core, place: Place, option: Json, value: Any, resolved: Json, focused: str | None) -> Json:
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
        value = resolve(core, place, kind, value, resolved, option.get("channel_types"))
    elif kind == ATTACHMENT:
        value = _file(core, place[0], option, value, resolved)
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


def _file(core: Core, where: Channel, option: Json, value: Any, resolved: Json) -> str:
    """Store an uploaded file, {filename, content_b64, content_type?}; return its id.

    Source: docs interactions/receiving-and-responding#interaction-object-resolved-data-structure.
    """
    if not isinstance(value, dict) or not {"filename", "content_b64"} <= value.keys():
        raise OperationError(f"option {option['name']!r} takes a file: {{filename, content_b64}}")
    body = attached(core, where, value)
    resolved.setdefault("attachments", {})[body["id"]] = body | {"ephemeral": True}
    return str(body["id"])


def resolve(
    core: Core, place: Place, kind: int, value: Ref, resolved: Json, channel_types: list[int] | None = None
) -> str:
    """Return the id of a user, channel or role and add its object to `resolved`."""
    where = place[0]
    guild = core.world.guild_of(where)
    if kind == CHANNEL:
        return _channel(core, place, value, resolved, channel_types)
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


def _channel(core: Core, place: Place, value: Ref, resolved: Json, types: list[int] | None) -> str:
    """Return the id of a channel the member sees, of a type that is asked for.

    Its permissions are the member's.
    Source: docs interactions/receiving-and-responding#interaction-object-resolved-data-structure.
    """
    where, who = place
    found = the_channel(core, value, where.guild_id)
    held = may(core, found, who)
    if found.guild_id != where.guild_id or not held & P.VIEW_CHANNEL:
        raise OperationError(f"{who.username!r} sees no channel {value!r} to choose")
    if types and found.type not in types:
        raise OperationError(f"channel {found.name!r} is not of a type this option takes")
    shown = payloads.channel(found) | {"permissions": str(held)}
    resolved.setdefault("channels", {})[str(found.id)] = shown
    return str(found.id)


def resolved_user(core: Core, where: Channel, user_id: int) -> Json:
    """Return the resolved objects of a user: the account, and the membership where there is one."""
    body: Json = {"users": {str(user_id): payloads.user(core.world.users[user_id])}}
    member = core.world.member(where.guild_id, user_id)
    if member is not None:
        permissions = str(may(core, where, member.user))
        body["members"] = {str(user_id): payloads.partial_member(member) | {"permissions": permissions}}
    return body
