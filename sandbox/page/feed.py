"""The line to one open page: what it is sent, in order, and which member it is looked at as."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.client_exceptions import ClientError

from sandbox.core import Core
from sandbox.ops.registry import the_user
from sandbox.page import views
from sandbox.page.watcher import Watcher
from sandbox.world import User

MAX_BEHIND = 32 * 1024 * 1024  # characters a page may lag behind before it is cut off
BAD_FRAME = 4002


def said(text: Any) -> dict[str, Any] | None:
    """Return what a page said, None when it makes no sense."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class Feed:
    """Serves a page over its websocket."""

    def __init__(
        self, core: Core, socket: web.WebSocketResponse, transport: asyncio.Transport | None
    ) -> None:
        self._core = core
        self._socket = socket
        self._transport = transport
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._behind = 0

    async def follow(self, ref: Any) -> None:
        """Serve the page as the member it names, or names later by {"as": id}, until it goes."""
        watcher = self._watch(ref)
        writer = asyncio.create_task(self._write(), name="page writer")
        try:
            async for frame in self._socket:
                if frame.type != WSMsgType.TEXT or (wish := said(frame.data)) is None:
                    await self._socket.close(code=BAD_FRAME)
                    break
                watcher.stop()
                watcher = self._watch(wish.get("as"))
        finally:
            watcher.stop()
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer

    def send(self, kind: str, data: Any) -> None:
        """Queue an event; a page that doesn't keep up is cut off and will come back."""
        text = json.dumps({"t": kind, "d": views.text_ids(data)}, separators=(",", ":"))
        if self._behind + len(text) > MAX_BEHIND and self._behind and self._transport is not None:
            self._transport.abort()
            return
        self._behind += len(text)
        self._queue.put_nowait(text)

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError, ClientError, RuntimeError):
            while True:
                text = await self._queue.get()
                await self._socket.send_str(text)
                self._behind -= len(text)

    def _watch(self, ref: Any) -> Watcher:
        watcher = Watcher(self._core, self, lambda: self._viewer(ref))
        watcher.start()
        return watcher

    def _viewer(self, ref: Any) -> User | None:
        """Return the user a page wants to be; the first one there is when it names nobody known."""
        known = [person["id"] for person in views.people(self._core)]
        if not known:
            return None
        return the_user(self._core, str(ref) if str(ref) in known else known[0])
