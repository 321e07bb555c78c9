"""Routes of messages: history, create with nonce and reply, edit, delete, bulk delete, pins."""

from typing import Any

from sandbox import content, payloads
from sandbox.actions import messages as act
from sandbox.errors import ApiError, invalid_form, missing_permissions, unknown
from sandbox.ids import snowflake_time
from sandbox.intents import PRIVILEGED_FLAGS, Intent
from sandbox.permissions import P
from sandbox.rest.call import Call, snowflake
from sandbox.rest.forms import draft_from, edit_changes
from sandbox.rest.guards import demand, message_in, place
from sandbox.rest.routing import route
from sandbox.world import Channel, Message

BULK_MIN, BULK_MAX, BULK_DAYS = 2, 100, 14


def shown(call: Call, message: Message) -> dict[str, Any]:
    """Return a message as this bot sees it: without content if its application lacks that intent."""
    body = payloads.message(call.core.world, message, call.me.bot.id)
    granted = bool(call.me.privileged & PRIVILEGED_FLAGS[Intent.MESSAGE_CONTENT])
    return content.shown(call.me, body, granted=granted, in_guild=message.guild_id is not None)


@route("GET", "/channels/{channel_id}/messages")
def history(call: Call) -> Any:
    """List messages, newest first."""
    channel = place(call)
    limit = call.number("limit", 50, 1, 100)
    if not act.may(call.core, channel, call.me.bot) & P.READ_MESSAGE_HISTORY:
        return []
    around = call.cursor("around")
    if around is not None:
        older = channel.history(limit // 2, before=around)
        newer = channel.history(limit - len(older), after=around - 1)
        return [shown(call, message) for message in newer + older]
    found = channel.history(limit, call.cursor("before"), call.cursor("after"))
    return [shown(call, message) for message in found]


@route("GET", "/channels/{channel_id}/messages/{message_id}")
def get_message(call: Call) -> Any:
    """Return one message."""
    channel = place(call, P.READ_MESSAGE_HISTORY)
    return shown(call, message_in(call, channel))


@route("POST", "/channels/{channel_id}/messages")
def create(call: Call) -> Any:
    """Post a message; with enforce_nonce the same nonce returns the first message instead."""
    channel = place(call)
    author = call.me.bot
    act.check_sendable(call.core, channel, author)
    form = call.form()
    draft = draft_from(call, channel, author)
    key = (channel.id, author.id, str(draft.nonce)) if draft.nonce is not None else None
    if key and form.get("enforce_nonce") and call.core.faults.enforce_nonce:
        first = _first_with_nonce(call, channel, key)
        if first is not None:
            call.core.record.add("nonce_hit", message_id=first.id, nonce=draft.nonce, request=call.id)
            return shown(call, first) | {"nonce": first.nonce}
    draft.reply_to = _replied_to(call, channel, form.get("message_reference"))
    message = act.post(call.core, draft)
    if key:
        call.core.world.nonces[key] = (call.core.clock.monotonic(), message.id)
    body = shown(call, message)
    return body | {"nonce": message.nonce} if message.nonce is not None else body


def _first_with_nonce(call: Call, channel: Channel, key: tuple[int, int, str]) -> Message | None:
    made, message_id = call.core.world.nonces.get(key, (0.0, 0))
    if call.core.clock.monotonic() - made > call.core.nonce_window:
        return None
    return channel.messages.get(message_id)


def _replied_to(call: Call, channel: Channel, reference: Any) -> Message | None:
    """Return the message a reply points at; a missing one is an error unless fail_if_not_exists is false."""
    if reference is None:
        return None
    if not isinstance(reference, dict) or "message_id" not in reference:
        raise invalid_form("message_reference.message_id", "BASE_TYPE_REQUIRED", "This field is required")
    message_id = snowflake(reference["message_id"], "message_reference.message_id")
    named = reference.get("channel_id")
    if named is not None and snowflake(named, "message_reference.channel_id") != channel.id:
        raise invalid_form(
            "message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", "Cannot reply across channels"
        )
    demand_history(call, channel)
    found = channel.messages.get(message_id)
    if found is None or found.visible_to is not None:
        if reference.get("fail_if_not_exists", True) is False:
            return None
        raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    if found.type not in (0, 18, 19, 20, 23):
        raise invalid_form(
            "message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message"
        )
    return found


def demand_history(call: Call, channel: Channel) -> None:
    """Check that the bot may reply: it needs to read the history.

    Raises:
        ApiError: 160002.
    """
    if not act.may(call.core, channel, call.me.bot) & P.READ_MESSAGE_HISTORY:
        raise ApiError(400, 160002, "Cannot reply without permission to read message history")


@route("PATCH", "/channels/{channel_id}/messages/{message_id}")
def edit(call: Call) -> Any:
    """Edit an own message."""
    channel = place(call)
    message = message_in(call, channel)
    if message.author.id != call.me.bot.id:
        if set(call.form()) != {"flags"}:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        demand(call, channel, P.MANAGE_MESSAGES)
    not_archived(channel)
    act.edit(call.core, message, edit_changes(call, message))
    return shown(call, message)


def not_archived(channel: Channel) -> None:
    """Check that a thread is open.

    Raises:
        ApiError: 50083.
    """
    if channel.is_thread and channel.archived:
        raise ApiError(400, 50083, "Thread is archived")


@route("DELETE", "/channels/{channel_id}/messages/{message_id}")
def delete(call: Call) -> Any:
    """Delete an own message, or another's with MANAGE_MESSAGES."""
    channel = place(call)
    message = message_in(call, channel)
    if message.author.id != call.me.bot.id:
        demand(call, channel, P.MANAGE_MESSAGES)
    not_archived(channel)
    act.delete(call.core, channel, [message.id])


@route("POST", "/channels/{channel_id}/messages/bulk-delete")
def bulk_delete(call: Call) -> Any:
    """Delete 2 to 100 messages younger than two weeks; unknown ids are skipped."""
    channel = place(call, P.MANAGE_MESSAGES)
    ids = call.form().get("messages")
    if not isinstance(ids, list) or not BULK_MIN <= len(ids) <= BULK_MAX:
        raise ApiError(400, 50016, "You can only bulk delete between 2 and 100 messages.")
    wanted = [snowflake(item, "messages") for item in ids]
    if any((call.core.clock.now() - snowflake_time(item)).days >= BULK_DAYS for item in wanted):
        raise ApiError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    act.delete(call.core, channel, list(dict.fromkeys(wanted)), bulk=True)


@route("POST", "/channels/{channel_id}/typing")
def typing(call: Call) -> Any:
    """Show that the bot types."""
    act.typing(call.core, place(call, P.SEND_MESSAGES), call.me.bot)


@route("GET", "/channels/{channel_id}/messages/pins")
def list_pins(call: Call) -> Any:
    """List pinned messages, newest first."""
    channel = place(call, P.READ_MESSAGE_HISTORY)
    pinned = [m for m in channel.messages.values() if m.pinned]
    items = [{"pinned_at": shown(call, m)["timestamp"], "message": shown(call, m)} for m in reversed(pinned)]
    return {"items": items, "has_more": False}


@route("PUT", "/channels/{channel_id}/messages/pins/{message_id}")
def pin(call: Call) -> Any:
    """Pin a message."""
    _set_pinned(call, pinned=True)


@route("DELETE", "/channels/{channel_id}/messages/pins/{message_id}")
def unpin(call: Call) -> Any:
    """Unpin a message."""
    _set_pinned(call, pinned=False)


def _set_pinned(call: Call, *, pinned: bool) -> None:
    channel = place(call)
    allowed = act.may(call.core, channel, call.me.bot) & (P.MANAGE_MESSAGES | P.PIN_MESSAGES)
    if not allowed:
        raise missing_permissions()
    message = message_in(call, channel)
    if message.type not in (0, 19, 20, 23):
        raise unknown("message")
    message.pinned = pinned
    act.tell_update(call.core, message)
