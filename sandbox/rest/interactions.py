"""Routes of interactions: the callback with every answer type."""

from typing import Any

from sandbox import payloads
from sandbox.actions import interactions as act
from sandbox.actions import messages
from sandbox.actions.mentions import numbered
from sandbox.actions.messages import EPHEMERAL, LOADING, Draft
from sandbox.errors import unknown
from sandbox.rest import fields as f
from sandbox.rest.call import Call
from sandbox.rest.components import in_form
from sandbox.rest.forms import draft_from, edit_changes
from sandbox.rest.routing import Status, route
from sandbox.world import Interaction

MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
_KINDS = (1, MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, FORM, 12)
_CALLBACK: f.Fields = {"type": f.one_of(*_KINDS), "data": f.table({})}
_DEFER: f.Fields = {"flags": f.bits}


def _value(value: Any, path: str) -> Any:
    """Return the value of a choice: text or a number."""
    return f.text(100)(value, path) if isinstance(value, str) else f.number(value, path)


_CHOICES: f.Fields = {
    "choices": f.many(
        f.table(
            {"name": f.text(100, 1), "name_localizations": f.by_name(f.text(100, 1)), "value": _value},
            required=("name", "value"),
        ),
        25,
    )
}
_MODAL: f.Fields = {"title": f.text(45, 1), "custom_id": f.text(100, 1), "components": in_form}


@route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", token=False)
def callback(call: Call) -> Any:
    """Answer an interaction for the first time.

    Source: protocol interactions.1, protocol interactions.2, openapi create_interaction_response.
    """
    item = call.core.world.interactions.get(call.params["interaction_token"])
    if item is None or item.id != call.id_of("interaction_id"):
        raise unknown("interaction")
    kind = call.read(_CALLBACK, required=("type",))["type"]
    data = call.form().get("data") or {}
    act.check_kind(item, kind)
    call.app = call.core.world.applications[item.application_id]
    prepared = _ANSWERS[kind](call, item, data)
    act.acknowledge(call.core, item, kind)
    prepared()
    act.note_reply(call.core, item, request=call.id)
    return _with_response(call, item, kind) if call.flag("with_response") else Status(204)


def _message(call: Call, item: Interaction, data: dict[str, Any]) -> Any:
    channel = call.core.world.channel(item.channel_id)
    draft = draft_from(call, channel, call.me.bot, data, "data")
    return lambda: act.respond_message(call.core, item, draft)


def _defer(call: Call, item: Interaction, data: dict[str, Any]) -> Any:
    """Promise a message, which the first followup fills. Source: protocol interactions.3."""
    channel = call.core.world.channel(item.channel_id)
    flags = f.read(data, _DEFER, "data").get("flags") or 0
    draft = Draft(channel, call.me.bot, flags=flags & EPHEMERAL)
    return lambda: act.respond_message(call.core, item, draft, loading=True)


def _defer_update(_: Call, item: Interaction, __: dict[str, Any]) -> Any:
    def keep() -> None:
        item.original_id = item.message.id if item.message else None

    return keep


def _update(call: Call, item: Interaction, data: dict[str, Any]) -> Any:
    """Change the message whose component was used.

    Source: openapi create_interaction_response.

    Raises:
        ApiError: 10008 when it is gone.
    """
    if item.message is None:
        raise unknown("message")
    message = messages.find(call.core.world.channel(item.channel_id), item.message.id, item.user.id)
    changes = edit_changes(call, message, data, "data")

    def apply() -> None:
        item.original_id = message.id
        messages.edit(call.core, message, changes, via="interaction")

    return apply


def _choices(_: Call, item: Interaction, data: dict[str, Any]) -> Any:
    choices = f.read(data, _CHOICES, "data").get("choices") or []

    def keep() -> None:
        item.choices = choices

    return keep


def _form(_: Call, item: Interaction, data: dict[str, Any]) -> Any:
    form = f.read(data, _MODAL, "data", required=tuple(_MODAL))

    def keep() -> None:
        item.modal = form | {"components": numbered(form["components"])}

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
