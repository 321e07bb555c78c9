"""Routes of members: list, edit, kick, roles, bans."""

from datetime import timedelta
from typing import Any

from sandbox import payloads
from sandbox.actions import members as act
from sandbox.actions.access import check_above, check_above_role
from sandbox.errors import ApiError, invalid_form, missing_permissions, unknown
from sandbox.permissions import P, base_permissions
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.guards import home, member_of, myself
from sandbox.rest.routing import route
from sandbox.world import Guild, Member

MAX_TIMEOUT = timedelta(days=28)
_MEMBER: f.Fields = {
    "nick": f.text(32),
    "roles": f.many(f.snowflake, 350),
    "communication_disabled_until": f.moment,
    "mute": f.boolean,
    "deaf": f.boolean,
    "channel_id": f.snowflake,
    "flags": f.whole(0),
}
_ME: f.Fields = {
    "nick": f.text(32),
    "avatar": f.text(15_000_000),
    "bio": f.text(190),
    "banner": f.text(15_000_000),
}
_BAN: f.Fields = {"delete_message_seconds": f.whole(0, 604_800), "delete_message_days": f.whole(0, 7)}
_BULK: f.Fields = {
    "user_ids": f.many(f.snowflake, 200, 1),
    "delete_message_seconds": f.whole(0, 604_800),
}


@route("GET", "/guilds/{guild_id}/members")
def list_members(call: Call) -> Any:
    """List members in order of their ids."""
    guild = home(call)
    after, limit = call.cursor("after") or 0, call.number("limit", 1, 1, 1000)
    ids = sorted(user_id for user_id in guild.members if user_id > after)
    return [payloads.member(guild.members[user_id]) for user_id in ids[:limit]]


@route("GET", "/guilds/{guild_id}/members/search")
def search_members(call: Call) -> Any:
    """List members whose name or nick starts with the query."""
    guild = home(call)
    query, limit = call.query.get("query", "").lower(), call.number("limit", 1, 1, 1000)
    if not query:
        raise f.missing("query")
    names = [
        m
        for m in guild.members.values()
        if m.user.username.lower().startswith(query) or (m.nick or "").lower().startswith(query)
    ]
    return [payloads.member(person) for person in names[:limit]]


@route("GET", "/guilds/{guild_id}/members/{user_id}")
def get_member(call: Call) -> Any:
    """Return a member."""
    return payloads.member(member_of(call, home(call)))


@route("PATCH", "/guilds/{guild_id}/members/@me")
def edit_me(call: Call) -> Any:
    """Change the bot's own nick."""
    guild = home(call)
    form = call.read(_ME)
    me = myself(call, guild)
    if "nick" in form:
        home(call, P.CHANGE_NICKNAME)
        me.nick = form["nick"] or None
        act.member_changed(call.core, guild, me)
    return payloads.member(me)


@route("PATCH", "/guilds/{guild_id}/members/{user_id}")
def edit_member(call: Call) -> Any:
    """Change a member's nick, roles or timeout."""
    guild = home(call)
    member = member_of(call, guild)
    form = call.read(_MEMBER)
    _check_edit(call, guild, member, form)
    if "nick" in form:
        member.nick = form["nick"] or None
    if form.get("roles") is not None:
        member.roles = list(dict.fromkeys(form["roles"]))
    if "communication_disabled_until" in form:
        member.timeout_until = form["communication_disabled_until"]
    act.member_changed(call.core, guild, member)
    return payloads.member(member)


def _check_edit(call: Call, guild: Guild, member: Member, form: dict[str, Any]) -> None:
    """Check each change against the permission and rank it takes, before any is made."""
    mine = member.user.id == call.me.bot.id
    if "nick" in form:
        home(call, P.CHANGE_NICKNAME if mine else P.MANAGE_NICKNAMES)
        if not mine:
            check_above(guild, myself(call, guild), member)
    if form.get("roles") is not None:
        home(call, P.MANAGE_ROLES)
        for role_id in set(form["roles"]) ^ set(member.roles):
            _mine(call, guild, role_id)
    if "communication_disabled_until" in form:
        home(call, P.MODERATE_MEMBERS)
        _check_timeout(call, guild, member, form)


def _check_timeout(call: Call, guild: Guild, member: Member, form: dict[str, Any]) -> None:
    """Check a timeout: 28 days at most, of a member below who isn't an administrator.

    Source: openapi update_guild_member, docs resources/guild#modify-guild-member.
    """
    check_above(guild, myself(call, guild), member)
    until = form["communication_disabled_until"]
    if until is not None and base_permissions(guild, member) & P.ADMINISTRATOR:
        raise missing_permissions()
    if until is not None and until > call.core.clock.now() + MAX_TIMEOUT:
        raise invalid_form(
            "communication_disabled_until",
            "TIME_COMMUNICATION_DISABLED_TOO_LONG",
            "Communication can be disabled for up to 28 days.",
        )


