"""Routes of pins, at their present and their older addresses."""

from datetime import datetime
from typing import Any

from sandbox.actions import messages as act
from sandbox.errors import ApiError, missing_permissions
from sandbox.ids import iso
from sandbox.permissions import P
from sandbox.rest import fields
from sandbox.rest.call import Call
from sandbox.rest.guards import can, message_in, not_archived, place
from sandbox.rest.messages import pinnable, shown
from sandbox.rest.routing import route
from sandbox.world import Channel, Message

MAX_PINS = 250


def _pinned(channel: Channel) -> list[tuple[datetime, Message]]:
    """Return the pinned messages, last pinned first."""
    found = [(m.pinned_at, m) for m in channel.messages.values() if m.pinned_at is not None]
    return sorted(found, key=lambda item: (item[0], item[1].id), reverse=True)


@route("GET", "/channels/{channel_id}/messages/pins")
def list_pins(call: Call) -> Any:
    """List pinned messages, last pinned first, in pages."""
    channel = place(call)
    limit = call.number("limit", 50, 1, 50)
    before = call.query.get("before")
    found = _pinned(channel) if can(call, channel, P.READ_MESSAGE_HISTORY) else []
    if before is not None:
        edge = fields.moment(before.replace(" ", "+"), "before")
        found = [item for item in found if item[0] < edge]
    items = [{"pinned_at": iso(at), "message": shown(call, message)} for at, message in found[:limit]]
    return {"items": items, "has_more": len(found) > limit}


@route("GET", "/channels/{channel_id}/pins")
def list_pins_plainly(call: Call) -> Any:
    """List up to 50 pinned messages at the older address."""
    channel = place(call)
    found = _pinned(channel) if can(call, channel, P.READ_MESSAGE_HISTORY) else []
    return [shown(call, message) for _, message in found[:50]]


def pin(call: Call) -> Any:
    """Pin a message."""
    channel, message = _target(call)
    if message.pinned_at is None and len(_pinned(channel)) >= MAX_PINS:
        raise ApiError(400, 30003, f"Maximum number of pins reached for the channel ({MAX_PINS})")
    act.pin(call.core, channel, message, call.me.bot, pinned=True)


def unpin(call: Call) -> Any:
    """Unpin a message."""
    channel, message = _target(call)
    act.pin(call.core, channel, message, call.me.bot, pinned=False)


def _target(call: Call) -> tuple[Channel, Message]:
    """Return the message that may be pinned; in a DM both people may.

    Source: docs topics/permissions#permissions-bitwise-permission-flags.
    """
    channel = place(call)
    if channel.guild_id is not None and not can(call, channel, P.PIN_MESSAGES):
        raise missing_permissions()
    message = message_in(call, channel)
    pinnable(message)
    not_archived(channel)
    return channel, message


for _base in ("/channels/{channel_id}/messages/pins", "/channels/{channel_id}/pins"):
    route("PUT", _base + "/{message_id}")(pin)
    route("DELETE", _base + "/{message_id}")(unpin)
