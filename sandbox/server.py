"""The loopback server: REST under /api/v10, the gateway at /, the CDN under /cdn, all on one port."""

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from loguru import logger

from sandbox.bodies import MAX_BODY, read_body
from sandbox.cdn import Cdn
from sandbox.core import Core
from sandbox.errors import ApiError, RateLimitedError, invalid_form, not_found
from sandbox.faults import Rule
from sandbox.gateway import Gateway
from sandbox.hub import current_call
from sandbox.rest import ROUTER
from sandbox.rest.call import Call
from sandbox.rest.routing import Route, Status
from sandbox.sessions import dumps

MAX_PATH = 8_000
MAX_LINE = 64 * 1024
API = "/api/v10"
VERSIONS = range(6, 11)


@dataclass(slots=True)
class Reply:
    """An answer: its status and, where it has one, its body."""

    status: int
    body: Any = None


class Server:
    """Listens on one loopback port for one sandbox."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.gateway = Gateway(core)
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; a port of 0 takes a free one."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/", self.gateway.handle)
        app.router.add_get("/cdn/{path:.*}", Cdn(self._core).handle)
        app.router.add_route("*", "/{path:.*}", self._api)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, max_line_size=MAX_LINE, max_field_size=MAX_LINE
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self._core.urls.update(
            api_url=f"http://{host}:{bound}{API}",
            gateway_url=f"ws://{host}:{bound}/",
            cdn_url=f"http://{host}:{bound}/cdn",
        )

    async def stop(self) -> None:
        """Close every socket and the port."""
        for connection in list(self.gateway.connections):
            connection.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        """Answer a request of the API: count it, break it if a fault says so, else do what it asks."""
        core = self._core
        version, path = _split(request.rel_url.raw_path)
        route, params, known = ROUTER.match(request.method, path)
        core.requests += 1
        app = core.world.tokens.get(_token(request))
        call = Call(core, core.requests, request.method, path, app, params, dict(request.query))
        call.reason = unquote(request.headers.get("X-Audit-Log-Reason", "")) or None
        if core.buckets.closed():
            return web.Response(status=429, text="error code: 1015", headers={"Retry-After": "600"})
        rule = core.faults.take(request.method, path)
        if core.faults.latency:
            await asyncio.sleep(core.faults.latency)
        reply = _unroutable(version, path, route, known=known)
        if route is not None and reply is None:
            verdict = core.buckets.take(route, params, str(app.id) if app else request.remote or "")
            call.headers = verdict.headers
            if rule is not None and rule.action in ("429", "fail_before"):
                reply = _refused(rule, call.headers)
            elif verdict.refusal is not None:
                rule = Rule("**", "429")
                reply = _limited(verdict.refusal, call.headers)
        if reply is None and route is not None:
            reply = await self._perform(request, call, route)
        return await self._finish(request, call, reply or _error(not_found()), route, rule)

    async def _finish(
        self, request: web.Request, call: Call, reply: Reply, route: Route | None, rule: Rule | None
    ) -> web.StreamResponse:
        """Record the answer and send it, or lose it."""
        self._note(call, route, reply, rule)
        self._core.buckets.note(reply.status, call.headers.get("X-RateLimit-Scope"))
        if rule is not None and rule.action in ("drop", "fail_after"):
            return await self._lose(request, call, rule)
        return await self._answer(request, call, reply)

    async def _perform(self, request: web.Request, call: Call, route: Route) -> Reply:
        """Do what the request asks and return the answer; every failure becomes a Discord error."""
        token = current_call.set(call)
        try:
            if route.needs_token:
                _ = call.me
            await read_body(request, call)
            result = route.handler(call)
            if asyncio.iscoroutine(result):
                result = await result
            if isinstance(result, Status):
                return Reply(result.code, result.body)
            return Reply(204) if result is None else Reply(200, result)
        except RateLimitedError as error:
            return _limited(error, call.headers)
        except ApiError as error:
            return _error(error)
        except Exception as error:  # noqa: BLE001 - a mistake in the sandbox is told, and is never a 5xx
            call.error = repr(error)
            logger.opt(exception=error).error("The sandbox failed at {} {}", call.method, call.path)
            return _error(invalid_form("", "BASE_TYPE_INVALID", "Malformed request"))
        finally:
            current_call.reset(token)

    def _note(self, call: Call, route: Route | None, reply: Reply, rule: Rule | None) -> None:
        status = reply.status
        if rule is not None and rule.action == "fail_after":
            status = rule.status
        self._core.record.add(
            "request",
            request=call.id,
            method=call.method,
            path=call.path,
            route=route.name if route else None,
            query=call.query,
            body=call.body,
            files=[upload.filename for upload in call.uploads.values()],
            application_id=call.app.id if call.app else None,
            status=status,
            response=reply.body,
            fault=rule.action if rule else None,
            error=call.error,
            answered=not (rule is not None and rule.action in ("drop", "fail_after")),
        )

    async def _lose(self, request: web.Request, call: Call, rule: Rule) -> web.StreamResponse:
        """Hide the answer of a write that happened: an error in its place, or a cut connection."""
        for send in call.deferred:
            send()
        if rule.action == "fail_after":
            return web.Response(status=rule.status, body=b"upstream error", content_type="text/plain")
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)

    async def _answer(self, request: web.Request, call: Call, reply: Reply) -> web.StreamResponse:
        """Send an answer, JSON that says no charset, and the events that wait for it.

        Source: protocol interactions.5.
        """
        headers = call.headers
        body = b"" if reply.body is None else dumps(reply.body).encode("utf-8", "replace")
        headers["Via"] = "1.1 sandbox"
        if reply.body is not None:  # exactly this value: discord.py compares the header as text
            headers["Content-Type"] = "application/json"
        response = web.Response(status=reply.status, body=body or None, headers=headers)
        order = self._core.faults.own_events
        if order == "before" and call.method != "GET":
            await self._core.hub.flushed(call.app)
            await asyncio.sleep(self._core.faults.order_gap)
        if call.deferred:
            with suppress(ConnectionError):
                await response.prepare(request)
                await response.write_eof()
            await asyncio.sleep(self._core.faults.order_gap)
            for send in call.deferred:
                send()
        return response


def _split(raw: str) -> tuple[int | None, str]:
    """Return the API version a path names, None when it names none, and the path below it."""
    path = raw[len("/api") :] if raw.startswith("/api/") else raw
    version, _, rest = path.lstrip("/").partition("/")
    digits = version[1:]
    if version[:1] == "v" and digits.isascii() and digits.isdigit():
        return int(digits[:4]), "/" + rest
    return None, "/" + path.lstrip("/")


def _token(request: web.Request) -> str:
    """Return the bot token of a request, "" when it carries none or something else."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind == "Bot" else ""


