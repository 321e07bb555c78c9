"""Serves the chat page, its live feed and what its viewer does, on a loopback port of its own.

The page's files are public; feed and operations want the token that is in the printed address, so that no
other web page and no other user of the machine can look in or act.
"""

import asyncio
import base64
import errno
import hashlib
import hmac
import json
import re
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web

from sandbox import loopback
from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.ops.asking import asked
from sandbox.ops.registry import MISTAKES, refusal
from sandbox.page import views
from sandbox.page.feed import BAD_FRAME, Feed, said

MAX_BODY = 64 * 1024 * 1024  # an upload, as base64 in JSON
MAX_FRAME = 64 * 1024  # bytes a page may say at once
WRONG_TOKEN = 4004
HELLO_SECONDS = 10.0
CLOSE_SECONDS = 0.5  # for a page to say goodbye
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
        self._door = loopback.Door(loopback.LOCALHOST, 0)
        self._headers: dict[str, str] = {}
        self._sockets: set[web.WebSocketResponse] = set()

    async def start(self, host: str, port: int = 0) -> None:
        """Listen; a port of 0, or one that is taken, becomes a free one.

        Raises:
            ValueError: the host is no loopback address.
        """
        host = loopback.checked(host)
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        app.router.add_get("/", self._index)
        app.router.add_get("/live", self._live)
        app.router.add_post("/op/{name}", self._operation)
        app.router.add_get("/{path:.*}", self._file)
        app.on_shutdown.append(self._part)
        self._runner = web.AppRunner(app, access_log=None, logger=loopback.LOG, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            if error.errno not in TAKEN or port == 0:
                raise
            await web.TCPSite(self._runner, host, 0).start()
        bound = self._runner.addresses[0][1]
        self._door = loopback.Door(host, bound)
        self.address = f"http://{loopback.netloc(host, bound)}/#{self._token}"
        self._headers = self._security()

    async def stop(self) -> None:
        """Stop listening; open pages are told and cut off."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _part(self, _: web.Application) -> None:
        ends = (socket.close(code=WSCloseCode.GOING_AWAY, message=b"ended") for socket in self._sockets)
        await asyncio.gather(*ends)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse foreign hosts and origins (a name that was rebound to loopback), and add the headers."""
        response: web.StreamResponse
        refused = self._door.refuses(request)
        if refused is not None:
            response = web.Response(status=refused[0], text=refused[1])
        else:
            try:
                response = await handler(request)
            except web.HTTPRequestEntityTooLarge:
                limit = MAX_BODY // (1024 * 1024)
                response = _json({"error": f"That is too large: at most {limit} MB at once."}, 413)
            except web.HTTPException as error:
                response = _json({"error": error.reason}, error.status)
        if not response.prepared:
            response.headers.update(self._headers)
        return response

    def _security(self) -> dict[str, str]:
        """Return the headers of every answer; the one inline script, the import map, goes by its hash."""
        inline = _INLINE.search((self._static / "index.html").read_text("utf-8"))
        digest = base64.b64encode(hashlib.sha256((inline[1] if inline else "").encode()).digest()).decode()
        cdn = "{0.scheme}://{0.netloc}".format(urlsplit(self._core.urls["cdn_url"]))
        policy = (
            "default-src 'none'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors 'none'; script-src 'self' 'sha256-{digest}'; "
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
        if not isinstance(token, str):
            return False
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())

    async def _operation(self, request: web.Request) -> web.StreamResponse:
        """Do what the page's viewer does: any operation of the driver, ids as text."""
        if not self._known(request.headers.get("Authorization", "").removeprefix("Bearer ")):
            return _json({"error": "The address has no valid token: open the one that was printed."}, 401)
        raw = await request.read()
        try:
            result = asked(self._core, request.match_info["name"], raw)
        except (ApiError, *MISTAKES) as error:
            status, body = refusal(error)
            return _json(body, status)
        if isinstance(result, dict) and "interaction_id" in result:
            self._expect_answer(result["interaction_id"])
        return _json({"result": views.text_ids(result)})

    def _expect_answer(self, interaction_id: int) -> None:
        """Tell the member when the application let the time for an answer pass."""
        made = reversed(self._core.world.interactions.values())  # it is the last one, or nearly
        item = next((item for item in made if item.id == interaction_id), None)

        def look() -> None:
            if item is not None and item.callback is None:
                about = {"id": str(item.id), "token": item.token}
                self._core.hub.whisper(item.user.id, "INTERACTION", about)

        asyncio.get_running_loop().call_later(self._core.interaction_deadline, look)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=CLOSE_SECONDS, heartbeat=30, max_msg_size=MAX_FRAME)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            hello = await _hello(socket)
            if hello is None:
                await socket.close(code=BAD_FRAME, message=b"no hello")
            elif not self._known(hello.get("token")):
                await socket.close(code=WRONG_TOKEN, message=b"wrong token")
            else:
                await Feed(self._core, socket, request.transport).follow(hello.get("as"))
        finally:
            self._sockets.discard(socket)
        return socket


async def _hello(socket: web.WebSocketResponse) -> dict[str, Any] | None:
    """Return the first thing a page says, None when it says nothing or nothing sensible in time."""
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            return said((await socket.receive()).data)
    except TimeoutError:
        return None


def _json(body: Any, status: int = 200) -> web.Response:
    text = json.dumps(body, separators=(",", ":"), default=str)
    return web.Response(status=status, body=text.encode(), content_type="application/json")
