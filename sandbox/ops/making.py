"""Operations that build the world: guilds, roles, channels, members, applications."""

from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.actions import members as people
from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.errors import ApiError, missing_access, missing_permissions
from sandbox.ids import bot_token
from sandbox.intents import ALL_PRIVILEGED
from sandbox.ops.registry import (
    OperationError,
    Ref,
    named,
    number,
    operation,
    the_app,
    the_channel,
    the_guild,
    the_member,
    the_role,
    the_user,
)
from sandbox.permissions import EVERYONE_DEFAULT, P, bits
from sandbox.rest import fields
from sandbox.rest.channels import tags_of
from sandbox.world import Application, Channel, ChannelType, Guild, Overwrite, User

_CHANGES: dict[str, fields.Check] = {
    "name": lambda value, path: named(fields.text(100, 1)(value, path)),
    "topic": fields.text(4096),
    "archived": fields.boolean,
    "locked": fields.boolean,
    "slowmode": fields.whole(0, 21_600),
    "nsfw": fields.boolean,
    "position": fields.whole(0, 1000),
    "auto_archive": fields.one_of(60, 1440, 4320, 10_080),
    "parent_id": fields.whole(1, (1 << 63) - 1),
}
_OWN_CHANGES = frozenset({"name", "archived", "auto_archive"})
KINDS = {
    "text": ChannelType.TEXT,
    "voice": ChannelType.VOICE,
    "category": ChannelType.CATEGORY,
    "news": ChannelType.NEWS,
    "announcement": ChannelType.NEWS,
    "forum": ChannelType.FORUM,
}


def user_named(core: Core, ref: Ref, *, bot: bool = False, display: str | None = None) -> User:
    """Return the account of an id or name, making it when the name is new."""
    if number(ref) is not None:
        return the_user(core, ref)
    for user in core.world.users.values():
        if user.username == ref:
            user.global_name = user.global_name or display  # a guild's owner is made by name alone
            return user
    return act.new_user(core, named(ref), bot=bot, display=display)


@operation
def application(
    core: Core, name: str, privileged: int = ALL_PRIVILEGED, token: str | None = None
) -> dict[str, Any]:
    """Make an application with its bot; `privileged` are its intent flags (none: 0)."""
    owner = user_named(core, "owner")
    bot = act.new_user(core, named(name), bot=True)
    app = Application(
        id=core.ids.make(),
        name=name,
        bot=bot,
        token=token or bot_token(bot.id, core.rng),
        owner=owner,
        public_key=core.rng.randbytes(32).hex(),
        privileged=privileged,
    )
    core.world.applications[app.id] = app
    core.world.tokens[app.token] = app
    core.world.bots[bot.id] = app
    core.main_app = core.main_app or app
    return {"id": app.id, "name": name, "token": app.token, "bot_id": bot.id}


@operation
def guild(
    core: Core,
    name: str,
    owner: Ref = None,
    bots: list[Ref] | None = None,
    bot_permissions: list[str | int] | None = None,
) -> dict[str, Any]:
    """Make a guild; the main application's bot joins unless `bots` says otherwise."""
    place = act.new_guild(core, named(name), user_named(core, owner if owner is not None else "owner"))
    permissions = EVERYONE_DEFAULT if bot_permissions is None else bits(*bot_permissions)
    for ref in [None] if bots is None else bots:
        act.invite_bot(core, place, the_app(core, ref), permissions)
    return {"id": place.id, "name": place.name, "owner_id": place.owner_id}


@operation
def invite(
    core: Core,
    app: Ref = None,
    guild: Ref = None,
    permissions: list[str | int] | None = None,
    by: Ref = None,
) -> dict[str, Any]:
    """Add an application's bot to a guild; its owner does it, or who is named."""
    given = EVERYONE_DEFAULT if permissions is None else bits(*permissions)
    who = the_user(core, by) if by is not None else None
    member = act.invite_bot(core, the_guild(core, guild), the_app(core, app), given, who)
    return {"id": member.user.id}


