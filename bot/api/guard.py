"""What stands before every endpoint of the admin API: host and origin, the token, headers, crashes."""

import hmac
import re
import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse
from loguru import logger
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)

SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class BearerGuard:
    """A FastAPI dependency: requests must carry the admin token, where there is one."""

    def __init__(self, token: str | None) -> None:
        self._token = token.encode() if token else None

    async def __call__(self, request: Request) -> None:
        """Check the request.

        Raises:
            HTTPException: 401, the same whether the token is missing, malformed or wrong.
        """
        if self._token is not None and not token_matches(_bearer(request.headers), self._token):
            raise HTTPException(
                401,
                "Send the admin token: Authorization: Bearer <ADMIN_TOKEN>",
                headers={"WWW-Authenticate": 'Bearer realm="lookout"'},
            )


def token_matches(sent: bytes | None, expected: bytes) -> bool:
    """Return whether the tokens are equal, in a time that doesn't tell where they differ."""
    return sent is not None and hmac.compare_digest(sent, expected)


def _bearer(headers: Headers) -> bytes | None:
    """Return the token as the bytes that were sent; None unless there is exactly one."""
    values = [value for name, value in headers.raw if name == b"authorization"]
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(b" ")
    return token.strip(b" ") if scheme.lower() == b"bearer" else None


def loopback_refusal(headers: Headers) -> str | None:
    """Return why a browser may be misused to send this request to an API without token; None when it isn't.

    A page whose name was rebound to 127.0.0.1 still sends its own name as Host. A page of another origin
    sends Origin, or for scripts and images only Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/).
    """
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not LOOPBACK_HOST.fullmatch(hosts[0]):
        return "Without ADMIN_TOKEN the admin API answers only to 127.0.0.1, localhost or [::1] as the host"
    origins = headers.getlist("origin")
    embedded = headers.get("sec-fetch-site") in {"cross-site", "same-site"} and (
        headers.get("sec-fetch-mode") != "navigate"
    )
    if embedded or any(not _same_origin(origin, hosts[0]) for origin in origins):
        return "Without ADMIN_TOKEN the admin API refuses requests from other web pages"
    return None


def _same_origin(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # for instance an unclosed bracket
        return False


class Guard:
    """ASGI middleware: applies `loopback_refusal`, adds headers, turns a crash into a reference."""

    def __init__(self, app: ASGIApp, *, loopback_only: bool) -> None:
        self._app = app
        self._loopback_only = loopback_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        refusal = loopback_refusal(Headers(scope=scope)) if self._loopback_only else None
        if refusal is not None:
            await JSONResponse({"error": refusal}, 403)(scope, receive, send_with_headers)
            return
        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            reference = secrets.token_hex(4)
            logger.exception(
                "Admin API: {} {!r} failed, reference {}", scope["method"], scope["path"], reference
            )
            if not started:
                answer = JSONResponse({"error": "Internal error", "reference": reference}, 500)
                await answer(scope, receive, send_with_headers)
