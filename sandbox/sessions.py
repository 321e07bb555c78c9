"""Gateway sessions: sequence numbers, the replay buffer, and the socket that is attached at the moment."""

import asyncio
import json
import zlib
from collections import deque
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.client_exceptions import ClientError

from sandbox.world import Application

Json = dict[str, Any]
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def dumps(value: Any) -> str:
    """Return compact JSON, as Discord sends it."""
    return _ENCODE(value)


class Connection:
    """One websocket: its compression context, and the queue that keeps frames in order."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, compress: str
    ) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.sent_times: deque[float] = deque()
        self._transport = transport
        self._deflate = zlib.compressobj(1) if compress == "zlib-stream" else None
        self._queue: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write(), name="gateway writer")

    def send(self, text: str, due: float = 0.0) -> None:
        """Queue a frame; it leaves not before loop time `due`."""
        self._queue.put_nowait((due, text))

    def send_op(self, op: int, data: Any = None) -> None:
        """Queue a frame that is not an event."""
        self.send(dumps({"op": op, "d": data, "s": None, "t": None}))

    async def flushed(self) -> None:
        """Wait until everything queued was handed to the socket, or the socket is gone."""
        emptied = asyncio.create_task(self._queue.join())
        try:
            await asyncio.wait({emptied, self._writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            emptied.cancel()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while (item := await self._queue.get()) is not None:
            due, text = item
            try:
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                await self._put(text)
            except (ConnectionError, ClientError, RuntimeError):
                if self.session is not None:
                    self.session.detach(self)
            finally:
                self._queue.task_done()
        self._queue.task_done()

    async def _put(self, text: str) -> None:
        if self.socket.closed:
            return
        if self._deflate is None:
            await self.socket.send_frame(text.encode("utf-8", "replace"), WSMsgType.TEXT)
            return
        data = self._deflate.compress(text.encode("utf-8", "replace"))
        await self.socket.send_bytes(data + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    async def close(self, code: int, reason: str = "") -> None:
        """Close the socket with a close code, after what is queued was sent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self.flushed()
        with suppress(ConnectionError, ClientError, TimeoutError):
            async with asyncio.timeout(2):
                await self.socket.close(code=code, message=reason.encode())

    def abort(self) -> None:
        """Cut the socket without a close frame, as a lost network does; what is queued is lost too."""
        if self._transport is not None:
            self._transport.abort()

    async def stop(self) -> None:
        """End the writer."""
        self._writer.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer


class Session:
    """What survives a lost socket: who identified, with which intents, and the events not yet seen."""

    def __init__(
        self, session_id: str, app: Application, intents: int, shard: tuple[int, int], replay: int
    ) -> None:
        self.id = session_id
        self.app = app
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.connection: Connection | None = None
        self.ready = False
        self.held: tuple[str, str] | None = None
        self._buffer: deque[tuple[int, str]] = deque(maxlen=replay)

    def serves(self, guild_id: int | None) -> bool:
        """Whether this session's shard carries a guild; DMs belong to shard 0."""
        number, count = self.shard
        return ((guild_id >> 22) % count if guild_id is not None else 0) == number

    def dispatch(self, event: str, data_json: str, due: float = 0.0) -> int:
        """Give an event its number, remember it for a resume and send it if a socket is there."""
        self.sequence += 1
        text = f'{{"op":0,"s":{self.sequence},"t":"{event}","d":{data_json}}}'
        self._buffer.append((self.sequence, text))
        if self.connection is not None:
            self.connection.send(text, due)
        return self.sequence

    def missed(self, since: int) -> list[str] | None:
        """Return the frames after number `since`, None when some are no longer kept."""
        if since < self.sequence and (not self._buffer or self._buffer[0][0] > since + 1):
            return None
        return [text for number, text in self._buffer if number > since]

    def attach(self, connection: Connection) -> Connection | None:
        """Take over a socket; return the one that had the session before."""
        old, self.connection = self.connection, connection
        connection.session = self
        if old is not None:
            old.session = None
        return old

    def detach(self, connection: Connection) -> None:
        """Let go of a socket that is gone."""
        if self.connection is connection:
            self.connection = None
