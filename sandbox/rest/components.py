"""Components of messages and forms: which there are, where they may stand and what they hold.

Source: openapi create_message, openapi create_interaction_response.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.errors import ApiError, invalid_form
from sandbox.rest import fields as f

Json = dict[str, Any]
ROW, BUTTON, STRINGS, INPUT, USERS, ROLES, MENTIONABLES, CHANNELS = range(1, 9)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR = range(9, 15)
CONTAINER, LABEL, UPLOAD = 17, 18, 19
RADIO, CHECKBOXES, CHECKBOX = 21, 22, 23
SELECTS = (STRINGS, USERS, ROLES, MENTIONABLES, CHANNELS)
LINK, PREMIUM = 5, 6
MAX_ROWS, MAX_WIDTH, MAX_V2 = 5, 5, 40

_IN_MESSAGE = (ROW,)
_IN_V2 = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
_IN_FORM = (ROW, LABEL, TEXT)
_FIELDS_OF_FORM = (*SELECTS, INPUT, UPLOAD, RADIO, CHECKBOXES, CHECKBOX)

_EMOJI = f.table({"id": f.id_text, "name": f.text(100), "animated": f.boolean})
_MEDIA = f.table({"url": f.url}, required=("url",))
_ID = {"id": f.whole(0), "custom_id": f.text(100, 1)}
_OPTION = f.table(
    {
        "label": f.text(100, 1),
        "value": f.text(100, 1),
        "description": f.text(100),
        "emoji": _EMOJI,
        "default": f.boolean,
    },
    required=("label", "value"),
)
_SELECT = {
    **_ID,
    "placeholder": f.text(150),
    "min_values": f.whole(0, 25),
    "max_values": f.whole(1, 25),
    "disabled": f.boolean,
    "required": f.boolean,
}
_DEFAULTS = f.many(
    f.table({"id": f.id_text, "type": f.one_of("user", "role", "channel")}, required=("id", "type")), 25
)
_CHOSEN = f.table(
    {"label": f.text(100, 1), "value": f.text(100, 1), "description": f.text(100), "default": f.boolean},
    required=("label", "value"),
)


def _inside(*kinds: int, high: int = MAX_V2, low: int = 1) -> f.Check:
    """Return a check for a list of components of some kinds."""
    return f.many(lambda value, path: component(value, path, kinds), high, low)


def _one(*kinds: int) -> f.Check:
    return lambda value, path: component(value, path, kinds)


_KINDS: dict[int, tuple[f.Fields, tuple[str, ...]]] = {
    ROW: (
        {"id": f.whole(0), "components": _inside(BUTTON, INPUT, *SELECTS, high=MAX_WIDTH)},
        ("components",),
    ),
    BUTTON: (
        {
            **_ID,
            "style": f.whole(1, PREMIUM),
            "label": f.text(80),
            "emoji": _EMOJI,
            "url": f.url,
            "disabled": f.boolean,
            "sku_id": f.id_text,
        },
        ("style",),
    ),
    STRINGS: ({**_SELECT, "options": f.many(_OPTION, 25, 1)}, ("custom_id", "options")),
    INPUT: (
        {
            **_ID,
            "style": f.whole(1, 2),
            "label": f.text(45, 1),
            "value": f.text(4000),
            "placeholder": f.text(100),
            "required": f.boolean,
            "min_length": f.whole(0, 4000),
            "max_length": f.whole(1, 4000),
        },
        ("custom_id", "style"),
    ),
    **{
        kind: (
            {**_SELECT, "default_values": _DEFAULTS, "channel_types": f.many(f.whole(0), 25)},
            ("custom_id",),
        )
        for kind in SELECTS[1:]
    },
    SECTION: (
        {"id": f.whole(0), "components": _inside(TEXT, high=3), "accessory": _one(BUTTON, THUMBNAIL)},
        ("components", "accessory"),
    ),
    TEXT: ({"id": f.whole(0), "content": f.text(4000, 1)}, ("content",)),
    THUMBNAIL: (
        {"id": f.whole(0), "media": _MEDIA, "description": f.text(1024), "spoiler": f.boolean},
        ("media",),
    ),
    GALLERY: (
        {
            "id": f.whole(0),
            "items": f.many(
                f.table(
                    {"media": _MEDIA, "description": f.text(1024), "spoiler": f.boolean}, required=("media",)
                ),
                10,
                1,
            ),
        },
        ("items",),
    ),
    FILE: ({"id": f.whole(0), "file": _MEDIA, "spoiler": f.boolean}, ("file",)),
    SEPARATOR: ({"id": f.whole(0), "divider": f.boolean, "spacing": f.whole(1, 2)}, ()),
    CONTAINER: (
        {
            "id": f.whole(0),
            "components": _inside(ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR),
            "accent_color": f.whole(0, 0xFFFFFF),
            "spoiler": f.boolean,
        },
        ("components",),
    ),
    LABEL: (
        {
            "id": f.whole(0),
            "label": f.text(45, 1),
            "description": f.text(100),
            "component": _one(*_FIELDS_OF_FORM),
        },
        ("label", "component"),
    ),
    UPLOAD: (
        {**_ID, "min_values": f.whole(0, 10), "max_values": f.whole(1, 10), "required": f.boolean},
        ("custom_id",),
    ),
    RADIO: ({**_ID, "options": f.many(_CHOSEN, 10, 2), "required": f.boolean}, ("custom_id", "options")),
    CHECKBOXES: (
        {
            **_ID,
            "options": f.many(_CHOSEN, 10, 1),
            "min_values": f.whole(0, 10),
            "max_values": f.whole(1, 10),
            "required": f.boolean,
        },
        ("custom_id", "options"),
    ),
    CHECKBOX: ({**_ID, "default": f.boolean}, ("custom_id",)),
}


def component(value: Any, path: str, kinds: tuple[int, ...]) -> Json:
    """Return one component as stored, once it is of an allowed kind and whole.

    Raises:
        ApiError: 50035.
    """
    if not isinstance(value, dict):
        raise invalid_form(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    kind = value.get("type")
    if kind is None:
        raise f.missing(f"{path}.type")
    if isinstance(kind, bool) or not isinstance(kind, int) or kind not in kinds:
        allowed = ", ".join(str(item) for item in kinds)
        raise invalid_form(
            f"{path}.type", "UNION_TYPE_CHOICES", f"Value of field must be one of ({allowed})."
        )
    known, required = _KINDS[kind]
    found = {"type": kind, **f.table(known, required)(value, path)}
    rule = _RULES.get(kind)
    if rule is not None:
        rule(found, path)
    return found


def _button(item: Json, path: str) -> None:
    """Check that a link has an address, and every other button an id."""
    if item["style"] == LINK:
        if "url" not in item:
            raise invalid_form(f"{path}.url", "BASE_TYPE_REQUIRED", "A url is required")
    elif item["style"] != PREMIUM and "custom_id" not in item:
        raise invalid_form(
            f"{path}.custom_id", "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required"
        )
    if not item.get("label") and "emoji" not in item and item["style"] != PREMIUM:
        raise invalid_form(f"{path}.label", "BUTTON_COMPONENT_LABEL_REQUIRED", "A label or emoji is required")


def _row(item: Json, path: str) -> None:
    """Check that a select or text field has its row for itself."""
    wide = [inner for inner in item["components"] if inner["type"] != BUTTON]
    if wide and len(item["components"]) > 1:
        raise invalid_form(
            f"{path}.components",
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )


_RULES: dict[int, Callable[[Json, str], None]] = {BUTTON: _button, ROW: _row}


def in_message(value: Any, path: str, *, v2: bool) -> list[Json]:
    """Return a message's components; without the V2 flag at most five action rows.

    Raises:
        ApiError: 50035.
    """
    kinds, high = (_IN_V2, MAX_V2) if v2 else (_IN_MESSAGE, MAX_ROWS)
    return _checked(value, path, kinds, high)


def in_form(value: Any, path: str) -> list[Json]:
    """Return the components of a form.

    Raises:
        ApiError: 50035.
    """
    return _checked(value, path, _IN_FORM, MAX_ROWS)


def _checked(value: Any, path: str, kinds: tuple[int, ...], high: int) -> list[Json]:
    found: list[Json] = f.many(lambda item, at: component(item, at, kinds), high)(value, path)
    names = [item["custom_id"] for item in walk(found) if "custom_id" in item]
    if len(set(names)) != len(names):
        raise invalid_form(path, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    return found


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component, containers before what they hold."""
    for item in components:
        yield item
        yield from walk(item.get("components") or [])
        yield from walk([item[key] for key in ("accessory", "component") if key in item])


def legacy_with_v2() -> ApiError:
    """Return the error of content or embeds beside V2 components."""
    return invalid_form(
        "content",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
    )