def _unroutable(version: int | None, path: str, route: Route | None, *, known: bool) -> Reply | None:
    """Return the answer of a path that leads nowhere, None when it leads somewhere."""
    if version is not None and version not in VERSIONS:
        return Reply(400, {"message": "Invalid API version", "code": 50041})
    if len(path) > MAX_PATH:
        return Reply(414, {"message": "414: URI Too Long", "code": 0})
    if route is not None:
        return None
    return Reply(405, {"message": "405: Method Not Allowed", "code": 0}) if known else _error(not_found())


def _error(error: ApiError) -> Reply:
    return Reply(error.status, error.body())


def _refused(rule: Rule, headers: dict[str, str]) -> Reply:
    """Return the answer of a rate limit on demand or of a server that failed before the write."""
    if rule.action != "429":
        return Reply(rule.status, {"message": f"{rule.status}: Server Error", "code": 0})
    return _limited(RateLimitedError(rule.retry_after, "global" if rule.is_global else rule.scope), headers)


def _limited(error: RateLimitedError, headers: dict[str, str]) -> Reply:
    """Return the answer of a rate limit and set its headers.

    Source: docs topics/rate-limits#exceeding-a-rate-limit.
    """
    headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    headers["X-RateLimit-Scope"] = error.scope
    if error.scope == "global":
        headers["X-RateLimit-Global"] = "true"
    if error.scope == "user" and error.code == 0:
        headers["X-RateLimit-Remaining"] = "0"
        headers["X-RateLimit-Reset-After"] = f"{error.retry_after:.3f}"
    return _error(error)
