"""Serves the chat page, its live feed and what its viewer does, on a loopback port of its own.

The page's files are public; feed and operations want the token that is in the printed address, so that no
other web page and no other user of the machine can look in or act.
"""

import asyncio
import base64
import contextlib
import errno
import hashlib
import hmac
import json
import re
from importlib.resources import files
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.client_exceptions import ClientError
from loguru import logger

from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.ops import OperationError, perform
from sandbox.ops.registry import the_user
from sandbox.page import views
from sandbox.page.watcher import Watcher
from sandbox.world import User

MAX_BODY = 64 * 1024 * 1024  # an upload, as base64 in JSON
MAX_QUEUE = 10_000  # frames a page may lag behind before it is cut off
HELLO_SECONDS = 10.0
TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})  # Windows says EACCES of a port held alone
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_PATH = re.compile(r"(?:[a-z]+/){0,2}[a-zA-Z_-]+\.(?:js|mjs|css|svg|txt)")
_INLINE = re.compile(r"<script type=\"importmap\">(.*?)</script>", re.DOTALL)


class Page:
    """The page of one sandbox.

    Attributes:
        address: what to open in a browser, once it listens; it holds the token.
    """

    def __init__(self, core: Core, token: str) -> None:
        self.address = ""
        self._core = core
        self._token = token
        self._runner: web.AppRunner | None = None
        self._static = files("sandbox.page") / "static"

    async def start(self, host: str, port: int = 0) -> None:
        """Listen; a port of 0, or one that is taken, becomes a free one."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_get("/live", self._live)
        app.router.add_post("/op/{name}", self._operation)
        app.router.add_get("/{path:.*}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            if error.errno not in TAKEN or port == 0:
                raise
            await web.TCPSite(self._runner, host, 0).start()
        self.address = f"http://{host}:{self._runner.addresses[0][1]}/#{self._token}"

    async def stop(self) -> None:
        """Stop listening; open pages are cut off."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse foreign hosts and origins (a name that was rebound to loopback), and add the headers."""
        own = self.address.removeprefix("http://").partition("/")[0]
        if request.host not in (own, own.replace("127.0.0.1", "localhost")):
            return web.Response(status=421, text="This page is for this machine only.")
        if request.headers.get("Origin") not in (None, f"http://{request.host}"):
            return web.Response(status=403, text="Another page may not do that.")
        response: web.StreamResponse = await handler(request)
        if not response.prepared:
            response.headers.update(self._headers())
        return response

    def _headers(self) -> dict[str, str]:
        index = (self._static / "index.html").read_text("utf-8")
        inline = _INLINE.search(index)
        digest = hashlib.sha256((inline[1] if inline else "").encode()).digest()
        cdn = self._core.urls["cdn_url"].rpartition("/")[0]
        policy = (
            "default-src 'none'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors 'none'; script-src 'self' 'sha256-{base64.b64encode(digest).decode()}'; "
            f"img-src 'self' data: blob: https: {cdn}; media-src 'self' blob: {cdn}"
        )
        return {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return self._asset("index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if not _PATH.fullmatch(path):
            return web.Response(status=404, text="There is no such file.")
        return self._asset(path)

    def _asset(self, path: str) -> web.Response:
        found = self._static.joinpath(*path.split("/"))
        if not found.is_file():
            return web.Response(status=404, text="There is no such file.")
        kind = _TYPES["." + path.rpartition(".")[2]]
        return web.Response(body=found.read_bytes(), headers={"Content-Type": kind})

    def _known(self, token: Any) -> bool:
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self._token.encode())

    async def _operation(self, request: web.Request) -> web.StreamResponse:
        """Do what the page's viewer does: any operation of the driver, ids as text."""
        if not self._known(request.headers.get("Authorization", "").removeprefix("Bearer ")):
            return _json({"error": "The address has no valid token: open the one that was printed."}, 401)
        try:
            args = json.loads(await request.read() or b"{}")
            if not isinstance(args, dict):
                raise OperationError("arguments are a JSON object")
            result = perform(self._core, request.match_info["name"], args)
        except ApiError as error:
            return _json({"error": str(error)} | error.body(), 409)
        except (ValueError, KeyError, TypeError) as error:
            return _json({"error": str(error)}, 400)
        if isinstance(result, dict) and "interaction_id" in result:
            self._expect_answer(result["interaction_id"])
        return _json({"result": views.text_ids(result)})

    def _expect_answer(self, interaction_id: int) -> None:
        """Tell the member when the application let the time for an answer pass."""

        def look() -> None:
            for item in self._core.world.interactions.values():
                if item.id == interaction_id and item.callback is None:
                    self._core.hub.whisper(item.user.id, "INTERACTION", {"id": str(item.id)})

        asyncio.get_running_loop().call_later(self._core.interaction_deadline, look)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=1 << 16)
        await socket.prepare(request)
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = await socket.receive_json()
            if not self._known(hello.get("token")):
                await socket.close(code=4004, message=b"wrong token")
                return socket
            feed = _Feed(socket, request.transport)
            await self._follow(feed, hello)
        except (TimeoutError, TypeError, ValueError, AttributeError) as error:
            logger.debug("A page said something odd: {!r}", error)
            await socket.close(code=4002)
        return socket

    async def _follow(self, feed: "_Feed", hello: dict[str, Any]) -> None:
        """Serve a page as the member it names, or names later: {"as": id}."""
        watcher = self._watch(feed, hello.get("as"))
        writer = asyncio.create_task(feed.write(), name="page writer")
        try:
            async for frame in feed.socket:
                if frame.type == WSMsgType.TEXT:
                    watcher.stop()
                    watcher = self._watch(feed, json.loads(frame.data).get("as"))
        finally:
            watcher.stop()
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    def _watch(self, feed: "_Feed", ref: Any) -> Watcher:
        watcher = Watcher(self._core, self._viewer(ref), feed)
        watcher.start()
        return watcher

    def _viewer(self, ref: Any) -> User:
        """Return the user a page wants to be; the first one there is when it names nobody known."""
        known = {person["id"] for person in views.people(self._core)}
        if str(ref) in known:
            return the_user(self._core, str(ref))
        if not known:
            raise OperationError("there is nobody to look at the page as")
        return the_user(self._core, views.people(self._core)[0]["id"])


class _Feed:
    """The frames on their way to one page, in order."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport | None) -> None:
        self.socket = socket
        self._transport = transport
        self._queue: asyncio.Queue[str] = asyncio.Queue()

    def send(self, kind: str, data: Any) -> None:
        """Queue an event; a page that doesn't keep up is cut off and will come back."""
        self._queue.put_nowait(json.dumps({"t": kind, "d": views.text_ids(data)}, separators=(",", ":")))
        if self._queue.qsize() > MAX_QUEUE and isinstance(self._transport, asyncio.Transport):
            self._transport.abort()

    async def write(self) -> None:
        """Send what is queued until the socket ends."""
        with contextlib.suppress(ConnectionError, ClientError, RuntimeError):
            while True:
                await self.socket.send_str(await self._queue.get())


def _json(body: Any, status: int = 200) -> web.Response:
    text = json.dumps(body, separators=(",", ":"), default=str)
    return web.Response(status=status, body=text.encode(), content_type="application/json")
