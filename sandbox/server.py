"""The loopback server: REST under /api/v10, the gateway at /, the CDN under /cdn, all on one port."""

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from loguru import logger

from sandbox import loopback
from sandbox.bodies import MAX_BODY, read_body
from sandbox.cdn import Cdn
from sandbox.core import Core
from sandbox.errors import ApiError, RateLimitedError, invalid_form, not_found, unauthorized
from sandbox.faults import Rule
from sandbox.gateway import Gateway
from sandbox.hub import current_call
from sandbox.rest import ROUTER
from sandbox.rest.call import Call
from sandbox.rest.routing import Route, Status
from sandbox.sessions import dumps

MAX_PATH = 8_000
KEPT_BODY = 256 * 1024  # of a larger body the record knows the size alone
MAX_LINE = 64 * 1024
API = "/api/v10"
VERSIONS = range(6, 11)
BAD_REQUEST = 400


@dataclass(slots=True)
class Reply:
    """An answer: its status and, where it has one, its body; not `heard` by a client that has left."""

    status: int
    body: Any = None
    heard: bool = True


class Server:
    """Listens on one loopback port for one sandbox."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.gateway = Gateway(core)
        self._runner: web.AppRunner | None = None
        self._door = loopback.Door(loopback.LOCALHOST, 0)

    async def start(self, host: str, port: int) -> None:
        """Listen; a port of 0 takes a free one.

        Raises:
            ValueError: the host is no loopback address.
        """
        host = loopback.checked(host)
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_get("/", self.gateway.handle)
        app.router.add_get("/cdn/{path:.*}", Cdn(self._core).handle)
        app.router.add_route("*", "/{path:.*}", self._api, expect_handler=_continue)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=loopback.LOG,
            shutdown_timeout=1.0,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self._door = loopback.Door(host, bound)
        where = loopback.netloc(host, bound)
        self._core.urls.update(
            api_url=f"http://{where}{API}", gateway_url=f"ws://{where}/", cdn_url=f"http://{where}/cdn"
        )

    async def stop(self) -> None:
        """Close every socket and the port."""
        for connection in list(self.gateway.connections):
            connection.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse what comes from a foreign web page; answer a mistake of the sandbox as one of the client."""
        refused = self._door.refuses(request)
        if refused is not None:
            status, reason = refused
            return _plain(Reply(status, {"message": f"{status}: {reason}", "code": 0}))
        try:
            response: web.StreamResponse = await handler(request)
        except web.HTTPException as error:
            return _plain(Reply(error.status, {"message": f"{error.status}: {error.reason}", "code": 0}))
        except Exception as error:
            if isinstance(error, ConnectionError) or request.writer.output_size:
                raise  # nobody to tell, or an answer has begun
            logger.opt(exception=error).error("The sandbox failed at {} {}", request.method, request.path)
            return _plain(_MALFORMED)
        return response

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
            reply, rule = self._admit(call, route, rule, request.remote or "")
        if reply is None and route is not None:
            reply = await self._perform(request, call, route)
        return await self._finish(request, call, reply or _error(not_found()), route, rule)

    def _admit(
        self, call: Call, route: Route, rule: Rule | None, address: str
    ) -> tuple[Reply | None, Rule | None]:
        """Count a request; return its refusal, None to let it pass, and the fault that has it.

        Without a valid token nothing is counted. Source: protocol rest.3.
        """
        fails = rule is not None and rule.action in ("429", "fail_before")
        if route.needs_token and call.app is None and not fails:
            return _error(unauthorized()), rule
        verdict = self._core.buckets.take(route, call.params, str(call.app.id) if call.app else address)
        call.headers = verdict.headers
        if rule is not None and fails:
            return _refused(rule, call.headers), rule
        if verdict.refusal is not None:
            return _limited(verdict.refusal, call.headers), Rule("**", "429")
        return None, rule

    async def _finish(
        self, request: web.Request, call: Call, reply: Reply, route: Route | None, rule: Rule | None
    ) -> web.StreamResponse:
        """Record the answer and send it, or lose it."""
        self._note(call, route, reply, rule)
        if not reply.heard:
            return web.Response(status=reply.status)
        self._core.buckets.note(reply.status, call.headers.get("X-RateLimit-Scope"))
        if rule is not None and rule.action in ("drop", "fail_after"):
            return await self._lose(request, call, rule)
        return await self._answer(request, call, reply)

    async def _perform(self, request: web.Request, call: Call, route: Route) -> Reply:
        """Do what the request asks and return the answer; every failure becomes a Discord error."""
        token = current_call.set(call)
        try:
            if self._opens(call):
                try:
                    await read_body(request, call)
                except ConnectionError:  # the client left before it had said everything
                    return Reply(400, heard=False)
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
            return _MALFORMED
        finally:
            current_call.reset(token)

    def _opens(self, call: Call) -> bool:
        """Whether the token in a path opens something: else its body isn't worth reading."""
        world, token = self._core.world, call.params.get("webhook_token")
        if token is not None:
            hooks = (hook.token for hook in world.webhooks.values())
            return token in world.interactions or token in hooks
        token = call.params.get("interaction_token")
        return token is None or token in world.interactions

    def _note(self, call: Call, route: Route | None, reply: Reply, rule: Rule | None) -> None:
        status = reply.status
        known = call.app is not None or status < BAD_REQUEST
        if rule is not None and rule.action == "fail_after":
            status = rule.status
        self._core.record.add(
            "request",
            request=call.id,
            method=call.method,
            path=call.path,
            route=route.name if route else None,
            query=call.query,
            body=call.body if known and call.size <= KEPT_BODY else None,
            size=call.size,
            files=[upload.filename for upload in call.uploads.values()],
            application_id=call.app.id if call.app else None,
            status=status,
            response=reply.body,
            fault=rule.action if rule else None,
            error=call.error,
            answered=reply.heard and not (rule is not None and rule.action in ("drop", "fail_after")),
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
        headers["Via"] = "1.1 sandbox"
        response = _plain(reply, headers)
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


async def _continue(request: web.Request) -> web.StreamResponse | None:
    """Answer the header Expect: go on, or 417."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        return _plain(Reply(417, {"message": "417: Expectation Failed", "code": 0}))
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # of the answer nothing is sent yet
    return None


def _plain(reply: Reply, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer as it is sent, its type exactly this: discord.py compares the header as text."""
    body = None if reply.body is None else dumps(reply.body).encode("utf-8", "replace")
    kind = {} if body is None else {"Content-Type": "application/json"}
    return web.Response(status=reply.status, body=body, headers=(headers or {}) | kind)


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


_MALFORMED = _error(invalid_form("", "BASE_TYPE_INVALID", "Malformed request"))


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
