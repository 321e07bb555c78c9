"""What the fields of a form must be, and the errors Discord gives where they aren't.

A check takes a value and its path in the form and returns the value as stored. Null is not checked: it
counts as absent. Source: protocol rest.1, docs reference#error-messages.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.errors import ApiError, invalid_form

Check = Callable[[Any, str], Any]
Fields = Mapping[str, Check]
MAX_SNOWFLAKE = (1 << 63) - 1
MAX_BITS = (1 << 64) - 1
MAX_INT32 = (1 << 31) - 1
_DIGITS = 20
_SHOWN = 40


def read(value: Any, fields: Fields, path: str = "", required: Sequence[str] = ()) -> dict[str, Any]:
    """Return the known fields a form has, checked; unknown ones are dropped, nulls stay null.

    Raises:
        ApiError: 50035 with every wrong field at its path.
    """
    if not isinstance(value, dict):
        raise invalid_form(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    found: dict[str, Any] = {}
    wrong: list[ApiError] = []
    for name, check in fields.items():
        given = value.get(name)
        if given is None:
            if name in required:
                wrong.append(missing(_at(path, name)))
            elif name in value:
                found[name] = None
            continue
        try:
            found[name] = check(given, _at(path, name))
        except ApiError as error:
            wrong.append(error)
    if wrong:
        raise merged(wrong)
    return found


def merged(errors: Sequence[ApiError]) -> ApiError:
    """Return one error with what several forms' errors say; one that isn't 50035 wins."""
    tree: dict[str, Any] = {}
    for error in errors:
        if error.errors is None:
            return error
        _merge(tree, error.errors)
    return ApiError(400, 50035, "Invalid Form Body", tree)


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        else:
            into.setdefault(key, []).extend(value)


def _at(path: str, name: str | int) -> str:
    return f"{path}.{name}" if path else str(name)


def missing(path: str) -> ApiError:
    """Return the error of a required field that isn't there."""
    return invalid_form(path, "BASE_TYPE_REQUIRED", "This field is required")


def text(high: int, low: int = 0) -> Check:
    """Return a check for text of `low` to `high` characters."""

    def check(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise invalid_form(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
        found = value
        if low and not low <= len(found) <= high:
            raise invalid_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        if len(found) > high:
            raise invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        return found

    return check


def whole(low: int = -MAX_INT32, high: int = MAX_INT32) -> Check:
    """Return a check for an integer within bounds; text of digits is taken as one."""

    def check(value: Any, path: str) -> int:
        found = integer(value, path)
        if found < low:
            raise invalid_form(
                path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}."
            )
        if found > high:
            raise invalid_form(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")
        return found

    return check


def integer(value: Any, path: str, kind: str = "int") -> int:
    """Return a value as an integer.

    Raises:
        ApiError: 50035 when it isn't one.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        digits = value.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS:
            return int(value)
    raise invalid_form(path, "NUMBER_TYPE_COERCE", f'Value "{str(value)[:_SHOWN]}" is not {kind}.')


def number(value: Any, path: str) -> int | float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise invalid_form(path, "NUMBER_TYPE_COERCE", f'Value "{str(value)[:_SHOWN]}" is not float.')
    return value


def boolean(value: Any, path: str) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise invalid_form(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    return value


def snowflake(value: Any, path: str) -> int:
    """Return an id."""
    found = integer(value, path, "snowflake")
    if not 0 <= found <= MAX_SNOWFLAKE:
        raise invalid_form(path, "NUMBER_TYPE_COERCE", f'Value "{found}" is not snowflake.')
    return found


def id_text(value: Any, path: str) -> str:
    """Return an id as objects carry it."""
    return str(snowflake(value, path))


def bits(value: Any, path: str) -> int:
    """Return a bit field: an integer, or text of one."""
    found = integer(value, path)
    if not 0 <= found <= MAX_BITS:
        raise invalid_form(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {MAX_BITS}.")
    return found


def one_of(*allowed: Any) -> Check:
    """Return a check for one of a few values, which are all integers or all text."""
    names = ", ".join(repr(item) for item in allowed)

    def check(value: Any, path: str) -> Any:
        given = integer(value, path) if isinstance(allowed[0], int) else value
        if not isinstance(given, type(allowed[0])) or given not in allowed:
            raise invalid_form(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{names}}}.")
        return given

    return check


def many(check: Check, high: int, low: int = 0) -> Check:
    """Return a check for a list of `low` to `high` items."""

    def check_all(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise invalid_form(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        if len(value) > high:
            raise invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        if len(value) < low:
            raise invalid_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        found, wrong = [], []
        for index, item in enumerate(value):
            try:
                found.append(check(item, _at(path, index)))
            except ApiError as error:
                wrong.append(error)
        if wrong:
            raise merged(wrong)
        return found

    return check_all


def table(fields: Fields, required: Sequence[str] = ()) -> Check:
    """Return a check for an object; null and absent fields are left out."""

    def check(value: Any, path: str) -> dict[str, Any]:
        found = read(value, fields, path, required)
        return {key: item for key, item in found.items() if item is not None}

    return check


def by_name(check: Check) -> Check:
    """Return a check for an object of any keys and values of one kind."""

    def check_all(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise invalid_form(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return {key: check(item, _at(path, key)) for key, item in value.items() if item is not None}

    return check_all


def moment(value: Any, path: str) -> datetime:
    """Return a time given as ISO 8601, UTC when it names no zone."""
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise invalid_form(
            path, "DATE_TIME_TYPE_PARSE", f"Could not parse {str(value)[:_SHOWN]}. Should be ISO8601."
        ) from None


def iso_text(value: Any, path: str) -> str:
    """Return a time as text, checked."""
    return moment(value, path).isoformat()


def url(value: Any, path: str) -> str:
    """Return an address a client may open, or one of the message's own attachments."""
    found = str(text(2048)(value, path))
    scheme, colon, rest = found.partition("://")
    if not colon or not rest:
        raise invalid_form(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    if scheme not in ("http", "https", "attachment"):
        raise invalid_form(
            path,
            "URL_TYPE_INVALID_SCHEME",
            f"Scheme \"{scheme[:_SHOWN]}\" must be one of ('http', 'https').",
        )
    return found


def ignored(value: Any, _: str) -> Any:
    """Return anything: for a field that is known and has no effect."""
    return value
