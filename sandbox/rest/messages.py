"""Routes of messages: history, create with nonce, reply and forward, edit, delete, bulk delete, crosspost."""

from typing import Any

from sandbox import content, payloads
from sandbox.actions import access
from sandbox.actions import messages as act
from sandbox.actions.messages import CROSSPOSTED, IS_CROSSPOST
from sandbox.errors import ApiError, invalid_form, missing_access, unknown
from sandbox.ids import snowflake_time
from sandbox.intents import PRIVILEGED_FLAGS, Intent
from sandbox.permissions import P
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.forms import draft_of, edit_changes, message_form
from sandbox.rest.guards import can, demand, message_in, not_archived, place
from sandbox.rest.routing import route
from sandbox.world import Channel, ChannelType, Message, User

BULK_MIN, BULK_MAX, BULK_DAYS = 2, 100, 14
FORWARD = 1
_REPLIABLE = (0, 18, 19, 20, 23)
_BULK = f.many(f.snowflake, 1 << 20)


def shown(call: Call, message: Message) -> dict[str, Any]:
    """Return a message as this bot sees it: without content if its application lacks that intent.

    Source: protocol gateway.7.
    """
    body = payloads.message(call.core.world, message, call.me.bot.id)
    granted = bool(call.me.privileged & PRIVILEGED_FLAGS[Intent.MESSAGE_CONTENT])
    return content.shown(call.me, body, granted=granted, in_guild=message.guild_id is not None)


