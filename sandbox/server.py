"""The loopback server: REST under /api/v10, the gateway at /, the CDN under /cdn, all on one port."""

import asyncio
import hashlib
import json
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge
from loguru import logger

from sandbox.core import Core
from sandbox.errors import ApiError, invalid_form, not_found
from sandbox.faults import Rule
from sandbox.gateway import Gateway
from sandbox.hub import current_call
from sandbox.rest import ROUTER
from sandbox.rest.call import Call, Upload
from sandbox.rest.routing import Route, Status
from sandbox.sessions import dumps

MAX_BODY = 26 * 1024 * 1024
API = "/api/v10"
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")


@dataclass(slots=True)
class _Reply:
    status: int
    body: Any = None


class _Buckets:
    """Rate limit buckets: requests counted per route and major parameter in fixed windows."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, route: Route, params: dict[str, str]) -> tuple[dict[str, str], float]:
        """Count a request; return its headers and the seconds to wait, 0 when it may pass."""
        limit, seconds = self._core.rates.get(route.name, self._core.rate)
        key = ":".join([route.name, *(params[name] for name in _MAJOR if name in params)])
        now = self._core.clock.monotonic()
        ends, used = self._windows.get(key, (0.0, 0))
        if now >= ends:
            ends, used = now + seconds, 0
            if len(self._windows) > 10_000:  # noqa: PLR2004 - forget old windows now and then
                self._windows = {k: w for k, w in self._windows.items() if w[0] > now}
        used += 1
        self._windows[key] = (ends, used)
        wait = ends - now
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - used)),
            "X-RateLimit-Reset": f"{self._core.clock.now().timestamp() + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": hashlib.blake2b(route.name.encode(), digest_size=16).hexdigest(),
        }
        return headers, wait if used > limit else 0.0


class Server:
    """Listens on one loopback port for one sandbox."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.gateway = Gateway(core)
        self._buckets = _Buckets(core)
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; a port of 0 takes a free one."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/", self.gateway.handle)
        app.router.add_get("/cdn/{path:.*}", self._cdn)
        app.router.add_route("*", "/{path:.*}", self._api)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
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

    async def _cdn(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path.removeprefix("/cdn/")
        found = self._core.world.files.get(path)
        if found is None:
            return web.Response(status=404, body=b"not found", content_type="text/plain")
        return web.Response(body=found[1], headers={"Content-Type": found[0]})

    async def _api(self, request: web.Request) -> web.StreamResponse:
        raw = request.rel_url.raw_path
        path = raw[len("/api") :] if raw.startswith("/api/") else raw
        version, _, rest = path.lstrip("/").partition("/")
        path = "/" + (rest if version[:1] == "v" and version[1:].isdigit() else path.lstrip("/"))
        route, params, known = ROUTER.match(request.method, path)
        app = self._core.world.tokens.get(
            request.headers.get("Authorization", "").removeprefix("Bot ").strip()
        )
        self._core.requests += 1
        call = Call(self._core, self._core.requests, request.method, path, app, params, dict(request.query))
        rule = self._core.faults.take(request.method, path)
        if self._core.faults.latency:
            await asyncio.sleep(self._core.faults.latency)
        headers, wait = self._buckets.take(route, params) if route else ({}, 0.0)
        if rule is None and wait:
            rule = Rule("**", "429", retry_after=wait)
        if rule is not None and rule.action in ("429", "fail_before"):
            reply = _refused(rule, headers)
        else:
            reply = await self._perform(request, call, route) if route else _missing(known=known)
        lost = rule is not None and rule.action in ("drop", "fail_after")
        self._note(call, route, reply, rule)
        if rule is not None and lost:
            return await self._lose(request, call, rule)
        return await self._answer(request, call, reply, headers)

    async def _perform(self, request: web.Request, call: Call, route: Route) -> _Reply:
        """Do what the request asks and return the answer; every failure becomes a Discord error."""
        token = current_call.set(call)
        try:
            if route.needs_token:
                _ = call.me
            await self._read(request, call)
            result = route.handler(call)
            if asyncio.iscoroutine(result):
                result = await result
            if isinstance(result, Status):
                return _Reply(result.code, result.body)
            return _Reply(204) if result is None else _Reply(200, result)
        except ApiError as error:
            return _Reply(error.status, error.body())
        except HTTPRequestEntityTooLarge:
            return _Reply(413, {"message": "Request entity too large", "code": 40005})
        except Exception as error:  # noqa: BLE001 - a form of the wrong shape somewhere deep: never a 500
            call.error = repr(error)
            logger.opt(exception=error).debug("Malformed request {} {}", call.method, call.path)
            return _Reply(400, invalid_form("", "BASE_TYPE_INVALID", "Malformed request").body())
        finally:
            current_call.reset(token)

    async def _read(self, request: web.Request, call: Call) -> None:
        """Read a JSON or multipart body into the call.

        Raises:
            ApiError: 50109 when it is no JSON.
        """
        if request.content_type == "multipart/form-data":
            await _read_multipart(request, call)
        elif raw := await request.read():
            call.body = _json(raw)

    def _note(self, call: Call, route: Route | None, reply: _Reply, rule: Rule | None) -> None:
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

    async def _answer(
        self, request: web.Request, call: Call, reply: _Reply, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Send an answer, JSON that says no charset, and the events that wait for it.

        Source: protocol interactions.5.
        """
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


def _missing(*, known: bool) -> _Reply:
    if known:
        return _Reply(405, {"message": "405: Method Not Allowed", "code": 0})
    error = not_found()
    return _Reply(error.status, error.body())


def _refused(rule: Rule, headers: dict[str, str]) -> _Reply:
    """Return the answer of a rate limit or of a server that failed before the write."""
    if rule.action != "429":
        return _Reply(rule.status, {"message": f"{rule.status}: Server Error", "code": 0})
    headers["Retry-After"] = str(max(1, math.ceil(rule.retry_after)))
    headers["X-RateLimit-Scope"] = rule.scope
    headers["X-RateLimit-Remaining"] = "0"
    headers["X-RateLimit-Reset-After"] = f"{rule.retry_after:.3f}"
    if rule.is_global:
        headers["X-RateLimit-Global"] = "true"
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(rule.retry_after, 3),
        "global": rule.is_global,
        "code": 0,
    }
    return _Reply(429, body)


def _json(raw: bytes) -> Any:
    try:
        body = json.loads(raw)
        if b"\\u" in raw:  # lone surrogates can't be sent on
            body = json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None
    return body


async def _read_multipart(request: web.Request, call: Call) -> None:
    """Read payload_json and files[n]; other fields make the body when there is no payload_json."""
    total = 0
    fields: dict[str, Any] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        total += len(content)
        if total > MAX_BODY:
            raise HTTPRequestEntityTooLarge(max_size=MAX_BODY, actual_size=total)
        name = part.name or ""
        if name == "payload_json":
            call.body = _json(content)
        elif part.filename is not None:
            digits = name.partition("[")[2].rstrip("]")
            index = int(digits) if digits.isdigit() else len(call.uploads)
            kind = part.headers.get("Content-Type", "")
            call.uploads[index] = Upload(part.filename, kind, content)
        else:
            fields[name] = content.decode("utf-8", "replace")
    if call.body is None:
        call.body = fields
