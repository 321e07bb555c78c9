"""Operations of those who run a guild: ranks, timeouts, bans, pins, idle threads, who may use a command."""

from typing import Any

from sandbox.actions import guilds as act
from sandbox.actions import members, threads
from sandbox.actions.access import check_above
from sandbox.core import Core
from sandbox.errors import missing_permissions
from sandbox.ops.registry import (
    OperationError,
    Ref,
    number,
    operation,
    the_app,
    the_channel,
    the_guild,
    the_member,
    the_role,
    the_user,
)
from sandbox.ops.talking import moment
from sandbox.permissions import P, base_permissions, bits
from sandbox.rest.commands import permissions_of
from sandbox.world import Application, Guild

ROLE, USER, CHANNEL = 1, 2, 3


@operation
def set_role(
    core: Core,
    role: Ref,
    guild: Ref = None,
    position: int | None = None,
    permissions: list[str | int] | None = None,
) -> None:
    """Change a role's position (as it is given, 1 is the lowest) or permissions."""
    place = the_guild(core, guild)
    found = the_role(place, role)
    found.position = found.position if position is None else position
    found.permissions = found.permissions if permissions is None else bits(*permissions)
    act.role_changed(core, place, found)


@operation
def set_user(core: Core, user: Ref, takes_dms: bool | None = None) -> None:
    """Let a user take direct messages, or not."""
    account = the_user(core, user)
    account.takes_dms = account.takes_dms if takes_dms is None else takes_dms


@operation
def timeout(
    core: Core, member: Ref, until: str | float | None = None, guild: Ref = None, by: Ref = None
) -> None:
    """Let a member only look on until a time (ISO or seconds since 1970); without one it is over.

    Raises:
        ApiError: 50013 when `by` may not.
    """
    place = the_guild(core, guild)
    person = the_member(core, place, member)
    _check(core, place, by, P.MODERATE_MEMBERS, person.user.id)
    person.timeout_until = moment(until)
    members.member_changed(core, place, person)


def _check(core: Core, place: Guild, by: Ref, needed: int, target: int) -> None:
    """Check that `by` (None: anyone) has a permission and stands above the target."""
    if by is None:
        return
    actor = the_member(core, place, by)
    if not base_permissions(place, actor) & needed:
        raise missing_permissions()
    if target in place.members:
        check_above(place, actor, place.members[target])


@operation
def ban(
    core: Core, user: Ref, guild: Ref = None, *, reason: str | None = None, seconds: int = 0, by: Ref = None
) -> None:
    """Ban a user and delete what they wrote in the last `seconds`.

    Raises:
        ApiError: 50013 when `by` may not.
    """
    place, account = the_guild(core, guild), the_user(core, user)
    _check(core, place, by, P.BAN_MEMBERS, account.id)
    members.ban(core, place, account, reason, seconds)


@operation
def unban(core: Core, user: Ref, guild: Ref = None) -> None:
    """Lift a ban.

    Raises:
        ApiError: 10026 there is none.
    """
    members.unban(core, the_guild(core, guild), the_user(core, user))


@operation
def archive_idle(core: Core) -> dict[str, Any]:
    """Archive every thread whose time without activity is over; return their ids."""
    due = [c for c in core.world.channels.values() if c.is_thread and not c.archived]
    for thread in due:
        threads.settle(core, thread)
    return {"archived": [thread.id for thread in due if thread.archived]}


@operation
def set_command_permissions(
    core: Core, rules: list[dict[str, Any]], command: str | None = None, guild: Ref = None, app: Ref = None
) -> dict[str, Any]:
    """Say who may use a command (None: all of the application's) in a guild, and where.

    `rules` is a list of {target, allow}: a role, member or channel, "everyone" or "all channels". An empty
    list takes the rules away.
    """
    place, owner = the_guild(core, guild), the_app(core, app)
    target = owner.id if command is None else _command_id(owner, place, command)
    stored = [_rule(core, place, rule) for rule in rules]
    owner.command_permissions[place.id, target] = stored
    body = permissions_of(owner.id, place.id, target, stored)
    core.hub.emit_to(owner.id, "APPLICATION_COMMAND_PERMISSIONS_UPDATE", body, guild_id=place.id)
    return body


def _command_id(app: Application, guild: Guild, name: str) -> int:
    for scope in (guild.id, None):
        for command_id, command in app.commands.get(scope, {}).items():
            if command["name"] == name:
                return command_id
    raise OperationError(f"{app.name!r} has no command {name!r}")


def _rule(core: Core, place: Guild, rule: dict[str, Any]) -> dict[str, Any]:
    """Return one permission as Discord stores it; "all channels" is the guild's id less one."""
    target, wanted = rule["target"], number(rule["target"])
    if target == "all channels":
        kind, found = CHANNEL, place.id - 1
    elif target == "everyone" or wanted in place.roles or target in {r.name for r in place.roles.values()}:
        kind, found = ROLE, the_role(place, target).id
    elif wanted in place.channels or target in {c.name for c in place.channels.values()}:
        kind, found = CHANNEL, the_channel(core, target, place.id).id
    else:
        kind, found = USER, the_user(core, target).id
    return {"id": str(found), "type": kind, "permission": bool(rule["allow"])}
