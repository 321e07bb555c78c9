"""Who may come in: this machine alone, and no web page of another address.

A browser lets any page send requests to loopback, and a name that was rebound to loopback passes as the
page's own; both show in the headers Origin and Host.
"""

import logging
from ipaddress import ip_address

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

NAMES = ("127.0.0.1", "localhost", "[::1]")
LOCALHOST = "127.0.0.1"


def checked(host: str) -> str:
    """Return the loopback address to listen on.

    Raises:
        ValueError: others could reach it.
    """
    if host == "localhost":
        return LOCALHOST
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ValueError(
            f"{host!r} is no loopback address (127.0.0.1, ::1): the sandbox has no users and no secrets, "
            "whoever reaches it may do anything"
        )
    return host


def netloc(host: str, port: int) -> str:
    """Return host and port as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Door:
    """Tells the requests of this machine's programs and own pages from those of foreign web pages."""

    def __init__(self, host: str, port: int) -> None:
        self._hosts = frozenset({netloc(host, port), *(f"{name}:{port}" for name in NAMES)})

    def refuses(self, request: web.BaseRequest) -> tuple[int, str] | None:
        """Return status and reason for a foreign host or origin, None for what may pass."""
        if request.host.lower() not in self._hosts:
            return 421, "This is for this machine only."
        if request.headers.get("Origin") not in (None, f"http://{request.host}"):
            return 403, "Another page may not do that."
        return None


class _ClientsFault(logging.Filter):
    """Keeps out of the log what only says that a client sent no proper HTTP."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


LOG = logging.getLogger("sandbox.http")
LOG.addFilter(_ClientsFault())
