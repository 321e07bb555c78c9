"""Messages: post, edit, delete, react; the events they make and the record of who made them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox import payloads
from sandbox.actions.mentions import fill_mentions, numbered
from sandbox.core import Core
from sandbox.errors import unknown
from sandbox.hub import current_call
from sandbox.ids import iso
from sandbox.world import Channel, Interaction, Message, User

EPHEMERAL = 1 << 6
LOADING = 1 << 7
CROSSPOSTED = 1 << 0
IS_CROSSPOST = 1 << 1
PINNED, JOINED, RENAMED, REPLY, STARTER = 6, 7, 4, 19, 21
SUPPRESS_EMBEDS = 1 << 2
SETTABLE_FLAGS = SUPPRESS_EMBEDS | EPHEMERAL | (1 << 12) | (1 << 13) | (1 << 15)


@dataclass(slots=True)
class Draft:
    """A message about to be posted, already validated."""

    channel: Channel
    author: User
    content: str = ""
    type: int = 0
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    reply_to: Message | None = None
    reference: dict[str, Any] | None = None
    allowed_mentions: dict[str, Any] | None = None
    flags: int = 0
    nonce: str | int | None = None
    tts: bool = False
    webhook_id: int | None = None
    application_id: int | None = None
    interaction: Interaction | None = None
    visible_to: int | None = None
    at: datetime | None = None
    via: str = "rest"
    snapshots: list[dict[str, Any]] = field(default_factory=list)


def post(core: Core, draft: Draft, *, opening: bool = False) -> Message:
    """Store a message, record it and tell everyone who may see it; `opening` gives it its forum post's id."""
    channel = draft.channel
    message_id = channel.id if opening else core.ids.make(draft.at)
    message = Message(
        id=message_id,
        channel_id=channel.id,
        author=draft.author,
        timestamp=draft.at or core.clock.now(),
        content=draft.content,
        type=REPLY if draft.reply_to is not None and draft.type == 0 else draft.type,
        guild_id=channel.guild_id,
        embeds=draft.embeds,
        components=numbered(draft.components),
        attachments=draft.attachments,
        reference=draft.reference,
        allowed_mentions=draft.allowed_mentions,
        flags=draft.flags,
        nonce=draft.nonce,
        tts=draft.tts,
        webhook_id=draft.webhook_id,
        application_id=draft.application_id,
        interaction=draft.interaction,
        visible_to=draft.visible_to,
        snapshots=draft.snapshots,
    )
    if draft.reply_to is not None:
        message.reference = reference_to(draft.reply_to)
    fill_mentions(core, message, draft.reply_to)
    _wake_thread(core, channel, draft.author)
    channel.add(message)
    if channel.slowmode:
        channel.acted[draft.author.id, "message"] = core.clock.monotonic()
    if channel.is_thread and not opening and draft.type not in (18, STARTER):
        channel.message_count += 1
    _note(core, message, draft.via)
    if message.visible_to is None:
        core.hub.emit(
            "MESSAGE_CREATE",
            event_payload(core, message, created=True),
            guild_id=channel.guild_id,
            channel=channel,
            message=message,
        )
    else:
        _whisper(core, message, "MESSAGE_CREATE")
    return message


def _whisper(core: Core, message: Message, event: str) -> None:
    """Tell the one who sees an ephemeral message, on the pages they have open."""
    data = {"id": str(message.id), "channel_id": str(message.channel_id)}
    core.hub.whisper(message.visible_to or 0, event, data)


def _note(core: Core, message: Message, via: str) -> None:
    call = current_call.get()
    reference = message.reference or {}
    core.record.add(
        "message",
        message_id=message.id,
        channel_id=message.channel_id,
        guild_id=message.guild_id,
        author_id=message.author.id,
        author=message.author.username,
        bot=message.author.bot,
        webhook=message.webhook_id is not None,
        type=message.type,
        content=message.content,
        nonce=message.nonce,
        reference=int(reference["message_id"]) if message.type == REPLY and reference else None,
        allowed_mentions=message.allowed_mentions,
        ephemeral_for=message.visible_to,
        interaction_id=message.interaction.id if message.interaction else None,
        via=via,
        request=call.id if call else None,
    )


def reference_to(message: Message, kind: int = 0) -> dict[str, Any]:
    """Return the message_reference of a reply to a message (kind 0), or of a forward of it (1).

    Source: protocol rest.6.
    """
    reference: dict[str, Any] = {
        "type": kind,
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
    }
    if message.guild_id is not None:
        reference["guild_id"] = str(message.guild_id)
    return reference


def _wake_thread(core: Core, channel: Channel, author: User) -> None:
    """Unarchive a thread that is written in, and make the writer a member of it.

    So does an answer to an interaction, ephemeral too: nothing is exempt from "sending a message", and a
    callback in a thread that can't be unarchived fails as a message does (discord-api-docs, number 5517).
    Source: docs topics/threads#active-archived-threads.
    """
    if not channel.is_thread:
        return
    if channel.archived:
        channel.archived = False
        channel.archive_time = core.clock.now()
        core.hub.emit("THREAD_UPDATE", payloads.channel(channel), guild_id=channel.guild_id, channel=channel)
    if author.id not in channel.thread_members and core.world.member(channel.guild_id, author.id):
        channel.thread_members[author.id] = core.clock.now()
        core.hub.emit(
            "THREAD_MEMBERS_UPDATE",
            {
                "id": str(channel.id),
                "guild_id": str(channel.guild_id),
                "member_count": min(50, len(channel.thread_members)),
                "added_members": [payloads.thread_joined(core.world, channel, author.id)],
            },
            guild_id=channel.guild_id,
            channel=channel,
            about=author.id,
        )


