"""Operations of members who talk: say, edit, delete, react, threads, forum posts, and what they see."""

import base64
from datetime import UTC, datetime
from typing import Any

from sandbox import payloads
from sandbox.actions import access, messages, reactions
from sandbox.actions import guilds as act
from sandbox.actions import threads as thread_act
from sandbox.actions.access import may
from sandbox.actions.messages import Draft
from sandbox.core import Core
from sandbox.errors import ApiError, archived, missing_access, missing_permissions
from sandbox.ops.registry import (
    OperationError,
    Ref,
    named,
    operation,
    the_app,
    the_channel,
    the_guild,
    the_message,
    the_user,
)
from sandbox.permissions import P
from sandbox.rest import fields
from sandbox.rest.call import Upload
from sandbox.rest.components import in_message
from sandbox.rest.embeds import embeds as embeds_of
from sandbox.rest.forms import allowed_mentions
from sandbox.rest.forms import content as content_of
from sandbox.rest.uploads import attach
from sandbox.world import Channel, ChannelType, Message, User

_PINNABLE = (0, 19, 20, 23)


def described(core: Core, message: Message) -> dict[str, Any]:
    """Return a message as the driver hands it out: the event payload, with what only the sandbox knows."""
    body = messages.event_payload(core, message, created=True)
    return body | {"ephemeral_for": message.visible_to, "allowed_mentions": message.allowed_mentions}


def moment(ts: str | float | None) -> datetime | None:
    """Return a time given as ISO text (UTC when it names no zone) or as seconds since 1970."""
    if ts is None:
        return None
    if isinstance(ts, int | float):
        return datetime.fromtimestamp(ts, UTC)
    found = datetime.fromisoformat(ts)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@operation
def say(core: Core, author: Ref, content: str, channel: Ref, **more: Any) -> dict[str, Any]:
    """Post a message as a member, a bot or (with `webhook`: a name) a webhook.

    More: reply_to, attachments [{filename, content_b64, content_type}], embeds, components, allowed_mentions,
    ts, nonce, guild.

    Raises:
        ApiError: the member may not.
    """
    return described(core, _say(core, author, content, channel, more))


def _say(core: Core, author: Ref, content: str, channel: Ref, more: dict[str, Any]) -> Message:
    place = the_channel(core, channel, more.get("guild"))
    webhook = more.get("webhook")
    if webhook is None:
        user = the_user(core, author)
        _check_sees(core, place, user)
        access.check_sendable(core, place, user)
        if more.get("ts") is None:
            access.check_slowmode(core, place, user)
        if more.get("attachments"):
            _demand(core, place, user, P.ATTACH_FILES)
    else:
        user = User(core.ids.make(), str(webhook), bot=True)
    mentions = more.get("allowed_mentions")
    draft = Draft(
        place,
        user,
        content_of(content, "content") if content else "",
        embeds=embeds_of(more.get("embeds") or [], "embeds"),
        components=in_message(more.get("components") or [], "components", v2=False),
        nonce=more.get("nonce"),
        allowed_mentions=None if mentions is None else allowed_mentions(mentions, "allowed_mentions"),
        at=moment(more.get("ts")),
        webhook_id=user.id if webhook is not None else None,
        via="driver",
    )
    draft.attachments = [attached(core, place, item) for item in more.get("attachments") or ()]
    if more.get("reply_to") is not None:
        draft.reply_to = the_message(core, more["reply_to"])
    return messages.post(core, draft)


def attached(core: Core, place: Channel, item: dict[str, Any]) -> dict[str, Any]:
    """Store a file, {filename, content_b64, content_type?}, on the CDN; return its attachment object."""
    content = base64.b64decode(item.get("content_b64") or "")
    return attach(core, place, Upload(item["filename"], item.get("content_type") or "", content))


def _check_sees(core: Core, place: Channel, user: User) -> None:
    if not may(core, place, user) & P.VIEW_CHANNEL:
        raise missing_access()


