"""Application commands as they are sent: names, options and limits.

Source: openapi create_application_command, docs interactions/application-commands#application-command-object.
"""

import re
from collections.abc import Sequence
from typing import Any

from sandbox.errors import ApiError, invalid_form
from sandbox.rest import fields as f

Json = dict[str, Any]
CHAT_INPUT = 1
SUB, GROUP, STRING, INTEGER = 1, 2, 3, 4
CHANNEL, NUMBER = 7, 10
MAX_SIZE = 8000
_NAME = re.compile(r"[-_'\w]{1,32}")
_LOCALES = frozenset(
    re.findall(
        r"\S+",
        "id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg ru uk hi "
        "th zh-CN ja zh-TW ko",
    )
)
_SAFE = 1 << 53


def _chat_name(value: Any, path: str) -> str:
    """Return a name of a slash command or option: lower case, without spaces."""
    found = str(f.text(32, 1)(value, path))
    if not _NAME.fullmatch(found) or found != found.lower():
        raise invalid_form(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return found


def _by_locale(check: f.Check) -> f.Check:
    texts = f.by_name(check)

    def check_all(value: Any, path: str) -> Json:
        found: Json = texts(value, path)
        for locale in found:
            if locale not in _LOCALES:
                known = ", ".join(sorted(_LOCALES))
                raise invalid_form(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{known}}}.")
        return found

    return check_all


def _integer(value: Any, path: str) -> int:
    return int(f.whole(-_SAFE, _SAFE)(value, path))


_VALUES: dict[int, f.Check] = {STRING: f.text(100), INTEGER: _integer, NUMBER: f.number}


def _choices(kind: int) -> f.Check:
    choice = f.table(
        {
            "name": f.text(100, 1),
            "name_localizations": _by_locale(f.text(100, 1)),
            "value": _VALUES[kind],
        },
        required=("name", "value"),
    )
    return f.many(choice, 25)


_NAMED: f.Fields = {
    "name": _chat_name,
    "name_localizations": _by_locale(_chat_name),
    "description": f.text(100, 1),
    "description_localizations": _by_locale(f.text(100, 1)),
}
_ANY: f.Fields = {**_NAMED, "required": f.boolean}


def _known(kind: int) -> f.Fields:
    """Return the fields an option of a type has."""
    known: dict[str, f.Check] = dict(_NAMED if kind in (SUB, GROUP) else _ANY)
    if kind in _VALUES:
        known |= {"choices": _choices(kind), "autocomplete": f.boolean}
    if kind == STRING:
        known |= {"min_length": f.whole(0, 6000), "max_length": f.whole(1, 6000)}
    elif kind in (INTEGER, NUMBER):
        known |= {"min_value": _VALUES[kind], "max_value": _VALUES[kind]}
    elif kind == CHANNEL:
        known |= {"channel_types": f.many(f.whole(0, 100), 100)}
    elif kind == GROUP:
        known |= {"options": lambda value, path: options(value, path, (SUB,))}
    elif kind == SUB:
        known |= {"options": lambda value, path: options(value, path, range(STRING, 12))}
    return known


def _option(value: Any, path: str, kinds: Sequence[int]) -> Json:
    if not isinstance(value, dict):
        raise invalid_form(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    if value.get("type") is None:
        raise f.missing(f"{path}.type")
    kind = f.integer(value["type"], f"{path}.type")
    if kind not in kinds:
        raise invalid_form(
            f"{path}.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Option type is not allowed here"
        )
    found: Json = {"type": kind} | f.table(_known(kind), required=("name", "description"))(value, path)
    if found.get("choices") and found.get("autocomplete"):
        raise invalid_form(
            f"{path}.autocomplete",
            "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
            "Choices exclude autocomplete",
        )
    return found


def options(value: Any, path: str, kinds: Sequence[int]) -> list[Json]:
    """Return checked options: 25 at most, names once each, required ones first.

    Raises:
        ApiError: 50035.
    """
    found: list[Json] = f.many(lambda item, at: _option(item, at, kinds), 25)(value, path)
    names = [item["name"] for item in found]
    for index, item in enumerate(found):
        if item["name"] in names[:index]:
            raise invalid_form(
                f"{path}.{index}.name",
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_USED",
                "Option names must be unique",
            )
        if item.get("required") and index and not found[index - 1].get("required"):
            raise invalid_form(
                f"{path}.{index}",
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
    subs = [item["type"] in (SUB, GROUP) for item in found]
    if any(subs) and not all(subs):
        raise invalid_form(
            f"{path}.{subs.index(False)}.type",
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other types",
        )
    return found


_COMMON: f.Fields = {
    "type": f.one_of(1, 2, 3),
    "default_member_permissions": f.bits,
    "dm_permission": f.boolean,
    "nsfw": f.boolean,
    "contexts": f.many(f.one_of(0, 1, 2), 3),
    "integration_types": f.many(f.one_of(0, 1), 2),
}
_SLASH: f.Fields = {
    **_COMMON,
    "name": _chat_name,
    "name_localizations": _by_locale(_chat_name),
    "description": f.text(100, 1),
    "description_localizations": _by_locale(f.text(100, 1)),
    "options": lambda value, path: options(value, path, range(SUB, 12)),
}
_MENU: f.Fields = {**_COMMON, "name": f.text(32, 1), "name_localizations": _by_locale(f.text(32, 1))}


def command(value: Any, path: str = "") -> Json:
    """Return the checked fields of a command; nulls stay null.

    Raises:
        ApiError: 50035.
    """
    kind = f.read(value, {"type": _COMMON["type"]}, path).get("type") or CHAT_INPUT
    if kind != CHAT_INPUT:
        return f.read(value, _MENU, path, required=("name",)) | {"type": kind}
    found = f.read(value, _SLASH, path, required=("name", "description")) | {"type": kind}
    if _size(found) > MAX_SIZE:
        raise invalid_form(
            path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({MAX_SIZE})"
        )
    return found


def _size(item: Json) -> int:
    """Return the characters of names, descriptions and values, whichever locale has the longest."""
    total = 0
    for key in ("name", "description"):
        texts = [item.get(key) or "", *(item.get(f"{key}_localizations") or {}).values()]
        total += max(len(text) for text in texts)
    total += len(item["value"]) if isinstance(item.get("value"), str) else 0
    return total + sum(_size(inner) for key in ("options", "choices") for inner in item.get(key) or ())


def duplicate(path: str) -> ApiError:
    """Return the error of two commands of one name and type."""
    return invalid_form(
        path, "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
    )
