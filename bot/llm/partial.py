"""One text of a JSON answer, read while the answer is still being written."""

import json
import re
from typing import Any, Final

MOST_BEFORE: Final = 2_000  # characters that may stand before the text; beyond, it is not read
_OPENING: Final = re.compile(r"\s*(?:```(?:json)?[ \t]*\r?\n\s*)?\{")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
# whole letters of a JSON text (RFC 8259, 7): a pair of surrogates is one, half of a pair none
_LETTERS: Final = re.compile(
    r'(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}'
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+"
)
_DECODER: Final = json.JSONDecoder()


class TextReader:
    """Reads the text of one field as its object grows.

    It judges nothing: what it returns is right only if the whole turns out to be JSON that fits. Of what is
    no object with this field as a text it returns nothing.

    Attributes:
        before: the fields in front of it, whole, by name; None until it has begun.
    """

    def __init__(self, field: str) -> None:
        self.before: dict[str, Any] | None = None
        self._field = field
        self._raw = ""
        self._at = 0  # where the unread part of the text begins

    def feed(self, chunk: str) -> str:
        """Take more of the answer; return what the field says in addition, often nothing."""
        self._raw += chunk
        if self.before is None and not self._begins():
            return ""
        found = _LETTERS.match(self._raw, self._at)
        assert found is not None  # it matches nothing, too
        self._at = found.end()
        more: str = json.loads(f'"{found[0]}"')
        return more

    def _begins(self) -> bool:
        """Find the field; False while it isn't there."""
        opening = _OPENING.match(self._raw[:MOST_BEFORE])
        if opening is None:
            return False
        raw, at, before = self._raw[:MOST_BEFORE], opening.end(), dict[str, Any]()
        try:
            while True:
                name, at = _value(raw, at)
                at = _past(raw, at, ":")
                if name == self._field:
                    self._at = _past(raw, at, '"')
                    self.before = before
                    return True
                if not isinstance(name, str) or name in before:
                    return False
                before[name], at = _value(raw, at)
                at = _past(raw, at, ",")
        except (ValueError, RecursionError):  # it isn't all there yet, or no JSON
            return False


def _value(raw: str, at: int) -> tuple[Any, int]:
    """Return the value that begins at `at`, and where it ends.

    Raises:
        ValueError: there is none, or not all of it.
    """
    return _DECODER.raw_decode(raw, _spaces(raw, at))


def _past(raw: str, at: int, sign: str) -> int:
    """Return where what follows `sign` begins.

    Raises:
        ValueError: something else stands there, or nothing.
    """
    at = _spaces(raw, at)
    if raw[at : at + 1] != sign:
        raise ValueError(f"no {sign}")
    return at + 1


def _spaces(raw: str, at: int) -> int:
    found = _SPACE.match(raw, at)
    assert found is not None  # it matches nothing, too
    return found.end()
