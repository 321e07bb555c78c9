"""Routes of roles: list, create, edit, reorder, delete."""

from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.actions.access import check_above_role, in_guild
from sandbox.errors import ApiError, invalid_form, unknown
from sandbox.permissions import P
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.guards import home, myself
from sandbox.rest.guilds import check_grants
from sandbox.rest.routing import route
from sandbox.world import Guild, Role

MAX_ROLES = 250
_COLOR = f.whole(0, 0xFFFFFF)
_ROLE: f.Fields = {
    "name": f.text(100, 1),
    "permissions": f.bits,
    "color": _COLOR,
    "colors": f.table(
        {"primary_color": _COLOR, "secondary_color": _COLOR, "tertiary_color": _COLOR},
        required=("primary_color",),
    ),
    "hoist": f.boolean,
    "mentionable": f.boolean,
}
_MOVE = f.table({"id": f.snowflake, "position": f.whole(0)}, required=("id",))


@route("GET", "/guilds/{guild_id}/roles")
def list_roles(call: Call) -> Any:
    """List roles."""
    return [payloads.role(role) for role in home(call).roles.values()]


@route("GET", "/guilds/{guild_id}/roles/member-counts")
def count_members(call: Call) -> Any:
    """Return how many members have each role, @everyone left out."""
    guild = home(call)
    held = [role_id for member in guild.members.values() for role_id in member.roles]
    return {str(role_id): held.count(role_id) for role_id in guild.roles if role_id != guild.id}


@route("GET", "/guilds/{guild_id}/roles/{role_id}")
def get_role(call: Call) -> Any:
    """Return a role."""
    return payloads.role(_role(home(call), call.id_of("role_id")))


def _role(guild: Guild, role_id: int) -> Role:
    role = guild.roles.get(role_id)
    if role is None:
        raise unknown("role")
    return role


@route("POST", "/guilds/{guild_id}/roles")
def create_role(call: Call) -> Any:
    """Create a role at the bottom, with permissions the bot itself has."""
    guild = home(call, P.MANAGE_ROLES)
    form = _form(call, guild)
    if len(guild.roles) >= MAX_ROLES:
        raise ApiError(400, 30005, f"Maximum number of server roles reached ({MAX_ROLES})")
    given = guild.roles[guild.id].permissions
    role = act.new_role(
        call.core,
        guild,
        form.get("name") or "new role",
        form["permissions"] if form.get("permissions") is not None else given,
        color=form.get("color") or 0,
        hoist=bool(form.get("hoist")),
        mentionable=bool(form.get("mentionable")),
    )
    return payloads.role(role)


def _form(call: Call, guild: Guild) -> dict[str, Any]:
    """Return the checked form of a role; a colour of the newer field counts.

    Raises:
        ApiError: 50013 when it grants what the bot hasn't got, 50035.
    """
    form = call.read(_ROLE)
    check_grants(in_guild(call.core, guild, myself(call, guild)), form.get("permissions") or 0)
    if form.get("colors") is not None and form.get("color") is None:
        form["color"] = form["colors"]["primary_color"]
    return form


@route("PATCH", "/guilds/{guild_id}/roles/{role_id}")
def edit_role(call: Call) -> Any:
    """Edit a role below the bot's own."""
    guild = home(call, P.MANAGE_ROLES)
    role = _role(guild, call.id_of("role_id"))
    check_above_role(guild, myself(call, guild), role.id)
    form = _form(call, guild)
    for key in ("name", "color", "hoist", "mentionable", "permissions"):
        if form.get(key) is not None:
            setattr(role, key, form[key])
    act.role_changed(call.core, guild, role)
    return payloads.role(role)


@route("PATCH", "/guilds/{guild_id}/roles")
def reorder(call: Call) -> Any:
    """Move roles below the bot's own to other positions."""
    guild = home(call, P.MANAGE_ROLES)
    me = myself(call, guild)
    moves = [(_role(guild, move["id"]), move.get("position")) for move in call.items(_MOVE, MAX_ROLES)]
    top = max((guild.roles[r].position for r in me.roles if r in guild.roles), default=0)
    for role, position in moves:
        if role.id == guild.id:
            raise invalid_form("id", "ROLE_POSITION_INVALID", "Cannot reorder the default role")
        check_above_role(guild, me, role.id)
        if position is not None and position >= top and guild.owner_id != me.user.id:
            raise ApiError(403, 50013, "Missing Permissions")
    _move(call, guild, {role.id: position for role, position in moves if position is not None})
    return [payloads.role(role) for role in guild.roles.values()]


def _move(call: Call, guild: Guild, wanted: dict[int, int]) -> None:
    """Put roles at their positions and close the ranks, so that no two share one."""
    roles = [role for role in guild.roles.values() if role.id != guild.id]

    def place(role: Role) -> float:
        there = wanted.get(role.id, role.position)
        return there + (there > role.position) * 0.5 - (there < role.position) * 0.5

    order = sorted(roles, key=place)
    for position, role in enumerate(order, 1):
        if role.position != position:
            role.position = position
            act.role_changed(call.core, guild, role)


@route("DELETE", "/guilds/{guild_id}/roles/{role_id}")
def delete_role(call: Call) -> Any:
    """Delete a role below the bot's own."""
    guild = home(call, P.MANAGE_ROLES)
    role = _role(guild, call.id_of("role_id"))
    check_above_role(guild, myself(call, guild), role.id)
    if role.id == guild.id or role.managed:
        raise ApiError(400, 50028, "Invalid Role")
    act.remove_role(call.core, guild, role)
