"""Interactions: a member's command, click or form, and what the application answers."""

from typing import Any

from sandbox import payloads
from sandbox.actions import messages
from sandbox.actions.access import may
from sandbox.actions.messages import EPHEMERAL, LOADING, Draft
from sandbox.core import Core
from sandbox.errors import ApiError, invalid_form, unknown
from sandbox.world import Application, Channel, Interaction, Message, User

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5


def start(
    core: Core,
    app: Application,
    kind: int,
    where: tuple[Channel, User],
    data: dict[str, Any],
    message: Message | None = None,
) -> Interaction:
    """Send an interaction of a member in a channel to an application."""
    channel, user = where
    item = Interaction(
        id=core.ids.make(),
        token="aW50ZXJhY3Rpb24" + core.opaque(140),
        type=kind,
        application_id=app.id,
        channel_id=channel.id,
        guild_id=channel.guild_id,
        user=user,
        data=data,
        created=core.clock.monotonic(),
        message=message,
        name=data.get("name", ""),
    )
    _keep(core, item)
    core.record.add(
        "interaction",
        interaction_id=item.id,
        type=kind,
        application_id=app.id,
        channel_id=channel.id,
        guild_id=channel.guild_id,
        user_id=user.id,
        data=data,
    )
    core.hub.emit_to(app.id, "INTERACTION_CREATE", payload(core, app, item), guild_id=channel.guild_id)
    return item


def _keep(core: Core, item: Interaction) -> None:
    """Note an interaction, and forget those whose token ended a lifetime ago."""
    kept = core.world.interactions
    kept[item.token] = item
    while item.created - next(iter(kept.values())).created > 2 * core.interaction_lifetime:
        del kept[next(iter(kept))]


def payload(core: Core, app: Application, item: Interaction) -> dict[str, Any]:
    """Return INTERACTION_CREATE: with a channel object, the member's permissions in it and the application's.

    Source: protocol interactions.2, docs change-log#calculated-permissions-in-interaction-payloads.
    """
    channel = core.world.channel(item.channel_id)
    body: dict[str, Any] = {
        "id": str(item.id),
        "application_id": str(app.id),
        "type": item.type,
        "token": item.token,
        "version": 1,
        "data": item.data,
        "channel_id": str(channel.id),
        "channel": payloads.channel(channel, app.bot.id)
        | {"permissions": str(may(core, channel, item.user))},
        "app_permissions": str(may(core, channel, app.bot)),
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10_485_760,
        "authorizing_integration_owners": {"0": str(item.guild_id or 0)},
        "context": 0 if item.guild_id is not None else 1,
    }
    member = core.world.member(item.guild_id, item.user.id)
    if member is not None:
        permissions = str(may(core, channel, item.user))
        body["guild_id"] = str(item.guild_id)
        body["guild"] = {"id": str(item.guild_id), "locale": "en-US", "features": ["COMMUNITY"]}
        body["guild_locale"] = "en-US"
        body["member"] = payloads.member(member) | {"permissions": permissions}
    else:
        body["user"] = payloads.user(item.user)
    if item.message is not None:
        body["message"] = messages.event_payload(core, item.message)
    return body


def acknowledge(core: Core, item: Interaction, kind: int) -> None:
    """Count an answer as the interaction's first. Source: protocol interactions.1.

    Raises:
        ApiError: 10062 after the deadline, 40060 when it was acknowledged before.
    """
    if item.callback is not None:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    if core.clock.monotonic() - item.created > core.interaction_deadline:
        raise unknown("interaction")
    item.callback = kind


def check_kind(item: Interaction, kind: int) -> None:
    """Check that an answer of this kind fits the interaction; a form never answers a form.

    Source: openapi create_interaction_response,
    docs interactions/receiving-and-responding#interaction-response-object-interaction-callback-type.

    Raises:
        ApiError: 50035.
    """
    fits = {
        COMMAND: (4, 5, 9),
        COMPONENT: (4, 5, 6, 7, 9),
        AUTOCOMPLETE: (8,),
        MODAL: (4, 5, 6, 7) if item.message is not None else (4, 5),
    }
    if kind not in fits[item.type]:
        raise invalid_form(
            "type", "INTERACTION_TYPE_INVALID", f"Response type {kind} does not fit the interaction"
        )


def live(core: Core, application_id: int, token: str) -> Interaction:
    """Return the interaction behind a webhook token that still works.

    Raises:
        ApiError: 10015 unknown or not acknowledged yet, 50027 older than its lifetime.
    """
    item = core.world.interactions.get(token)
    if item is None or item.application_id != application_id or item.callback is None:
        raise unknown("webhook")
    if core.clock.monotonic() - item.created > core.interaction_lifetime:
        raise ApiError(401, 50027, "Invalid Webhook Token")
    return item


def respond_message(core: Core, item: Interaction, draft: Draft, *, loading: bool = False) -> Message:
    """Post the first answer, or the "thinking" placeholder of a deferred one.

    It takes no permission to embed or attach, only to mention everyone.
    Source: docs change-log#changes-to-bot-permissions-for-interactions-and-webhooks.
    """
    item.ephemeral = bool(draft.flags & EPHEMERAL)
    item.loading = loading
    draft.type = (
        20 if item.type == COMMAND and item.data.get("type", 1) == 1 else 23 if item.type == COMMAND else 0
    )
    draft.flags |= LOADING if loading else 0
    draft.interaction = item
    draft.application_id = draft.webhook_id = item.application_id
    draft.visible_to = item.user.id if item.ephemeral else None
    draft.via = "interaction"
    message = messages.post(core, draft)
    item.original_id = message.id
    return message


def followup(core: Core, item: Interaction, draft: Draft) -> Message:
    """Post a followup; the first one after a deferral fills the placeholder instead, if it is still there.

    Source: protocol interactions.3.
    """
    placeholder = core.world.channel(item.channel_id).messages.get(item.original_id or 0)
    loading, item.loading = item.loading, False
    if loading and placeholder is not None:
        message = placeholder
        keep = message.flags & EPHEMERAL
        changes = {
            "content": draft.content,
            "embeds": draft.embeds,
            "components": draft.components,
            "attachments": draft.attachments,
            "flags": (draft.flags & ~EPHEMERAL) | keep | LOADING,
            "allowed_mentions": draft.allowed_mentions,
        }
        messages.edit(core, message, changes, via="followup")
        return message
    draft.interaction = item
    draft.application_id = draft.webhook_id = item.application_id
    draft.visible_to = item.user.id if draft.flags & EPHEMERAL else None
    draft.via = "followup"
    message = messages.post(core, draft)
    item.followups.append(message.id)
    return message


def original(core: Core, item: Interaction) -> Message:
    """Return @original: the first answer, or the message whose component was used.

    Raises:
        ApiError: 10008 when there is none (any more).
    """
    if item.original_id is None:
        raise unknown("message")
    return messages.find(core.world.channel(item.channel_id), item.original_id, item.user.id)


def note_reply(core: Core, item: Interaction, **more: Any) -> None:
    """Record the application's first answer."""
    core.hub.whisper(item.user.id, "INTERACTION", {"id": str(item.id), "token": item.token})
    core.record.add(
        "interaction_reply",
        interaction_id=item.id,
        callback=item.callback,
        message_id=item.original_id,
        ephemeral=item.ephemeral,
        **more,
    )
