"""Buttons, selects and form fields as a member finds them: by what is written on them."""

from collections.abc import Iterator
from typing import Any

from sandbox.core import Core
from sandbox.ops import commands
from sandbox.ops.registry import OperationError

BUTTON, STRING_SELECT, TEXT_INPUT, LABEL, UPLOAD = 2, 3, 4, 18, 19
RADIO, CHECKBOXES, CHECKBOX = 21, 22, 23
_SELECT_KINDS = {5: commands.USER, 6: commands.ROLE, 7: commands.MENTIONABLE, 8: commands.CHANNEL}
Json = dict[str, Any]


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component, containers before what they hold."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                yield from walk([component[key]])


def button(components: list[Json], label: str) -> Json:
    """Return the button of a label, emoji or custom id.

    Raises:
        OperationError: there is none, it is a link or it is disabled.
    """
    buttons = [item for item in walk(components) if item["type"] == BUTTON]
    for item in buttons:
        names = (item.get("label"), (item.get("emoji") or {}).get("name"), item.get("custom_id"))
        if label in names:
            if item.get("disabled") or "custom_id" not in item:
                raise OperationError(f"the button {label!r} can't be pressed")
            return item
    known = ", ".join(str(item.get("label") or item.get("custom_id")) for item in buttons) or "none"
    raise OperationError(f"no button {label!r}; there are {known}")


def select(components: list[Json], name: str) -> Json:
    """Return the select menu of a placeholder or custom id.

    Raises:
        OperationError: there is none, or it is disabled.
    """
    menus = [
        item for item in walk(components) if item["type"] == STRING_SELECT or item["type"] in _SELECT_KINDS
    ]
    for item in menus:
        if name in (item.get("placeholder"), item.get("custom_id")) and not item.get("disabled"):
            return item
    known = ", ".join(str(item.get("placeholder") or item.get("custom_id")) for item in menus) or "none"
    raise OperationError(f"no select {name!r}; there are {known}")


def chosen(core: Core, component: Json, place: commands.Place, values: list[Any]) -> Json:
    """Return `values` (and `resolved`) of a select, options by label or value.

    Raises:
        OperationError: too few or many, or not an option.
    """
    low, high = component.get("min_values", 1), component.get("max_values", 1)
    if not low <= len(values) <= high:
        raise OperationError(f"this select takes {low} to {high} values, not {len(values)}")
    if component["type"] == STRING_SELECT:
        options = {text: o["value"] for o in component["options"] for text in (o["value"], o["label"])}
        wrong = [value for value in values if value not in options]
        if wrong:
            raise OperationError(f"no option {wrong[0]!r}; there are {', '.join(options)}")
        return {"values": [options[value] for value in values]}
    resolved: Json = {}
    kind, types = _SELECT_KINDS[component["type"]], component.get("channel_types")
    ids = [commands.resolve(core, place, kind, value, resolved, types) for value in values]
    return {"values": ids, "resolved": resolved}


def filled(core: Core, components: list[Json], place: commands.Place, values: Json) -> Json:
    """Return a submit's `components`, with their values, and who or what these name, as `resolved`.

    Source: docs interactions/receiving-and-responding#interaction-object-modal-submit-data-structure.

    Raises:
        OperationError: an unknown field, a missing or wrong value.
    """
    left = dict(values)
    done = [_filled(core, item, place, left) for item in components]
    if left:
        raise OperationError(f"the form has no field {next(iter(left))!r}")
    resolved: Json = {}
    for item in walk(done):
        for kind, objects in item.pop("resolved", {}).items():
            resolved.setdefault(kind, {}).update(objects)
    return {"components": done} | ({"resolved": resolved} if resolved else {})


def _filled(core: Core, item: Json, place: commands.Place, left: Json) -> Json:
    if item["type"] == LABEL:
        inner = _field(core, item["component"], place, left, item.get("label"))
        return {"type": LABEL, "id": item["id"], "component": inner}
    if "components" in item:
        inner_items = [_field(core, inner, place, left, inner.get("label")) for inner in item["components"]]
        return {"type": item["type"], "id": item["id"], "components": inner_items}
    return {"type": item["type"], "id": item["id"]}


def _field(core: Core, field: Json, place: commands.Place, left: Json, label: str | None) -> Json:
    key = next((name for name in (label, field["custom_id"], field.get("placeholder")) if name in left), None)
    base = {"type": field["type"], "id": field["id"], "custom_id": field["custom_id"]}
    given = left.pop(key) if key is not None else None
    name = label or field["custom_id"]
    if field["type"] == CHECKBOX:
        return base | {"value": bool(field.get("default") if given is None else given)}
    if field["type"] in (RADIO, CHECKBOXES):
        return base | _ticked(field, name, given)
    if field["type"] == TEXT_INPUT:
        return base | {"value": _typed(field, name, given)}
    if not given and not field.get("required", True):
        return base | {"values": []}
    if field["type"] == UPLOAD:
        raise OperationError(f"the field {name!r} takes files, which can't be given to a form here")
    many = given if isinstance(given, list) else [] if given is None else [given]
    return base | chosen(core, field, place, many)


def _typed(field: Json, name: str, given: Any) -> str:
    text = str(field.get("value") or "" if given is None else given)
    if field.get("required", True) and not text:
        raise OperationError(f"the field {name!r} is required")
    if text and not field.get("min_length", 0) <= len(text) <= field.get("max_length", 4000):
        raise OperationError(f"the field {name!r} takes another length")
    return text


def _ticked(field: Json, name: str, given: Any) -> Json:
    """Return the `value` of a radio group or the `values` of a checkbox group, options by label or value."""
    options = {text: o["value"] for o in field["options"] for text in (o["value"], o["label"])}
    if given is None:
        given = [o["value"] for o in field["options"] if o.get("default")]
    ticked = given if isinstance(given, list) else [given] if given else []
    if wrong := [value for value in ticked if value not in options]:
        raise OperationError(f"no option {wrong[0]!r}; there are {', '.join(options)}")
    values = [options[value] for value in ticked]
    required = field.get("required", True)
    if required and not values:
        raise OperationError(f"the field {name!r} is required")
    if field["type"] == RADIO:
        return {"value": values[0] if values else None}
    low, high = field.get("min_values", 1), field.get("max_values", len(field["options"]))
    if values and not low <= len(values) <= high:
        raise OperationError(f"the field {name!r} takes {low} to {high} values, not {len(values)}")
    return {"values": values}
