"""Routes of what a token opens: posting through a webhook, and the followups of an interaction."""

import hashlib
from typing import Any

from sandbox import payloads
from sandbox.actions import interactions as act
from sandbox.actions import messages, threads
from sandbox.errors import ApiError, archived, unknown
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.forms import draft_from, edit_changes
from sandbox.rest.routing import Status, route
from sandbox.world import Channel, ChannelType, Interaction, Message, User, Webhook

_BASE = "/webhooks/{webhook_id}/{webhook_token}"
_EXTRA: f.Fields = {
    "username": f.text(80, 1),
    "avatar_url": f.url,
    "thread_name": f.text(100),
    "applied_tags": f.many(f.snowflake, 5),
}


def _behind(call: Call) -> Interaction | Webhook:
    """Return what the token opens: an interaction or a channel's webhook.

    Source: protocol interactions.1, protocol interactions.3.

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
    message = _post(call, target)
    return payloads.message(call.core.world, message) if call.flag("wait") else Status(204)


def _post(call: Call, hook: Webhook) -> Message:
    """Post as a webhook, in its channel, a thread of it or a new forum post.

    Source: openapi execute_webhook, docs resources/webhook#execute-webhook.

    Raises:
        ApiError: 220001 to 220003 a forum without a thread or a thread elsewhere, 50083 archived and locked.
    """
    channel = _channel(call, hook)
    form = call.read(_EXTRA)
    forum = channel.type == ChannelType.FORUM
    if forum and not form.get("thread_name"):
        raise ApiError(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
    if form.get("thread_name") and call.query.get("thread_id") is not None:
        raise ApiError(
            400, 220002, "Webhooks posted to forum channels cannot have both a thread_name and thread_id"
        )
    if form.get("thread_name") and not forum:
        raise ApiError(400, 220003, "Webhooks can only create threads in forum channels")
    if channel.is_thread and channel.archived and channel.locked:
        raise archived()
    author = User(hook.id, form.get("username") or hook.name, bot=True, avatar=hook.avatar)
    if form.get("avatar_url"):
        author.avatar = hashlib.blake2b(form["avatar_url"].encode(), digest_size=16).hexdigest()
    draft = draft_from(call, channel, author)
    draft.webhook_id, draft.via = hook.id, "webhook"
    draft.application_id = hook.application_id
    if forum:
        draft.channel = _open(call, hook, channel, form)
    return messages.post(call.core, draft, opening=forum)


def _open(call: Call, hook: Webhook, forum: Channel, form: dict[str, Any]) -> Channel:
    tags = [str(tag) for tag in form.get("applied_tags") or ()]
    author = User(hook.id, hook.name, bot=True)
    return threads.new_thread(call.core, forum, form["thread_name"], author, applied_tags=tags)


def _channel(call: Call, hook: Webhook) -> Channel:
    """Return where a webhook acts: its channel, or the thread of it the query names.

    Raises:
        ApiError: 10003.
    """
    channel = call.core.world.channel(call.cursor("thread_id") or hook.channel_id)
    if hook.channel_id not in (channel.id, channel.parent_id):
        raise unknown("channel")
    return channel


def _message(call: Call) -> Message:
    """Return the message of the path, @original included.

    Raises:
        ApiError: 10008.
    """
    target = _behind(call)
    name = call.params["message_id"]
    if isinstance(target, Webhook):
        message = messages.find(_channel(call, target), call.id_of("message_id"))
        if message.webhook_id != target.id:
            raise unknown("message")
        return message
    if name == "@original":
        return act.original(call.core, target)
    channel = call.core.world.channel(target.channel_id)
    message = messages.find(channel, call.id_of("message_id"), target.user.id)
    if message.id != target.original_id and message.id not in target.followups:
        raise unknown("message")
    return message


@route("GET", _BASE + "/messages/{message_id}", token=False)
def get_message(call: Call) -> Any:
    """Return a message made through the token."""
    return payloads.message(call.core.world, _message(call))


@route("PATCH", _BASE + "/messages/{message_id}", token=False)
def edit_message(call: Call) -> Any:
    """Edit a message made through the token; a deferred answer is filled by it."""
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
