"""Discord's errors: a status, a numbered code, a message and, for forms, where it went wrong."""

from typing import Any


class ApiError(Exception):
    """An error as the HTTP API answers it. Source: protocol rest.5."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class RateLimitedError(ApiError):
    """A 429: of the bot's own bucket, of everything it does, or of a resource many share.

    Source: protocol rest.3, docs topics/rate-limits#exceeding-a-rate-limit.
    """

    def __init__(self, retry_after: float, scope: str = "user", code: int = 0) -> None:
        what = "The resource is" if scope == "shared" else "You are"
        message = _SLOWMODE if code == SLOWMODE else f"{what} being rate limited."
        super().__init__(429, code, message)
        self.retry_after = retry_after
        self.scope = scope

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return super().body() | {"retry_after": round(self.retry_after, 3), "global": self.scope == "global"}


SLOWMODE = 20016
_SLOWMODE = "This action cannot be performed due to slowmode rate limit."


class InteractionFailedError(Exception):
    """What a member sees when the application did not respond in time."""


def not_found() -> ApiError:
    """Return the error of a route that doesn't exist."""
    return ApiError(404, 0, "404: Not Found")


def unauthorized() -> ApiError:
    """Return the error of a missing or wrong token."""
    return ApiError(401, 0, "401: Unauthorized")


def too_large() -> ApiError:
    """Return the error of a body or file that is larger than allowed."""
    return ApiError(413, 40005, "Request entity too large")


def unknown(what: str) -> ApiError:
    """Return the 404 of a missing thing: "channel", "message", "guild", ..."""
    return ApiError(404, _UNKNOWN[what], f"Unknown {_NAMES.get(what, what.title())}")


_UNKNOWN = {
    "application": 10002,
    "channel": 10003,
    "guild": 10004,
    "member": 10007,
    "message": 10008,
    "role": 10011,
    "user": 10013,
    "emoji": 10014,
    "webhook": 10015,
    "overwrite": 10009,
    "ban": 10026,
    "interaction": 10062,
    "application command": 10063,
    "application command permissions": 10066,
    "tag": 10087,
}
_NAMES = {
    "application command": "application command",
    "application command permissions": "application command permissions",
    "interaction": "interaction",
}


def missing_access() -> ApiError:
    """Return 50001: the place can't be seen."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """Return 50013: the place can be seen, the act is not allowed."""
    return ApiError(403, 50013, "Missing Permissions")


def wrong_channel_type() -> ApiError:
    """Return 50024: a thing that can't be done in a channel of this type."""
    return ApiError(400, 50024, "Cannot execute action on this channel type")


def archived() -> ApiError:
    """Return 50083: the thread is archived."""
    return ApiError(400, 50083, "Thread is archived")


def invalid_form(path: str, code: str, message: str) -> ApiError:
    """Return 50035 with the error nested at `path`: "embeds.0.title", or "" for the whole body."""
    node: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".") if path else []):
        node = {part: node}
    return ApiError(400, 50035, "Invalid Form Body", node)