def default_guild(core: Core, ref: Ref) -> Guild:
    """Return the guild meant; the very first one is made when there is none."""
    if ref is None and not core.world.guilds:
        guild(core, "Sandbox")
    return the_guild(core, ref)


@operation
def role(
    core: Core,
    name: str,
    guild: Ref = None,
    permissions: list[str | int] | None = None,
    mentionable: bool = False,
) -> dict[str, Any]:
    """Make a role."""
    place = default_guild(core, guild)
    made = act.new_role(core, place, named(name), bits(*(permissions or ())), mentionable=mentionable)
    return {"id": made.id, "name": made.name, "guild_id": place.id}


@operation
def channel(  # noqa: PLR0913 - the arguments of a channel
    core: Core,
    name: str,
    guild: Ref = None,
    *,
    type: str | int = "text",  # noqa: A002 - Discord's word
    overwrites: list[dict[str, Any]] | None = None,
    topic: str | None = None,
    parent: Ref = None,
    tags: list[str] | None = None,
) -> dict[str, Any]:
    """Make a channel; `overwrites` is a list of {target, allow, deny} with permission names."""
    place = default_guild(core, guild)
    kind = KINDS.get(type) if isinstance(type, str) else ChannelType(type)
    if kind is None:
        raise OperationError(f"no channel type {type!r}; there are {', '.join(KINDS)}")
    rules = [_overwrite(core, place, item) for item in overwrites or ()]
    made = act.new_channel(
        core,
        place,
        named(name),
        int(kind),
        topic=topic,
        parent_id=the_channel(core, parent, place.id).id if parent is not None else None,
        overwrites={rule.id: rule for rule in rules},
        available_tags=tags_of(core, [{"name": tag} for tag in tags or ()]),
    )
    return payloads.channel(made)


def _overwrite(core: Core, place: Guild, item: dict[str, Any]) -> Overwrite:
    target = item["target"]
    wanted = number(target)
    is_role = (
        wanted in place.roles or target == "everyone" or any(r.name == target for r in place.roles.values())
    )
    target_id = the_role(place, target).id if is_role else the_member(core, place, target).user.id
    allow, deny = bits(*(item.get("allow") or ())), bits(*(item.get("deny") or ()))
    return Overwrite(target_id, 0 if is_role else 1, allow, deny)


@operation
def set_overwrites(core: Core, channel: Ref, overwrites: list[dict[str, Any]]) -> dict[str, Any]:
    """Replace a channel's overwrites."""
    place = the_channel(core, channel)
    home = core.world.guild_of(place)
    if home is None:
        raise OperationError("a DM has no overwrites")
    rules = [_overwrite(core, home, item) for item in overwrites]
    place.overwrites = {rule.id: rule for rule in rules}
    act.channel_changed(core, place)
    return payloads.channel(place)


@operation
def member(
    core: Core,
    name: str,
    guild: Ref = None,
    roles: list[Ref] | None = None,
    display: str | None = None,
    bot: bool = False,
) -> dict[str, Any]:
    """Let someone join a guild, or return them when they are there; a new name makes a new account."""
    place = default_guild(core, guild)
    user = user_named(core, name, bot=bot, display=display)
    held = [the_role(place, ref).id for ref in roles or ()]
    if user.id not in place.members:
        people.add_member(core, place, user, held)
    elif held:
        place.members[user.id].roles = held
        people.member_changed(core, place, place.members[user.id])
    return {"id": user.id, "name": user.username, "guild_id": place.id, "bot": user.bot}


@operation
def set_member(
    core: Core, member: Ref, guild: Ref = None, roles: list[Ref] | None = None, nick: str | None = None
) -> None:
    """Change a member's roles or nick."""
    place = the_guild(core, guild)
    person = the_member(core, place, member)
    if roles is not None:
        person.roles = [the_role(place, ref).id for ref in roles]
    if nick is not None:
        person.nick = nick or None
    people.member_changed(core, place, person)


