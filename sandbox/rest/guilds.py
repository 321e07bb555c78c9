"""Routes of guilds, members and roles."""

from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.errors import invalid_form, missing_permissions, unknown
from sandbox.permissions import P
from sandbox.rest.call import Call, snowflake
from sandbox.rest.forms import check_types
from sandbox.rest.guards import home
from sandbox.rest.routing import route
from sandbox.world import Guild, Member, Role


@route("GET", "/guilds/{guild_id}")
def get_guild(call: Call) -> Any:
    """Return a guild."""
    guild = home(call)
    body = payloads.guild(guild)
    if call.flag("with_counts"):
        body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
    return body


@route("GET", "/guilds/{guild_id}/members")
def list_members(call: Call) -> Any:
    """List members in order of their ids."""
    guild = home(call)
    after = call.cursor("after") or 0
    ids = sorted(user_id for user_id in guild.members if user_id > after)
    return [payloads.member(guild.members[user_id]) for user_id in ids[: call.number("limit", 1, 1, 1000)]]


@route("GET", "/guilds/{guild_id}/members/search")
def search_members(call: Call) -> Any:
    """List members whose name or nick starts with the query."""
    guild = home(call)
    query = call.query.get("query", "").lower()
    if not query:
        raise invalid_form("query", "BASE_TYPE_REQUIRED", "This field is required")
    names = [
        m
        for m in guild.members.values()
        if m.user.username.lower().startswith(query) or (m.nick or "").lower().startswith(query)
    ]
    return [payloads.member(person) for person in names[: call.number("limit", 1, 1, 1000)]]


@route("GET", "/guilds/{guild_id}/members/{user_id}")
def get_member(call: Call) -> Any:
    """Return a member."""
    return payloads.member(_member(call, home(call)))


def _member(call: Call, guild: Guild) -> Member:
    text = call.params["user_id"]
    user_id = call.me.bot.id if text == "@me" else call.id_of("user_id")
    member = guild.members.get(user_id)
    if member is None:
        raise unknown("member" if user_id in call.core.world.users else "user")
    return member


@route("PATCH", "/guilds/{guild_id}/members/{user_id}")
def edit_member(call: Call) -> Any:
    """Change a member's nick, roles or timeout."""
    guild = home(call)
    member = _member(call, guild)
    form = call.form()
    check_types(form, nick=str, roles=list, communication_disabled_until=str)
    if "nick" in form:
        home(call, P.CHANGE_NICKNAME if member.user.id == call.me.bot.id else P.MANAGE_NICKNAMES)
        member.nick = form["nick"] or None
    if form.get("roles") is not None:
        home(call, P.MANAGE_ROLES)
        wanted = [snowflake(item, "roles") for item in form["roles"]]
        for role_id in set(wanted) ^ set(member.roles):
            _below_mine(call, guild, role_id)
        member.roles = wanted
    if "communication_disabled_until" in form:
        home(call, P.MODERATE_MEMBERS)
        member.timeout_until = form["communication_disabled_until"]
    act.member_changed(call.core, guild, member)
    return payloads.member(member)


@route("DELETE", "/guilds/{guild_id}/members/{user_id}")
def kick(call: Call) -> Any:
    """Kick a member."""
    guild = home(call, P.KICK_MEMBERS)
    member = _member(call, guild)
    if member.user.id == guild.owner_id:
        raise missing_permissions()
    act.remove_member(call.core, guild, member.user.id)


@route("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def give_role(call: Call) -> Any:
    """Give a role."""
    guild = home(call, P.MANAGE_ROLES)
    member, role = _member(call, guild), _below_mine(call, guild, call.id_of("role_id"))
    if role.id not in member.roles:
        member.roles.append(role.id)
        act.member_changed(call.core, guild, member)


@route("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def take_role(call: Call) -> Any:
    """Take a role away."""
    guild = home(call, P.MANAGE_ROLES)
    member, role = _member(call, guild), _below_mine(call, guild, call.id_of("role_id"))
    if role.id in member.roles:
        member.roles.remove(role.id)
        act.member_changed(call.core, guild, member)


def _below_mine(call: Call, guild: Guild, role_id: int) -> Role:
    """Return a role the bot may hand out: one below its own highest.

    Raises:
        ApiError: 10011, 50013.
    """
    role = guild.roles.get(role_id)
    if role is None:
        raise unknown("role")
    mine = guild.members[call.me.bot.id]
    top = max((guild.roles[r].position for r in mine.roles if r in guild.roles), default=0)
    if guild.owner_id != call.me.bot.id and role.position >= top:
        raise missing_permissions()
    return role


@route("GET", "/guilds/{guild_id}/roles")
def list_roles(call: Call) -> Any:
    """List roles."""
    return [payloads.role(role) for role in home(call).roles.values()]


@route("GET", "/guilds/{guild_id}/roles/{role_id}")
def get_role(call: Call) -> Any:
    """Return a role."""
    role = home(call).roles.get(call.id_of("role_id"))
    if role is None:
        raise unknown("role")
    return payloads.role(role)


@route("POST", "/guilds/{guild_id}/roles")
def create_role(call: Call) -> Any:
    """Create a role."""
    guild = home(call, P.MANAGE_ROLES)
    form = call.form()
    check_types(form, name=str, color=int, hoist=bool, mentionable=bool)
    role = act.new_role(
        call.core,
        guild,
        form.get("name") or "new role",
        int(form.get("permissions") or 0),
        color=int(form.get("color") or 0),
        hoist=bool(form.get("hoist")),
        mentionable=bool(form.get("mentionable")),
    )
    return payloads.role(role)


@route("PATCH", "/guilds/{guild_id}/roles/{role_id}")
def edit_role(call: Call) -> Any:
    """Edit a role."""
    guild = home(call, P.MANAGE_ROLES)
    role = _below_mine(call, guild, call.id_of("role_id"))
    form = call.form()
    check_types(form, name=str, color=int, hoist=bool, mentionable=bool)
    for key in ("name", "color", "hoist", "mentionable"):
        if form.get(key) is not None:
            setattr(role, key, form[key])
    if form.get("permissions") is not None:
        role.permissions = int(form["permissions"])
    act.role_changed(call.core, guild, role)
    return payloads.role(role)


@route("DELETE", "/guilds/{guild_id}/roles/{role_id}")
def delete_role(call: Call) -> Any:
    """Delete a role."""
    guild = home(call, P.MANAGE_ROLES)
    act.remove_role(call.core, guild, _below_mine(call, guild, call.id_of("role_id")))