def _demand(core: Core, place: Channel, user: User, *one_of: P) -> None:
    """Check that a user sees a channel and has one of these permissions in it.

    Raises:
        ApiError: 50001, 50013.
    """
    _check_sees(core, place, user)
    held = may(core, place, user)
    if not any(held & needed for needed in one_of):
        raise missing_permissions()


@operation
def say_many(core: Core, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Post many messages in order: [{author, content, channel, ...}]; return their ids."""
    ids = []
    for item in messages:
        args = dict(item)
        made = _say(core, args.pop("author", None), args.pop("content"), args.pop("channel"), args)
        ids.append(made.id)
    return {"ids": ids}


@operation
def edit(
    core: Core, message: Ref, content: str | None = None, by: Ref = None, **changes: Any
) -> dict[str, Any]:
    """Edit a message, as its author (`by` is checked to be that one).

    Raises:
        ApiError: 50005 when it is somebody else's.
    """
    found = the_message(core, message)
    if by is not None and the_user(core, by).id != found.author.id:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    form = changes | ({"content": content} if content is not None else {})
    if "content" in form:
        form["content"] = content_of(form["content"], "content")
    if "embeds" in form:
        form["embeds"] = embeds_of(form["embeds"], "embeds")
    messages.edit(core, found, form, via="driver")
    return described(core, found)


@operation
def delete(core: Core, message: Ref, by: Ref = None) -> None:
    """Delete a message, as its author or as a member who may.

    Raises:
        ApiError: 50013.
    """
    found = the_message(core, message)
    place = core.world.channel(found.channel_id)
    if by is not None:
        user = the_user(core, by)
        if user.id != found.author.id and not may(core, place, user) & P.MANAGE_MESSAGES:
            raise missing_permissions()
    messages.delete(core, place, [found.id], via="driver")


@operation
def delete_many(core: Core, channel: Ref, messages: list[Ref]) -> None:
    """Delete several messages as one bulk deletion."""
    place = the_channel(core, channel)
    ids = [the_message(core, ref).id for ref in messages]
    _delete(core, place, ids)


def _delete(core: Core, place: Channel, ids: list[int]) -> None:
    messages.delete(core, place, ids, via="driver", bulk=True)


@operation
def react(core: Core, user: Ref, message: Ref, emoji: str, add: bool = True) -> None:
    """Add or take back a reaction, as a member; the first of its kind takes ADD_REACTIONS.

    Source: openapi add_my_message_reaction, docs resources/message#create-reaction.

    Raises:
        ApiError: 50001, 50013 when they may not, 50083 in an archived thread, 30010 one kind too many.
    """
    found, who = the_message(core, message), the_user(core, user)
    place = core.world.channel(found.channel_id)
    _demand(core, place, who, P.READ_MESSAGE_HISTORY)
    if add and emoji not in found.reactions:
        _demand(core, place, who, P.ADD_REACTIONS)
    if place.is_thread and place.archived:
        raise archived()
    reactions.react(core, found, who, emoji, add=add)


@operation
def typing(core: Core, user: Ref, channel: Ref) -> None:
    """Show that a member types.

    Source: openapi trigger_typing_indicator.

    Raises:
        ApiError: 50001, 50013 when they may not write here.
    """
    place, who = the_channel(core, channel), the_user(core, user)
    _demand(core, place, who, P.SEND_MESSAGES)
    messages.typing(core, place, who)


@operation
def pin(core: Core, message: Ref, by: Ref, add: bool = True) -> None:
    """Pin a message, or take the pin out, as a member.

    Source: openapi create_pin, docs topics/permissions#permissions-bitwise-permission-flags.

    Raises:
        ApiError: 50001, 50013, 50021 a message of the system.
    """
    found = the_message(core, message)
    place = core.world.channel(found.channel_id)
    if place.guild_id is not None:
        _demand(core, place, the_user(core, by), P.PIN_MESSAGES, P.MANAGE_MESSAGES)
    if found.type not in _PINNABLE or found.visible_to is not None:
        raise ApiError(403, 50021, "Cannot execute action on a system message")
    messages.pin(core, place, found, the_user(core, by), pinned=add)


@operation
def start_thread(
    core: Core,
    user: Ref,
    name: str,
    message: Ref = None,
    channel: Ref = None,
    private: bool = False,
) -> dict[str, Any]:
    """Start a thread from a message, or without one in a channel.

    Source: docs topics/threads#public-private-threads, openapi create_thread_from_message,
    openapi create_thread.

    Raises:
        ApiError: 50001, 50013, 160004, 50024 not in such a channel, 50035 its name.
    """
    found = the_message(core, message) if message is not None else None
    parent = the_channel(core, channel if found is None else found.channel_id)
    starter = the_user(core, user)
    _demand(core, parent, starter, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
    named(fields.text(100, 1)(name, "name"))
    if parent.type not in ((ChannelType.TEXT,) if private else (ChannelType.TEXT, ChannelType.NEWS)):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if private and found is not None:
        raise OperationError("a private thread doesn't start from a message: leave `message` out")
    access.check_slowmode(core, parent, starter, "thread")
    more = {"type": int(ChannelType.PRIVATE_THREAD)} if private else {}
    return payloads.channel(thread_act.new_thread(core, parent, name, starter, found, **more))


@operation
def open_post(  # noqa: PLR0913 - the arguments of a forum post
    core: Core,
    user: Ref,
    forum: Ref,
    title: str,
    content: str,
    *,
    attachments: list[dict[str, Any]] | None = None,
    tags: list[str] | None = None,
) -> dict[str, Any]:
    """Open a forum post, `tags` by their ids; return {thread, message}.

    Raises:
        ApiError: 50013.
    """
    place, author = the_channel(core, forum), the_user(core, user)
    _check_sees(core, place, author)
    if not may(core, place, author) & P.SEND_MESSAGES:
        raise missing_permissions()
    access.check_slowmode(core, place, author, "thread")
    thread = thread_act.new_thread(core, place, title, author, applied_tags=list(tags or ()))
    files = [attached(core, thread, item) for item in attachments or ()]
    draft = Draft(thread, author, content_of(content, "content"), attachments=files, via="driver")
    message = messages.post(core, draft, opening=True)
    return {"thread": payloads.channel(thread), "message": described(core, message)}


@operation
def join_thread(core: Core, user: Ref, thread: Ref, join: bool = True) -> None:
    """Add someone to a thread or take them out."""
    thread_act.join_thread(core, the_channel(core, thread), the_user(core, user), join=join)


@operation
def dm(core: Core, user: Ref, app: Ref = None) -> dict[str, Any]:
    """Return the DM channel of a user and an application's bot."""
    return payloads.channel(act.dm_channel(core, the_app(core, app).bot, the_user(core, user)))


@operation
def sees(core: Core, user: Ref, channel: Ref, limit: int = 1000) -> list[dict[str, Any]]:
    """Return what a member sees, oldest first: ephemeral ones for them included, none of a hidden channel."""
    place, viewer = the_channel(core, channel), the_user(core, user)
    allowed = may(core, place, viewer)
    if not allowed & P.VIEW_CHANNEL or not allowed & P.READ_MESSAGE_HISTORY:
        return []
    found = [m for m in place.messages.values() if m.visible_to in (None, viewer.id)]
    found.sort(key=lambda message: message.id)
    return [described(core, message) for message in found[-limit:]]


@operation
def channels_of(core: Core, user: Ref, guild: Ref = None) -> list[dict[str, Any]]:
    """Return the channels and open threads a member can see."""
    viewer, place = the_user(core, user), the_guild(core, guild)
    return [
        payloads.channel(item)
        for item in place.channels.values()
        if may(core, item, viewer) & P.VIEW_CHANNEL and not (item.is_thread and item.archived)
    ]


@operation
def history(core: Core, channel: Ref, limit: int = 1000) -> list[dict[str, Any]]:
    """Return the sandbox's own truth of a channel, oldest first, ephemeral messages left out."""
    place = the_channel(core, channel)
    return [described(core, message) for message in reversed(place.history(limit))]


@operation
def message(core: Core, message: Ref) -> dict[str, Any]:
    """Return one message."""
    return described(core, the_message(core, message))