@route("DELETE", "/guilds/{guild_id}/members/{user_id}")
def kick(call: Call) -> Any:
    """Kick a member of lower rank."""
    guild = home(call, P.KICK_MEMBERS)
    member = member_of(call, guild)
    check_above(guild, myself(call, guild), member)
    act.remove_member(call.core, guild, member.user.id)


@route("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def give_role(call: Call) -> Any:
    """Give a role."""
    _set_role(call, given=True)


@route("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}")
def take_role(call: Call) -> Any:
    """Take a role away."""
    _set_role(call, given=False)


def _set_role(call: Call, *, given: bool) -> None:
    guild = home(call, P.MANAGE_ROLES)
    member, role_id = member_of(call, guild), call.id_of("role_id")
    _mine(call, guild, role_id)
    if given == (role_id in member.roles):
        return
    member.roles = [*member.roles, role_id] if given else [r for r in member.roles if r != role_id]
    act.member_changed(call.core, guild, member)


def _mine(call: Call, guild: Guild, role_id: int) -> None:
    """Check that the bot may hand out a role.

    Raises:
        ApiError: 10011, 50013, 50028 for @everyone and roles of integrations.
    """
    role = guild.roles.get(role_id)
    if role is None:
        raise unknown("role")
    if role.id == guild.id or role.managed:
        raise ApiError(400, 50028, "Invalid Role")
    check_above_role(guild, myself(call, guild), role_id)


@route("GET", "/guilds/{guild_id}/bans")
def list_bans(call: Call) -> Any:
    """List bans in order of the users' ids."""
    guild = home(call, P.BAN_MEMBERS)
    limit = call.number("limit", 1000, 1, 1000)
    before, after = call.cursor("before"), call.cursor("after") or 0
    ids = sorted(i for i in guild.bans if i > after and (before is None or i < before))
    page = ids[-limit:] if before is not None else ids[:limit]
    return [_ban(call, guild, user_id) for user_id in page]


@route("GET", "/guilds/{guild_id}/bans/{user_id}")
def get_ban(call: Call) -> Any:
    """Return a ban."""
    guild = home(call, P.BAN_MEMBERS)
    user_id = call.id_of("user_id")
    if user_id not in guild.bans:
        raise unknown("ban")
    return _ban(call, guild, user_id)


def _ban(call: Call, guild: Guild, user_id: int) -> dict[str, Any]:
    return {"user": payloads.user(call.core.world.users[user_id]), "reason": guild.bans[user_id]}


@route("PUT", "/guilds/{guild_id}/bans/{user_id}")
def ban(call: Call) -> Any:
    """Ban a user and delete what they wrote lately."""
    guild = home(call, P.BAN_MEMBERS)
    form = call.read(_BAN)
    seconds = form.get("delete_message_seconds") or (form.get("delete_message_days") or 0) * 86_400
    _check_bannable(call, guild, call.id_of("user_id"))
    act.ban(call.core, guild, call.core.world.users[call.id_of("user_id")], call.reason, seconds)


def _check_bannable(call: Call, guild: Guild, user_id: int) -> None:
    if user_id not in call.core.world.users:
        raise unknown("user")
    target = guild.members.get(user_id)
    if target is not None:
        check_above(guild, myself(call, guild), target)


@route("DELETE", "/guilds/{guild_id}/bans/{user_id}")
def unban(call: Call) -> Any:
    """Lift a ban."""
    guild = home(call, P.BAN_MEMBERS)
    user = call.core.world.users.get(call.id_of("user_id"))
    if user is None:
        raise unknown("ban")
    act.unban(call.core, guild, user)


@route("POST", "/guilds/{guild_id}/bulk-ban")
def bulk_ban(call: Call) -> Any:
    """Ban up to 200 users at once; says which could not be.

    Source: docs resources/guild#bulk-guild-ban.
    """
    guild = home(call, P.BAN_MEMBERS | P.MANAGE_GUILD)
    form = call.read(_BULK, required=("user_ids",))
    done, failed = [], []
    for user_id in dict.fromkeys(form["user_ids"]):
        try:
            _check_bannable(call, guild, user_id)
        except ApiError:
            failed.append(str(user_id))
            continue
        if user_id in guild.bans:
            failed.append(str(user_id))
            continue
        seconds = form.get("delete_message_seconds") or 0
        act.ban(call.core, guild, call.core.world.users[user_id], call.reason, seconds)
        done.append(str(user_id))
    if not done:
        raise ApiError(400, 500_000, "Failed to ban users")
    return {"banned_users": done, "failed_users": failed}
