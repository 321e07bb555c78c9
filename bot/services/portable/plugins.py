"""What a server set of its plugins, as a file has it: which of it are ids only their size tells."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from bot.services.plugins.servers import SAFE

_ID: Final = re.compile(r"[0-9]{16,20}")


def as_text(value: Any) -> Any:
    """Return settings with ids as text."""
    return _each(value, lambda each: str(each) if isinstance(each, int) and each > SAFE else each)


def ids_in(value: Any) -> Iterator[str]:
    """Yield every id in settings that are as a file has them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from ids_in(each)
    elif is_id(value):
        yield value


def as_numbers(value: Any, place: Callable[[str], int]) -> Any:
    """Return settings with each id as the number that takes its place."""
    return _each(value, lambda each: place(each) if is_id(each) else each)


def is_id(value: Any) -> bool:
    """Whether a value of a file is an id."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None and int(value) > SAFE


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _each(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [_each(each, change) for each in value]
    return change(value)
