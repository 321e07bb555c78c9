"""Routes of users, the application and the gateway's address."""

from typing import Any

from sandbox import payloads
from sandbox.errors import unknown
from sandbox.rest.call import Call
from sandbox.rest.routing import route


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


@route("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> Any:
    """List the guilds the bot is in."""
    bot_id = call.me.bot.id
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": guild.owner_id == bot_id,
            "permissions": "0",
            "features": ["COMMUNITY"],
        }
        for guild in call.core.world.guilds.values()
        if bot_id in guild.members
    ]


@route("GET", "/users/{user_id}")
def get_user(call: Call) -> Any:
    """Return any user."""
    user = call.core.world.users.get(call.id_of("user_id"))
    if user is None:
        raise unknown("user")
    return payloads.user(user)


@route("GET", "/applications/@me")
def my_application(call: Call) -> Any:
    """Return the application itself."""
    count = sum(1 for guild in call.core.world.guilds.values() if call.me.bot.id in guild.members)
    return payloads.application(call.me, count)


@route("GET", "/oauth2/applications/@me")
def my_oauth_application(call: Call) -> Any:
    """Return the application itself, at its older address."""
    return my_application(call)
