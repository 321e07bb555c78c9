"""Routes of webhooks: a channel's own, and the followups of an interaction's token."""

from typing import Any

from sandbox import payloads
from sandbox.actions import interactions as act
from sandbox.actions import messages
from sandbox.actions.messages import Draft
from sandbox.errors import ApiError, invalid_form, unknown
from sandbox.permissions import P
from sandbox.rest.call import Call
from sandbox.rest.forms import draft_from, edit_changes
from sandbox.rest.guards import place
from sandbox.rest.routing import Status, route
from sandbox.world import Channel, Interaction, Message, User, Webhook

_BASE = "/webhooks/{webhook_id}/{webhook_token}"


def _behind(call: Call) -> Interaction | Webhook:
    """Return what the token opens: an interaction or a channel's webhook.

    Raises:
        ApiError: 10015, 50027.
    """
    hook = call.core.world.webhooks.get(call.id_of("webhook_id"))
    if hook is not None:
        if hook.token != call.params["webhook_token"]:
            raise ApiError(401, 50027, "Invalid Webhook Token")
        return hook
    item = act.live(call.core, call.id_of("webhook_id"), call.params["webhook_token"])
    call.app = call.core.world.applications[item.application_id]
    return item


@route("POST", _BASE, token=False)
def execute(call: Call) -> Any:
    """Post through a webhook, or follow up an interaction; answers with the message for wait=1."""
    target = _behind(call)
    if isinstance(target, Interaction):
        channel = call.core.world.channel(target.channel_id)
        message = act.followup(call.core, target, draft_from(call, channel, call.me.bot))
        return payloads.message(call.core.world, message, call.me.bot.id)
    message = messages.post(call.core, _webhook_draft(call, target))
    return payloads.message(call.core.world, message) if call.flag("wait") else Status(204)


def _webhook_draft(call: Call, hook: Webhook) -> Draft:
    channel = call.core.world.channel(call.cursor("thread_id") or hook.channel_id)
    if hook.channel_id not in (channel.id, channel.parent_id):
        raise unknown("channel")
    name = str(call.form().get("username") or hook.name)
    draft = draft_from(call, channel, User(hook.id, name, bot=True))
    draft.webhook_id, draft.via = hook.id, "webhook"
    draft.application_id = hook.application_id
    return draft


def _message(call: Call) -> Message:
    """Return the message of the path, @original included.

    Raises:
        ApiError: 10008.
    """
    target = _behind(call)
    name = call.params["message_id"]
    if isinstance(target, Interaction):
        if name == "@original":
            return act.original(call.core, target)
        channel = call.core.world.channel(target.channel_id)
        message = messages.find(channel, call.id_of("message_id"), target.user.id)
        if message.id != target.original_id and message.id not in target.followups:
            raise unknown("message")
        return message
    return _webhook_message(call, target)


def _webhook_message(call: Call, hook: Webhook) -> Message:
    channel: Channel = call.core.world.channel(call.cursor("thread_id") or hook.channel_id)
    message = messages.find(channel, call.id_of("message_id"))
    if message.webhook_id != hook.id:
        raise unknown("message")
    return message


@route("GET", _BASE + "/messages/{message_id}", token=False)
def get_message(call: Call) -> Any:
    """Return a message made through the token."""
    return payloads.message(call.core.world, _message(call))


@route("PATCH", _BASE + "/messages/{message_id}", token=False)
def edit_message(call: Call) -> Any:
    """Edit a message made through the token."""
    message = _message(call)
    target = _behind(call)
    changes = edit_changes(call, message)
    if isinstance(target, Interaction) and message.id == target.original_id:
        target.loading = False
    messages.edit(call.core, message, changes, via="followup")
    return payloads.message(call.core.world, message)


@route("DELETE", _BASE + "/messages/{message_id}", token=False)
def delete_message(call: Call) -> Any:
    """Delete a message made through the token."""
    message = _message(call)
    messages.delete(call.core, call.core.world.channel(message.channel_id), [message.id], via="followup")


@route("POST", "/channels/{channel_id}/webhooks")
def create_webhook(call: Call) -> Any:
    """Create a webhook in a channel."""
    channel = place(call, P.MANAGE_WEBHOOKS)
    name = call.form().get("name")
    if not isinstance(name, str) or not name.strip():
        raise invalid_form("name", "BASE_TYPE_REQUIRED", "This field is required")
    hook = Webhook(
        call.core.ids.make(),
        call.core.opaque(68),
        channel.id,
        channel.guild_id,
        name,
        call.me.id,
        call.me.bot,
    )
    call.core.world.webhooks[hook.id] = hook
    return _shown(call, hook)


@route("GET", "/channels/{channel_id}/webhooks")
def list_webhooks(call: Call) -> Any:
    """List a channel's webhooks."""
    channel = place(call, P.MANAGE_WEBHOOKS)
    return [_shown(call, hook) for hook in call.core.world.webhooks.values() if hook.channel_id == channel.id]


@route("GET", "/webhooks/{webhook_id}/{webhook_token}", token=False)
def get_webhook(call: Call) -> Any:
    """Return a webhook by its token."""
    hook = _behind(call)
    if isinstance(hook, Interaction):
        raise unknown("webhook")
    body = _shown(call, hook)
    del body["user"]
    return body


@route("DELETE", "/webhooks/{webhook_id}")
def delete_webhook(call: Call) -> Any:
    """Delete a webhook of a channel the bot manages."""
    hook = call.core.world.webhooks.get(call.id_of("webhook_id"))
    if hook is None:
        raise unknown("webhook")
    call.params["channel_id"] = str(hook.channel_id)
    place(call, P.MANAGE_WEBHOOKS)
    del call.core.world.webhooks[hook.id]


def _shown(call: Call, hook: Webhook) -> dict[str, Any]:
    return {
        "id": str(hook.id),
        "type": 1,
        "name": hook.name,
        "avatar": None,
        "channel_id": str(hook.channel_id),
        "guild_id": None if hook.guild_id is None else str(hook.guild_id),
        "application_id": None if hook.application_id is None else str(hook.application_id),
        "token": hook.token,
        "url": f"{call.core.urls['api_url']}/webhooks/{hook.id}/{hook.token}",
        "user": payloads.user(hook.creator),
    }