@route("GET", "/channels/{channel_id}/messages")
def history(call: Call) -> Any:
    """List messages, newest first."""
    channel = place(call)
    limit = call.number("limit", 50, 1, 100)
    around, before, after = call.cursor("around"), call.cursor("before"), call.cursor("after")
    if not can(call, channel, P.READ_MESSAGE_HISTORY):
        return []
    if around is not None:
        older = channel.history(limit // 2, before=around)
        newer = channel.history(limit - len(older), after=around - 1)
        return [shown(call, message) for message in newer + older]
    return [shown(call, message) for message in channel.history(limit, before, after)]


@route("GET", "/channels/{channel_id}/messages/{message_id}")
def get_message(call: Call) -> Any:
    """Return one message."""
    channel = place(call, P.READ_MESSAGE_HISTORY)
    return shown(call, message_in(call, channel))


@route("POST", "/channels/{channel_id}/messages")
def create(call: Call) -> Any:
    """Post a message; with enforce_nonce the same nonce returns the first message instead.

    Source: protocol rest.4, protocol rest.5, docs topics/permissions#permissions-bitwise-permission-flags.
    """
    channel = place(call)
    author = call.me.bot
    access.check_sendable(call.core, channel, author)
    form = message_form(call)
    reference = form.get("message_reference")
    if reference is not None and reference.get("type") == FORWARD:
        draft = _forward(call, channel, reference)
        draft.nonce = form.get("nonce")
    else:
        draft = draft_of(call, channel, author, form)
        demand(
            call, channel, (P.ATTACH_FILES if call.uploads else 0) | (P.EMBED_LINKS if draft.embeds else 0)
        )
    key = (channel.id, author.id, str(draft.nonce)) if draft.nonce is not None else None
    if key and form.get("enforce_nonce") and call.core.faults.enforce_nonce:
        first = _first_with_nonce(call, channel, key)
        if first is not None:
            call.core.record.add("nonce_hit", message_id=first.id, nonce=draft.nonce, request=call.id)
            return shown(call, first) | {"nonce": first.nonce}
    if not draft.snapshots:
        draft.reply_to = _replied_to(call, channel, reference)
    message = act.post(call.core, draft)
    if key:
        _remember(call, key, message)
    body = shown(call, message)
    return body | {"nonce": message.nonce} if message.nonce is not None else body


def _first_with_nonce(call: Call, channel: Channel, key: tuple[int, int, str]) -> Message | None:
    made, message_id = call.core.world.nonces.get(key, (0.0, 0))
    if call.core.clock.monotonic() - made > call.core.nonce_window:
        return None
    return channel.messages.get(message_id)


def _remember(call: Call, key: tuple[int, int, str], message: Message) -> None:
    """Note a message's nonce, and forget those whose time is over."""
    nonces, now = call.core.world.nonces, call.core.clock.monotonic()
    nonces.pop(key, None)
    nonces[key] = (now, message.id)  # the newest is the last
    while now - next(iter(nonces.values()))[0] > call.core.nonce_window:
        del nonces[next(iter(nonces))]


def _forward(call: Call, channel: Channel, reference: dict[str, Any]) -> act.Draft:
    """Return a draft that carries another message along.

    Source: docs resources/message#message-reference-types.

    Raises:
        ApiError: 50001 when the bot doesn't see the other channel, 50035 when the message isn't there.
    """
    source = call.core.world.channels.get(reference.get("channel_id") or channel.id)
    if source is None or not can(call, source, P.VIEW_CHANNEL):
        raise missing_access()
    found = source.messages.get(reference["message_id"])
    if found is None or found.visible_to is not None or not can(call, source, P.READ_MESSAGE_HISTORY):
        raise _unknown_reference()
    draft = act.Draft(channel, call.me.bot, reference=act.reference_to(found, FORWARD))
    draft.snapshots = [payloads.snapshot(found)]
    return draft


def _unknown_reference() -> ApiError:
    return invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")


def _replied_to(call: Call, channel: Channel, reference: dict[str, Any] | None) -> Message | None:
    """Return the message a reply points at; a missing one is an error unless fail_if_not_exists is false.

    Source: protocol rest.6.
    """
    if reference is None:
        return None
    if reference.get("channel_id", channel.id) != channel.id:
        raise invalid_form(
            "message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", "Cannot reply across channels"
        )
    if not can(call, channel, P.READ_MESSAGE_HISTORY):
        raise ApiError(400, 160002, "Cannot reply without permission to read message history")
    found = channel.messages.get(reference["message_id"])
    if found is None or found.visible_to is not None:
        if reference.get("fail_if_not_exists") is False:
            return None
        raise _unknown_reference()
    if found.type not in _REPLIABLE:
        raise invalid_form(
            "message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message"
        )
    return found


@route("PATCH", "/channels/{channel_id}/messages/{message_id}")
def edit(call: Call) -> Any:
    """Edit an own message; of others' only the embeds can be hidden, with MANAGE_MESSAGES."""
    channel = place(call)
    message = message_in(call, channel)
    if message.author.id != call.me.bot.id:
        if set(call.form()) != {"flags"}:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        demand(call, channel, P.MANAGE_MESSAGES)
    elif message.type not in _REPLIABLE:
        raise ApiError(400, 50021, "Cannot execute action on a system message")
    not_archived(channel)
    act.edit(call.core, message, edit_changes(call, message))
    return shown(call, message)


@route("DELETE", "/channels/{channel_id}/messages/{message_id}")
def delete(call: Call) -> Any:
    """Delete an own message, or another's with MANAGE_MESSAGES, also in an archived thread."""
    channel = place(call)
    message = message_in(call, channel)
    if message.type == act.STARTER:
        raise ApiError(403, 50021, "Cannot execute action on a system message")
    if message.author.id != call.me.bot.id:
        demand(call, channel, P.MANAGE_MESSAGES)
    act.delete(call.core, channel, [message.id])


@route("POST", "/channels/{channel_id}/messages/bulk-delete")
def bulk_delete(call: Call) -> Any:
    """Delete 2 to 100 messages younger than two weeks; unknown ids are skipped."""
    channel = place(call, P.MANAGE_MESSAGES)
    if channel.guild_id is None:
        raise ApiError(403, 50003, "Cannot execute action on a DM channel")
    wanted = call.read({"messages": _BULK}, required=("messages",))["messages"]
    if not BULK_MIN <= len(wanted) <= BULK_MAX:
        raise ApiError(400, 50016, "You can only bulk delete between 2 and 100 messages.")
    if any((call.core.clock.now() - snowflake_time(item)).days >= BULK_DAYS for item in wanted):
        raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    act.delete(call.core, channel, list(dict.fromkeys(wanted)), bulk=True)


@route("POST", "/channels/{channel_id}/messages/{message_id}/crosspost")
def crosspost(call: Call) -> Any:
    """Publish a message of a news channel to the channels that follow it."""
    channel = place(call, P.SEND_MESSAGES)
    message = message_in(call, channel)
    if channel.type != ChannelType.NEWS:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if message.author.id != call.me.bot.id:
        demand(call, channel, P.MANAGE_MESSAGES)
    if message.flags & CROSSPOSTED:
        raise ApiError(400, 40033, "This message has already been crossposted.")
    message.flags |= CROSSPOSTED
    act.tell_update(call.core, message)
    for hook in list(call.core.world.webhooks.values()):
        if hook.source == (channel.guild_id, channel.id):
            target = call.core.world.channels.get(hook.channel_id)
            if target is not None:
                _bring(call, message, target, hook.id, hook.name)
    return shown(call, message)


def _bring(call: Call, message: Message, target: Channel, hook_id: int, name: str) -> None:
    """Post a published message in a channel that follows."""
    draft = act.Draft(target, User(hook_id, name, bot=True), message.content, embeds=message.embeds)
    draft.attachments, draft.components = message.attachments, message.components
    draft.reference = act.reference_to(message)
    draft.flags, draft.webhook_id, draft.via = IS_CROSSPOST, hook_id, "webhook"
    act.post(call.core, draft)


@route("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> Any:
    """Show that the bot types."""
    act.typing(call.core, place(call, P.SEND_MESSAGES), call.me.bot)


def pinnable(message: Message) -> None:
    """Check that a message can be pinned.

    Raises:
        ApiError: 50021.
    """
    if message.type not in _REPLIABLE:
        raise ApiError(403, 50021, "Cannot execute action on a system message")
    if message.visible_to is not None:
        raise unknown("message")
