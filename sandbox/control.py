"""The control API: every operation over HTTP JSON on a loopback port of its own, behind a random token."""

import asyncio
import hmac
import json
import math
import secrets
from typing import Any

from aiohttp import web

from sandbox import loopback
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.ops import OPERATIONS
from sandbox.ops.asking import asked
from sandbox.ops.registry import MISTAKES, OperationError, refusal
from sandbox.record import Entry, Predicate

MAX_BODY = 256 * 1024 * 1024
MAX_WAIT = 60.0
MAX_DIGITS = 19
_LARGEST_SAFE = (1 << 53) - 1


class Control:
    """Serves the control API of one sandbox.

    POST /op/NAME takes the operation's arguments as a JSON object and answers {"result": ...};
    GET /record?after=N&wait=SECONDS&limit=M&kinds=A,B answers {"entries": [...], "last": N} as soon as
    there is something newer than entry N, of these kinds alone; the next question goes on after `last`.
    POST /shutdown ends the process.
    All want `Authorization: Bearer <control token>`.
    With `ids=text` in the query, whole numbers beyond 2^53, which JavaScript can't hold, come as text.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.token = secrets.token_urlsafe(32)
        self.url = ""
        self.shutdown = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._door = loopback.Door(loopback.LOCALHOST, 0)

    async def start(self, host: str, port: int = 0) -> None:
        """Listen; a port of 0 takes a free one.

        Raises:
            ValueError: the host is no loopback address.
        """
        host = loopback.checked(host)
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_post("/op/{name}", self._operation)
        app.router.add_get("/record", self._record)
        app.router.add_post("/shutdown", self._shutdown)
        self._runner = web.AppRunner(app, access_log=None, logger=loopback.LOG, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0][1]
        self._door = loopback.Door(host, bound)
        self.url = f"http://{loopback.netloc(host, bound)}"

    async def stop(self) -> None:
        """Stop listening; long polls end."""
        self.shutdown.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Let in who is of this machine and has the token; tell what didn't work."""
        refused = self._door.refuses(request)
        if refused is not None:
            return _json({"error": refused[1]}, refused[0])
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode()):
            return _json({"error": "wrong or missing control token"}, 401)
        try:
            return _as_asked(request, await handler(request))
        except web.HTTPException as error:
            return _json({"error": error.reason}, error.status)
        except (ApiError, *MISTAKES) as error:
            status, body = refusal(error)
            return _json(body, status)

    async def _index(self, _: web.Request) -> web.StreamResponse:
        about = {
            name: (function.__doc__ or "").split("\n")[0] for name, function in sorted(OPERATIONS.items())
        }
        return _json({"operations": about, "urls": self._core.urls})

    async def _operation(self, request: web.Request) -> web.StreamResponse:
        result = asked(self._core, request.match_info["name"], await request.read())
        return _json({"result": result})

    async def _record(self, request: web.Request) -> web.StreamResponse:
        after = _whole(request, "after", 0, 0)
        wait = float(request.query.get("wait", "0"))
        if not 0 <= wait < math.inf:
            raise OperationError(f"wait is a number of seconds, it can't be {wait}")
        limit = _whole(request, "limit", 10_000, 1)
        kinds = set(request.query.get("kinds", "").split(",")) - {""}
        record = self._core.record

        def wanted(entry: Entry) -> bool:
            return not kinds or entry["kind"] in kinds

        entries = [entry for entry in record.after(after) if wanted(entry)]
        if not entries and wait > 0:
            await self._newer(wanted, after, min(MAX_WAIT, wait))
            entries = [entry for entry in record.after(after) if wanted(entry)]
        last = record.last if len(entries) <= limit else entries[limit - 1]["n"]
        return _json({"entries": entries[:limit], "last": last})

    async def _newer(self, wanted: Predicate, after: int, wait: float) -> None:
        """Wait until there is a newer entry that is wanted, the time is over or the sandbox stops."""
        waits = [
            asyncio.ensure_future(self._core.record.wait(wanted, wait, after)),
            asyncio.ensure_future(self.shutdown.wait()),
        ]
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*done, *pending, return_exceptions=True)

    async def _shutdown(self, _: web.Request) -> web.StreamResponse:
        asyncio.get_running_loop().call_soon(self.shutdown.set)
        return _json({"result": None})


def _whole(request: web.Request, name: str, default: int, low: int) -> int:
    """Return a whole number of the query.

    Raises:
        OperationError: it is none, or less than `low`.
    """
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < MAX_DIGITS) or int(text) < low:
        raise OperationError(f"{name} is a whole number from {low}, it can't be {text!r}")
    return int(text)


def _as_asked(request: web.Request, response: web.Response) -> web.Response:
    """Return an answer with ids as text where `ids=text` asks for it."""
    if request.query.get("ids") != "text":
        return response
    return _json(json.loads(response.text or "null", parse_int=_safe), response.status)


def _safe(digits: str) -> int | str:
    """Return a number of a JSON text, as text where a double-precision float can't hold it."""
    return int(digits) if abs(int(digits)) <= _LARGEST_SAFE else digits


def _json(body: Any, status: int = 200) -> web.Response:
    text = json.dumps(body, separators=(",", ":"), default=str)
    return web.Response(status=status, body=text.encode(), content_type="application/json")
