"""Routes: method and path template to handler, matched segment by segment."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.rest.call import Call

Answer = Any
Handler = Callable[[Call], Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Status:
    """An answer with another status than 200 (or 204 for None)."""

    code: int
    body: Any = None


@dataclass(frozen=True, slots=True)
class Route:
    """One route: its template names the rate limit bucket and the line of the official description."""

    method: str
    template: str
    handler: Handler
    needs_token: bool = True

    @property
    def name(self) -> str:
        """The route as the record shows it."""
        return f"{self.method} {self.template}"


class Router:
    """All routes, found by method and number of segments."""

    def __init__(self) -> None:
        self._routes: dict[int, list[tuple[tuple[str, ...], dict[str, Route]]]] = {}

    def add(self, route: Route) -> None:
        """Register a route; templates without placeholders win over those with."""
        parts = tuple(route.template.strip("/").split("/"))
        group = self._routes.setdefault(len(parts), [])
        for known, methods in group:
            if known == parts:
                methods[route.method] = route
                return
        group.append((parts, {route.method: route}))
        group.sort(key=lambda item: [part.startswith("{") for part in item[0]])

    def all(self) -> list[Route]:
        """Return every route."""
        return [
            route for group in self._routes.values() for _, methods in group for route in methods.values()
        ]

    def match(self, method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
        """Return the route, its path parameters unescaped, and whether the path exists for another method.

        Every segment may be escaped: clients differ in whether they send "@me" or "%40me".
        """
        parts = [unquote(part) for part in path.strip("/").split("/")]
        known = False
        for template, methods in self._routes.get(len(parts), ()):
            params = _bind(template, parts)
            if params is None:
                continue
            if method in methods:
                return methods[method], params, True
            known = True
        return None, {}, known


def _bind(template: tuple[str, ...], parts: list[str]) -> dict[str, str] | None:
    params = {}
    for expected, actual in zip(template, parts, strict=True):
        if expected.startswith("{"):
            params[expected[1:-1]] = actual
        elif expected != actual:
            return None
    return params


ROUTER = Router()


def route(method: str, template: str, *, token: bool = True) -> Callable[[Handler], Handler]:
    """Register a handler; it returns JSON, None for 204, or a `Status`."""

    def register(handler: Handler) -> Handler:
        ROUTER.add(Route(method, template, handler, token))
        return handler

    return register
