"""Routes of channels' webhooks: made, seen, changed, deleted, and followed channels."""

from typing import Any

from sandbox import payloads
from sandbox.actions import guilds as act
from sandbox.core import Core
from sandbox.errors import ApiError, invalid_form, unknown, wrong_channel_type
from sandbox.permissions import P
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.guards import demand, home, place
from sandbox.rest.routing import route
from sandbox.world import Channel, ChannelType, Webhook

MAX_WEBHOOKS = 15
FOLLOWER = 2
_HOLDERS = frozenset({ChannelType.TEXT, ChannelType.NEWS, ChannelType.FORUM, ChannelType.VOICE})


def _name(value: Any, path: str) -> str:
    """Return a webhook's name: 1 to 80 characters, none of Discord's own words.

    Source: openapi create_webhook, docs resources/webhook#create-webhook.
    """
    found = str(f.text(80, 1)(value, path)).strip()
    for word in ("discord", "clyde"):
        if word in found.lower():
            raise invalid_form(path, "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')
    if not found:
        raise f.missing(path)
    return found


_FORM: f.Fields = {"name": _name, "avatar": f.text(15_000_000)}
_EDIT: f.Fields = {**_FORM, "channel_id": f.snowflake}
_FOLLOW: f.Fields = {"webhook_channel_id": f.snowflake}


@route("POST", "/channels/{channel_id}/webhooks")
def create_webhook(call: Call) -> Any:
    """Create a webhook in a channel."""
    channel = place(call, P.MANAGE_WEBHOOKS)
    form = call.read(_FORM, required=("name",))
    _check_room(call.core, channel)
    hook = _new(call, channel, form["name"])
    hook.avatar = _face(call, form)
    act.webhooks_changed(call.core, channel)
    return shown(call, hook)


def _check_room(core: Core, channel: Channel) -> None:
    if channel.type not in _HOLDERS:
        raise wrong_channel_type()
    if sum(hook.channel_id == channel.id for hook in core.world.webhooks.values()) >= MAX_WEBHOOKS:
        raise ApiError(400, 30007, f"Maximum number of webhooks reached ({MAX_WEBHOOKS})")


def _new(call: Call, channel: Channel, name: str) -> Webhook:
    core = call.core
    hook = Webhook(
        core.ids.make(), core.opaque(68), channel.id, channel.guild_id, name, call.me.id, call.me.bot
    )
    core.world.webhooks[hook.id] = hook
    return hook


def _face(call: Call, form: dict[str, Any]) -> str | None:
    return None if form.get("avatar") is None else f"{call.core.rng.getrandbits(128):032x}"


@route("GET", "/channels/{channel_id}/webhooks")
def list_webhooks(call: Call) -> Any:
    """List a channel's webhooks."""
    channel = place(call, P.MANAGE_WEBHOOKS)
    return [shown(call, hook) for hook in call.core.world.webhooks.values() if hook.channel_id == channel.id]


@route("GET", "/guilds/{guild_id}/webhooks")
def list_guild_webhooks(call: Call) -> Any:
    """List a guild's webhooks."""
    guild = home(call, P.MANAGE_WEBHOOKS)
    return [shown(call, hook) for hook in call.core.world.webhooks.values() if hook.guild_id == guild.id]


@route("POST", "/channels/{channel_id}/followers")
def follow(call: Call) -> Any:
    """Let a channel follow a news channel: what is published there comes here too."""
    source = place(call)
    wanted = call.read(_FOLLOW, required=("webhook_channel_id",))["webhook_channel_id"]
    if source.type != ChannelType.NEWS:
        raise wrong_channel_type()
    target = call.core.world.channel(wanted)
    demand(call, target, P.MANAGE_WEBHOOKS)
    _check_room(call.core, target)
    hook = _new(call, target, source.name)
    hook.type, hook.source = FOLLOWER, (source.guild_id or 0, source.id)
    act.webhooks_changed(call.core, target)
    return {"channel_id": str(source.id), "webhook_id": str(hook.id)}


def _managed(call: Call) -> tuple[Webhook, Channel]:
    """Return the webhook of the path, once the bot manages its channel.

    Raises:
        ApiError: 10015, 50001, 50013.
    """
    hook = call.core.world.webhooks.get(call.id_of("webhook_id"))
    if hook is None:
        raise unknown("webhook")
    channel = call.core.world.channel(hook.channel_id)
    demand(call, channel, P.MANAGE_WEBHOOKS)
    return hook, channel


def _by_token(call: Call) -> Webhook:
    """Return the webhook of the path's id and token.

    Raises:
        ApiError: 10015, 50027.
    """
    hook = call.core.world.webhooks.get(call.id_of("webhook_id"))
    if hook is None:
        raise unknown("webhook")
    if hook.token != call.params["webhook_token"]:
        raise ApiError(401, 50027, "Invalid Webhook Token")
    return hook


@route("GET", "/webhooks/{webhook_id}")
def get_webhook(call: Call) -> Any:
    """Return a webhook."""
    return shown(call, _managed(call)[0])


@route("GET", "/webhooks/{webhook_id}/{webhook_token}", token=False)
def get_by_token(call: Call) -> Any:
    """Return a webhook by its token, without who made it."""
    return _without_maker(shown(call, _by_token(call)))


@route("PATCH", "/webhooks/{webhook_id}")
def edit_webhook(call: Call) -> Any:
    """Rename a webhook, or move it to another channel."""
    hook, channel = _managed(call)
    form = call.read(_EDIT)
    if form.get("channel_id") is not None:
        target = call.core.world.channel(form["channel_id"])
        demand(call, target, P.MANAGE_WEBHOOKS)
        if target.guild_id != hook.guild_id or target.type not in _HOLDERS:
            raise wrong_channel_type()
        hook.channel_id = target.id
        act.webhooks_changed(call.core, target)
    _apply(call, hook, form)
    act.webhooks_changed(call.core, channel)
    return shown(call, hook)


@route("PATCH", "/webhooks/{webhook_id}/{webhook_token}", token=False)
def edit_by_token(call: Call) -> Any:
    """Rename a webhook by its token."""
    hook = _by_token(call)
    _apply(call, hook, call.read(_FORM))
    act.webhooks_changed(call.core, call.core.world.channel(hook.channel_id))
    return _without_maker(shown(call, hook))


def _apply(call: Call, hook: Webhook, form: dict[str, Any]) -> None:
    hook.name = form.get("name") or hook.name
    if "avatar" in form:
        hook.avatar = _face(call, form)


@route("DELETE", "/webhooks/{webhook_id}")
def delete_webhook(call: Call) -> Any:
    """Delete a webhook of a channel the bot manages."""
    _delete(call, _managed(call)[0])


@route("DELETE", "/webhooks/{webhook_id}/{webhook_token}", token=False)
def delete_by_token(call: Call) -> Any:
    """Delete a webhook by its token."""
    _delete(call, _by_token(call))


def _delete(call: Call, hook: Webhook) -> None:
    del call.core.world.webhooks[hook.id]
    act.webhooks_changed(call.core, call.core.world.channel(hook.channel_id))


def _without_maker(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "user"}


def shown(call: Call, hook: Webhook) -> dict[str, Any]:
    """Return a webhook object; one that follows a channel has a source and no token."""
    body: dict[str, Any] = {
        "id": str(hook.id),
        "type": hook.type,
        "name": hook.name,
        "avatar": hook.avatar,
        "channel_id": str(hook.channel_id),
        "guild_id": None if hook.guild_id is None else str(hook.guild_id),
        "application_id": None if hook.application_id is None else str(hook.application_id),
        "user": payloads.user(hook.creator),
    }
    if hook.source is None:
        address = f"{call.core.urls['api_url']}/webhooks/{hook.id}/{hook.token}"
        return body | {"token": hook.token, "url": address}
    guild_id, channel_id = hook.source
    guild, channel = call.core.world.guilds.get(guild_id), call.core.world.channels.get(channel_id)
    if guild is not None and channel is not None:
        body["source_guild"] = {"id": str(guild.id), "name": guild.name, "icon": guild.settings.get("icon")}
        body["source_channel"] = {"id": str(channel.id), "name": channel.name}
    return body | {"application_id": None}
