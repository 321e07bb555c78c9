"""One HTTP request on its way through the API."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.core import Core
from sandbox.errors import invalid_form, unauthorized
from sandbox.rest import fields
from sandbox.world import Application


class Upload(NamedTuple):
    """A file part of a multipart request."""

    filename: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Call:
    """A request: who asks, for what, with which body (`size` bytes); and the events that wait for it."""

    core: Core
    id: int
    method: str
    path: str
    app: Application | None
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    size: int = 0
    uploads: dict[int, Upload] = field(default_factory=dict)
    deferred: list[Callable[[], None]] = field(default_factory=list)
    error: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    reason: str | None = None

    @property
    def me(self) -> Application:
        """The application that asks.

        Raises:
            ApiError: 401 without a valid token.
        """
        if self.app is None:
            raise unauthorized()
        return self.app

    def id_of(self, name: str) -> int:
        """Return a path parameter as a snowflake.

        Raises:
            ApiError: 50035 when it isn't one.
        """
        return fields.snowflake(self.params[name], name)

    def form(self) -> dict[str, Any]:
        """Return the body as an object, an empty one when there is none.

        Raises:
            ApiError: 50035 when the body is something else.
        """
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise invalid_form("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return self.body

    def read(self, known: fields.Fields, required: Sequence[str] = ()) -> dict[str, Any]:
        """Return the known fields of the body, checked; nulls stay null.

        Raises:
            ApiError: 50035 with every wrong field at its path.
        """
        return fields.read({} if self.body is None else self.body, known, required=required)

    def items(self, check: fields.Check, high: int) -> list[Any]:
        """Return the body as a list of at most `high` checked items.

        Raises:
            ApiError: 50035.
        """
        found: list[Any] = fields.many(check, high)(self.body if self.body is not None else [], "")
        return found

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer of the query string.

        Raises:
            ApiError: 50035 when it is no integer or out of bounds.
        """
        given = self.query.get(name)
        if given is None:
            return default
        value = fields.integer(given, name)
        if not low <= value <= high:
            raise invalid_form(name, "NUMBER_TYPE_RANGE", f"int value should be between {low} and {high}.")
        return value

    def cursor(self, name: str) -> int | None:
        """Return a snowflake of the query string, None when absent.

        Raises:
            ApiError: 50035 when it isn't one.
        """
        given = self.query.get(name)
        return None if given is None else fields.snowflake(given, name)

    def flag(self, name: str) -> bool:
        """Return whether a query switch is on ("1" or "true")."""
        return self.query.get(name, "").lower() in ("1", "true")