def event_payload(core: Core, message: Message, *, created: bool = False) -> dict[str, Any]:
    """Return a message as the gateway shows it: with guild_id and the author's membership."""
    body = payloads.message(core.world, message)
    channel = core.world.channels[message.channel_id]
    body["channel_type"] = int(channel.type)
    if created and message.nonce is not None:
        body["nonce"] = message.nonce
    if message.guild_id is None:
        return body
    body["guild_id"] = str(message.guild_id)
    member = core.world.member(message.guild_id, message.author.id)
    if member is not None and message.webhook_id is None:
        body["member"] = payloads.partial_member(member)
    for mention in body["mentions"]:
        known = core.world.member(message.guild_id, int(mention["id"]))
        if known is not None:
            mention["member"] = payloads.partial_member(known)
    return body


def edit(core: Core, message: Message, changes: dict[str, Any], via: str = "rest") -> None:
    """Change content, embeds, components, attachments or flags of a message."""
    changed = {
        k: v for k, v in changes.items() if k in {"content", "embeds", "components", "attachments", "flags"}
    }
    if "components" in changed:
        changed["components"] = numbered(changed["components"])
    for name, value in changed.items():
        setattr(message, name, value)
    if message.flags & LOADING:
        message.flags &= ~LOADING
    else:
        message.edited = core.clock.now()
    if "allowed_mentions" in changes:
        message.allowed_mentions = changes["allowed_mentions"]
    fill_mentions(core, message, None)
    call = current_call.get()
    core.record.add(
        "message_edit",
        message_id=message.id,
        channel_id=message.channel_id,
        guild_id=message.guild_id,
        author_id=message.author.id,
        content=message.content,
        interaction_id=message.interaction.id if message.interaction else None,
        via=via,
        request=call.id if call else None,
    )
    tell_update(core, message)


def tell_update(core: Core, message: Message) -> None:
    """Send MESSAGE_UPDATE unless the message is ephemeral."""
    if message.visible_to is None:
        core.hub.emit(
            "MESSAGE_UPDATE",
            event_payload(core, message),
            guild_id=message.guild_id,
            channel=core.world.channels[message.channel_id],
            message=message,
        )
    else:
        _whisper(core, message, "MESSAGE_UPDATE")


def delete(
    core: Core, channel: Channel, message_ids: Sequence[int], via: str = "rest", *, bulk: bool = False
) -> None:
    """Delete messages; several in bulk make one event."""
    gone = [channel.messages[message_id] for message_id in message_ids if message_id in channel.messages]
    for message in gone:
        channel.remove(message.id)
        core.record.add("message_delete", message_id=message.id, channel_id=channel.id, via=via)
        if message.visible_to is not None:
            _whisper(core, message, "MESSAGE_DELETE")
    shown = [message for message in gone if message.visible_to is None]
    where: dict[str, Any] = {"channel_id": str(channel.id)}
    if channel.guild_id is not None:
        where["guild_id"] = str(channel.guild_id)
    if bulk and shown:
        ids = [str(message.id) for message in shown]
        core.hub.emit("MESSAGE_DELETE_BULK", where | {"ids": ids}, guild_id=channel.guild_id, channel=channel)
        return
    for message in shown:
        core.hub.emit(
            "MESSAGE_DELETE", where | {"id": str(message.id)}, guild_id=channel.guild_id, channel=channel
        )


def typing(core: Core, channel: Channel, user: User) -> None:
    """Show that someone types."""
    data: dict[str, Any] = {
        "channel_id": str(channel.id),
        "user_id": str(user.id),
        "timestamp": int(core.clock.now().timestamp()),
    }
    member = core.world.member(channel.guild_id, user.id)
    if channel.guild_id is not None and member is not None:
        data |= {"guild_id": str(channel.guild_id), "member": payloads.member(member)}
    core.record.add("typing", channel_id=channel.id, user_id=user.id, time=iso(core.clock.now()))
    core.hub.emit("TYPING_START", data, guild_id=channel.guild_id, channel=channel)


def find(channel: Channel, message_id: int, viewer: int | None = None) -> Message:
    """Return a message of a channel; an ephemeral one only to the member it is for.

    Raises:
        ApiError: 10008.
    """
    message = channel.messages.get(message_id)
    if message is None or (message.visible_to is not None and message.visible_to != viewer):
        raise unknown("message")
    return message


def pin(core: Core, channel: Channel, message: Message, user: User, *, pinned: bool) -> None:
    """Pin or unpin a message; a new pin is told by a system message. Doing it twice changes nothing.

    Source: openapi create_pin, docs events/gateway-events#channel-pins-update.
    """
    if (message.pinned_at is not None) == pinned:
        return
    message.pinned_at = core.clock.now() if pinned else None
    channel.last_pin = message.pinned_at or channel.last_pin
    tell_update(core, message)
    data: dict[str, Any] = {
        "channel_id": str(channel.id),
        "last_pin_timestamp": iso(channel.last_pin) if channel.last_pin else None,
    }
    if channel.guild_id is not None:
        data["guild_id"] = str(channel.guild_id)
    core.hub.emit("CHANNEL_PINS_UPDATE", data, guild_id=channel.guild_id, channel=channel)
    if pinned:
        post(core, Draft(channel, user, type=PINNED, reference=reference_to(message), via="system"))