@operation
def remove_member(core: Core, member: Ref, guild: Ref = None) -> None:
    """Let a member leave; for a bot, its application loses the guild."""
    place = the_guild(core, guild)
    people.remove_member(core, place, the_member(core, place, member).user.id)


@operation
def edit_channel(core: Core, channel: Ref, changes: dict[str, Any], by: Ref = None) -> dict[str, Any]:
    """Change a channel's or thread's name, topic, archived, locked and the like; as a member with `by`.

    Raises:
        ApiError: 50001, 50013 when that member may not, 50083 an archived thread, 50035 a wrong name.
    """
    place = the_channel(core, channel)
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in _CHANGES:
            raise OperationError(f"a channel has no {name!r} to change")
        checked[name] = None if value is None and name == "topic" else _CHANGES[name](value, name)
    changes = checked
    if "parent_id" in changes:
        above = the_channel(core, changes["parent_id"])
        if place.is_thread or above.type != ChannelType.CATEGORY or above.guild_id != place.guild_id:
            raise OperationError(f"{place.name} can't be moved into {above.name}")
    if by is not None:
        _check_edit(core, place, the_user(core, by), changes)
    for name, value in changes.items():
        setattr(place, name, value)
    if "archived" in changes:
        place.archive_time = core.clock.now()
    act.channel_changed(core, place)
    return payloads.channel(place)


def _check_edit(core: Core, place: Channel, user: User, changes: dict[str, Any]) -> None:
    """Check that a member may edit a channel, or a thread.

    Who started a thread may rename and archive it; whoever may write in it may wake it, unless it is locked.
    Source: docs topics/threads#permissions, docs topics/threads#editing-deleting-threads.

    Raises:
        ApiError: 50001, 50013, 50083.
    """
    held = may(core, place, user)
    if not held & P.VIEW_CHANNEL:
        raise missing_access()
    if not place.is_thread:
        if not held & P.MANAGE_CHANNELS:
            raise missing_permissions()
        return
    wakes = changes == {"archived": False} and not place.locked and held & P.SEND_MESSAGES
    own = place.owner_id == user.id and changes.keys() <= _OWN_CHANGES and not place.locked
    if not (held & P.MANAGE_THREADS or wakes or own):
        raise missing_permissions()
    if place.archived and changes.get("archived") is not False:
        raise ApiError(400, 50083, "Thread is archived")


@operation
def delete_channel(core: Core, channel: Ref, by: Ref = None) -> None:
    """Delete a channel or thread, as a member with `by`.

    Source: openapi delete_channel.

    Raises:
        ApiError: 50013.
    """
    place = the_channel(core, channel)
    needed = P.MANAGE_THREADS if place.is_thread else P.MANAGE_CHANNELS
    if by is not None and not may(core, place, the_user(core, by)) & needed:
        raise missing_permissions()
    act.remove_channel(core, place)


@operation
def state(core: Core) -> dict[str, Any]:
    """Return ids by name: applications, guilds, and each guild's roles, channels and members."""
    return {
        "applications": {app.name: app.id for app in core.world.applications.values()},
        "guilds": {
            place.name: {
                "id": place.id,
                "roles": {item.name: item.id for item in place.roles.values()},
                "channels": {item.name: item.id for item in place.channels.values()},
                "members": {item.user.username: item.user.id for item in place.members.values()},
            }
            for place in core.world.guilds.values()
        },
    }


@operation
def commands(core: Core, app: Ref = None, guild: Ref = None) -> list[dict[str, Any]]:
    """Return an application's registered commands: global ones, then those of every guild or of one."""
    home = the_guild(core, guild).id if guild is not None else None
    stored = the_app(core, app).commands
    return [
        c for scope, group in stored.items() if home in (None, scope) or scope is None for c in group.values()
    ]
