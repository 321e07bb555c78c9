"""Messages: post, edit, delete, react; the events they make and the record of who made them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox import payloads
from sandbox.core import Core
from sandbox.errors import ApiError, missing_permissions, unknown
from sandbox.hub import current_call
from sandbox.ids import iso
from sandbox.permissions import P, channel_permissions
from sandbox.world import Channel, Interaction, Message, User

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SETTABLE_FLAGS = (1 << 2) | EPHEMERAL | (1 << 12) | (1 << 13) | (1 << 15)
_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")


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
        type=19 if draft.reply_to is not None and draft.type == 0 else draft.type,
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
    )
    if draft.reply_to is not None:
        message.reference = reference_to(draft.reply_to)
    _fill_mentions(core, message, draft.reply_to)
    _wake_thread(core, channel, draft.author)
    channel.add(message)
    if channel.is_thread and not opening and draft.type not in (18, 21):
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
        reference=int(reference["message_id"]) if "message_id" in reference else None,
        allowed_mentions=message.allowed_mentions,
        ephemeral_for=message.visible_to,
        interaction_id=message.interaction.id if message.interaction else None,
        via=via,
        request=call.id if call else None,
    )


def reference_to(message: Message) -> dict[str, Any]:
    """Return the message_reference of a reply to a message. Source: protocol rest.6."""
    reference: dict[str, Any] = {
        "type": 0,
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
    }
    if message.guild_id is not None:
        reference["guild_id"] = str(message.guild_id)
    return reference


_ONE = {"min_values": 1, "max_values": 1}
_COMPONENT_DEFAULTS: dict[Any, dict[str, Any]] = {
    **dict.fromkeys((3, 5, 6, 7, 8), _ONE),
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False},
    14: {"spacing": 1, "divider": True},
    17: {"accent_color": None, "spoiler": False},
}


def numbered(components: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return components as Discord stores them: numbered in reading order, defaults filled in.

    Source: openapi create_message, protocol rest.1.
    """
    count = 0

    def visit(component: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        given = {key: value for key, value in component.items() if value is not None}
        copy = _COMPONENT_DEFAULTS.get(component["type"], {}) | given
        copy["id"] = component.get("id") or count
        for key in ("components", "items", "options"):
            if key in copy and key != "options":
                copy[key] = [visit(item) if "type" in item else item for item in copy[key]]
        for key in ("accessory", "component"):
            if isinstance(copy.get(key), dict):
                copy[key] = visit(copy[key])
        return copy

    return [visit(component) for component in components]


def _fill_mentions(core: Core, message: Message, replied: Message | None) -> None:
    """Resolve mentions the way allowed_mentions lets them ping; without it everything does."""
    allowed = message.allowed_mentions
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or ())
    users = {int(item) for item in (allowed or {}).get("users") or ()}
    roles = {int(item) for item in (allowed or {}).get("roles") or ()}
    found: dict[int, User] = {}
    for user_id in map(int, _USER.findall(message.content)):
        if user_id in core.world.users and ("users" in parse or user_id in users):
            found[user_id] = core.world.users[user_id]
    pings_author = allowed is None or bool(allowed.get("replied_user"))
    if replied is not None and pings_author and replied.author.id in core.world.users:
        found[replied.author.id] = replied.author
    message.mentions = list(found.values())
    guild = core.world.guilds.get(message.guild_id) if message.guild_id else None
    if guild is None:
        return
    named = dict.fromkeys(map(int, _ROLE.findall(message.content)))
    message.mention_roles = [r for r in named if r in guild.roles and ("roles" in parse or r in roles)]
    if "everyone" in parse and ("@everyone" in message.content or "@here" in message.content):
        permissions = channel_permissions(
            guild, guild.members.get(message.author.id), core.world.channels[message.channel_id]
        )
        message.mention_everyone = bool(permissions & P.MENTION_EVERYONE)


def _wake_thread(core: Core, channel: Channel, author: User) -> None:
    """Unarchive a thread that is written in, and make the writer a member of it."""
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
    _fill_mentions(core, message, None)
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


def react(core: Core, message: Message, user: User, emoji: str, *, add: bool = True) -> None:
    """Add or take back a reaction; doing it twice changes nothing."""
    givers = message.reactions.setdefault(emoji, [])
    if add == (user.id in givers):
        return
    if add:
        givers.append(user.id)
    else:
        givers.remove(user.id)
    if not givers:
        del message.reactions[emoji]
    data: dict[str, Any] = {
        "user_id": str(user.id),
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "emoji": payloads.emoji(emoji),
        "burst": False,
        "type": 0,
    }
    if message.guild_id is not None:
        data["guild_id"] = str(message.guild_id)
    if add:
        data["message_author_id"] = str(message.author.id)
        member = core.world.member(message.guild_id, user.id)
        if member is not None:
            data["member"] = payloads.member(member)
    core.record.add("reaction", message_id=message.id, user_id=user.id, emoji=emoji, added=add)
    channel = core.world.channels[message.channel_id]
    name = "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE"
    core.hub.emit(name, data, guild_id=message.guild_id, channel=channel)


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


def may(core: Core, channel: Channel, user: User) -> int:
    """Return what a user may do in a channel; a DM allows its recipients to talk."""
    if channel.guild_id is None:
        return _DM if any(person.id == user.id for person in channel.recipients) else 0
    guild = core.world.guilds[channel.guild_id]
    return channel_permissions(guild, guild.members.get(user.id), channel)


_DM = int(
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.READ_MESSAGE_HISTORY
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.ADD_REACTIONS
    | P.USE_APPLICATION_COMMANDS
)


def check_sendable(core: Core, channel: Channel, user: User) -> None:
    """Check that a user may write here.

    Raises:
        ApiError: 50008 not a text channel, 50013 no permission, 50083 archived and locked, 160005 locked.
    """
    if channel.type in (4, 15):
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    permissions = may(core, channel, user)
    if not permissions & P.SEND_MESSAGES:
        raise missing_permissions()
    if channel.is_thread and channel.locked and not permissions & P.MANAGE_THREADS:
        raise (
            ApiError(400, 50083, "Thread is archived")
            if channel.archived
            else ApiError(400, 160005, "Thread is locked")
        )


def find(channel: Channel, message_id: int, viewer: int | None = None) -> Message:
    """Return a message of a channel; an ephemeral one only to the member it is for.

    Raises:
        ApiError: 10008.
    """
    message = channel.messages.get(message_id)
    if message is None or (message.visible_to is not None and message.visible_to != viewer):
        raise unknown("message")
    return message
