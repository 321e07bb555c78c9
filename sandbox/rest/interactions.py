"""Routes of interactions: the callback with every answer type."""

from typing import Any

from sandbox import payloads
from sandbox.actions import interactions as act
from sandbox.actions import messages
from sandbox.actions.messages import EPHEMERAL, LOADING, Draft
from sandbox.errors import invalid_form, unknown
from sandbox.rest.call import Call
from sandbox.rest.forms import draft_from, edit_changes
from sandbox.rest.routing import Status, route
from sandbox.world import Interaction

MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
MAX_CHOICES = 25
MAX_TITLE = 45


@route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", token=False)
def callback(call: Call) -> Any:
    """Answer an interaction for the first time.

    Source: protocol interactions.1, protocol interactions.2.
    """
    item = call.core.world.interactions.get(call.params["interaction_token"])
    if item is None or item.id != call.id_of("interaction_id"):
        raise unknown("interaction")
    form = call.form()
    kind = form.get("type")
    answer = _ANSWERS.get(kind) if isinstance(kind, int) else None
    if answer is None or not isinstance(kind, int):
        raise invalid_form("type", "BASE_TYPE_CHOICES", "Value must be one of {4, 5, 6, 7, 8, 9}.")
    data = form.get("data") or {}
    if not isinstance(data, dict):
        raise invalid_form("data", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    act.check_kind(item, kind)
    call.app = call.core.world.applications[item.application_id]
    prepared = answer(call, item, data)
    act.acknowledge(call.core, item, kind)
    prepared()
    act.note_reply(call.core, item, request=call.id)
    return _with_response(call, item, kind) if call.flag("with_response") else Status(204)


def _message(call: Call, item: Interaction, data: dict[str, Any]) -> Any:
    channel = call.core.world.channel(item.channel_id)
    draft = draft_from(call, channel, call.me.bot, data)
    return lambda: act.respond_message(call.core, item, draft)


def _defer(call: Call, item: Interaction, data: dict[str, Any]) -> Any:
    """Promise a message, which the first followup fills. Source: protocol interactions.3."""
    channel = call.core.world.channel(item.channel_id)
    draft = Draft(channel, call.me.bot, flags=int(data.get("flags") or 0) & EPHEMERAL)
    return lambda: act.respond_message(call.core, item, draft, loading=True)


def _defer_update(_: Call, item: Interaction, __: dict[str, Any]) -> Any:
    def keep() -> None:
        item.original_id = item.message.id if item.message else None

    return keep


def _update(call: Call, item: Interaction, data: dict[str, Any]) -> Any:
    if item.message is None:
        raise unknown("message")
    message = item.message
    changes = edit_changes(call, message, data)

    def apply() -> None:
        item.original_id = message.id
        messages.edit(call.core, message, changes, via="interaction")

    return apply


def _choices(_: Call, item: Interaction, data: dict[str, Any]) -> Any:
    choices = data.get("choices") or []
    if not isinstance(choices, list) or len(choices) > MAX_CHOICES:
        raise invalid_form(
            "data.choices", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CHOICES} or fewer in length."
        )

    def keep() -> None:
        item.choices = choices

    return keep


def _form(_: Call, item: Interaction, data: dict[str, Any]) -> Any:
    title = data.get("title")
    if not isinstance(title, str) or not 1 <= len(title) <= MAX_TITLE:
        raise invalid_form("data.title", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 45 in length.")
    if not data.get("custom_id") or not data.get("components"):
        raise invalid_form("data.components", "BASE_TYPE_REQUIRED", "This field is required")

    def keep() -> None:
        item.modal = data | {"components": messages.numbered(data["components"])}

    return keep


_ANSWERS = {
    MESSAGE: _message,
    DEFER: _defer,
    DEFER_UPDATE: _defer_update,
    UPDATE: _update,
    CHOICES: _choices,
    FORM: _form,
}


def _with_response(call: Call, item: Interaction, kind: int) -> dict[str, Any]:
    """Return the body of with_response: the interaction, and the message where there is one.

    Source: protocol rest.8.
    """
    interaction: dict[str, Any] = {
        "id": str(item.id),
        "type": item.type,
        "channel_id": str(item.channel_id),
    }
    if item.guild_id is not None:
        interaction["guild_id"] = str(item.guild_id)
    body: dict[str, Any] = {"interaction": interaction}
    if item.original_id is None:
        return body
    message = act.original(call.core, item)
    interaction |= {
        "response_message_id": str(message.id),
        "response_message_loading": bool(message.flags & LOADING),
        "response_message_ephemeral": bool(message.flags & EPHEMERAL),
    }
    if kind in (MESSAGE, UPDATE):
        shown = payloads.message(call.core.world, message, call.me.bot.id)
        body["resource"] = {"type": kind, "message": shown}
    return body
