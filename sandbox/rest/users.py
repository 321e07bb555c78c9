"""Routes of users, DMs, the application and the gateway's address."""

from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.errors import ApiError, unknown
from sandbox.permissions import base_permissions
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.routing import route

_ME: f.Fields = {"username": f.text(32, 2), "avatar": f.text(15_000_000), "banner": f.text(15_000_000)}
_DM: f.Fields = {"recipient_id": f.snowflake}


@route("GET", "/gateway", token=False)
def gateway(call: Call) -> Any:
    """Return the gateway's address."""
    return {"url": call.core.urls["gateway_url"]}


@route("GET", "/gateway/bot")
def gateway_bot(call: Call) -> Any:
    """Return the gateway's address with the shards to use and the identifies left."""
    limit = call.core.starts.limit(call.me.id)
    return {"url": call.core.urls["gateway_url"], "shards": call.core.shards, "session_start_limit": limit}


@route("GET", "/users/@me")
def me(call: Call) -> Any:
    """Return the bot's own user."""
    return payloads.own_user(call.me.bot)


@route("PATCH", "/users/@me")
def edit_me(call: Call) -> Any:
    """Change the bot's name or face; a picture becomes a drawn one."""
    form = call.read(_ME)
    bot = call.me.bot
    bot.username = form.get("username") or bot.username
    if "avatar" in form:
        bot.avatar = None if form["avatar"] is None else f"{call.core.rng.getrandbits(128):032x}"
    call.core.hub.emit_to(call.me.id, "USER_UPDATE", payloads.own_user(bot))
    return payloads.own_user(bot)


@route("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> Any:
    """List the guilds the bot is in, by id, in pages."""
    bot_id = call.me.bot.id
    limit = call.number("limit", 200, 1, 200)
    before, after = call.cursor("before"), call.cursor("after") or 0
    mine = [g for g in call.core.world.guilds.values() if bot_id in g.members and g.id > after]
    mine = sorted((g for g in mine if before is None or g.id < before), key=lambda guild: guild.id)
    counts = call.flag("with_counts")
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": guild.settings.get("icon"),
            "banner": None,
            "owner": guild.owner_id == bot_id,
            "permissions": str(base_permissions(guild, guild.members[bot_id])),
            "features": ["COMMUNITY"],
        }
        | (
            {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
            if counts
            else {}
        )
        for guild in (mine[-limit:] if before is not None else mine[:limit])
    ]


@route("GET", "/users/{user_id}")
def get_user(call: Call) -> Any:
    """Return any user."""
    user = call.core.world.users.get(call.id_of("user_id"))
    if user is None:
        raise unknown("user")
    return payloads.user(user)


@route("POST", "/users/@me/channels")
def open_dm(call: Call) -> Any:
    """Return the DM channel with a user, making it on first use; whether they hear is seen when it is used.

    Source: docs resources/user#create-dm.
    """
    wanted = call.read(_DM, required=("recipient_id",))["recipient_id"]
    user = call.core.world.users.get(wanted)
    if user is None:
        raise ApiError(400, 50033, "Invalid Recipient(s)")
    if user.bot:
        raise ApiError(400, 50007, "Cannot send messages to this user")
    return payloads.channel(act.dm_channel(call.core, call.me.bot, user), call.me.bot.id)


@route("GET", "/applications/@me")
def my_application(call: Call) -> Any:
    """Return the application itself."""
    count = sum(1 for guild in call.core.world.guilds.values() if call.me.bot.id in guild.members)
    return payloads.application(call.me, count)


@route("GET", "/oauth2/applications/@me")
def my_oauth_application(call: Call) -> Any:
    """Return the application itself, at its older address."""
    return my_application(call)
