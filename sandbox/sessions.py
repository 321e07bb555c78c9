"""Gateway sessions: sequence numbers, the replay buffer, and the socket that is attached at the moment."""

import asyncio
import json
import zlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.client_exceptions import ClientError
from loguru import logger

from sandbox.compress import Compressor
from sandbox.world import Application

Json = dict[str, Any]
MAX_BEHIND = 32 << 20  # characters that wait for a client which hasn't caught up for MAX_LAG seconds
MAX_LAG = 10.0
PACKET = 1024  # payload compression leaves smaller frames as they are
_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def dumps(value: Any) -> str:
    """Return compact JSON, as Discord sends it."""
    return _ENCODE(value)


class Connection:
    """One websocket: its compression context, and the queue that keeps frames in order.

    Attributes:
        session: the session that uses it, once there is one.
        sent_times: loop times of the client's payloads within the last minute.
        interval: seconds between two heartbeats, as HELLO told.
        beat_by: loop time by which a heartbeat is due.
        packets: whether large frames are compressed one by one (payload compression).
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        pack: Compressor | None,
    ) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.sent_times: deque[float] = deque()
        self.interval = 0.0
        self.beat_by = 0.0
        self.packets = False
        self._transport = transport
        self._pack = pack
        self._queue: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
        self._waiting = 0  # characters queued
        self._waiting_since = 0.0  # loop time at which something was queued behind nothing
        self._writer = asyncio.create_task(self._write(), name="gateway writer")

    def send(self, text: str, due: float = 0.0) -> None:
        """Queue a frame; it leaves not before loop time `due`. A client too far behind is cut off."""
        now = asyncio.get_running_loop().time()
        if self._waiting == 0:
            self._waiting_since = max(now, due)
        self._waiting += len(text)
        self._queue.put_nowait((due, text))
        if self._waiting > MAX_BEHIND and now - self._waiting_since > MAX_LAG:
            logger.warning("A gateway client that doesn't read what it is sent is cut off")
            self.abort()
            if self.session is not None:
                self.session.detach(self)

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
                self._waiting -= len(text)
                self._queue.task_done()
        self._queue.task_done()

    async def _put(self, text: str) -> None:
        if self.socket.closed:
            return
        data = text.encode("utf-8", "replace")
        if self._pack is not None:
            await self.socket.send_bytes(self._pack(data))
        elif self.packets and len(data) > PACKET:
            await self.socket.send_bytes(zlib.compress(data, 1))
        else:
            await self.socket.send_frame(data, WSMsgType.TEXT)

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
    """What survives a lost socket: who identified, with which intents, and the events not yet seen.

    Attributes:
        large: members from which on a guild counts as large.
        alone_since: monotonic seconds at which its socket was lost, None while it has one.
    """

    def __init__(
        self,
        session_id: str,
        app: Application,
        intents: int,
        shard: tuple[int, int],
        *,
        replay: int,
        monotonic: Callable[[], float],
    ) -> None:
        self.id = session_id
        self.app = app
        self.intents = intents
        self.shard = shard
        self.large = 50
        self.alone_since: float | None = None
        self._monotonic = monotonic
        self.sequence = 0
        self.connection: Connection | None = None
        self.ready = False
        self.held: tuple[str, str] | None = None
        self._buffer: deque[tuple[int, str]] = deque(maxlen=replay)

    def serves(self, guild_id: int | None) -> bool:
        """Whether this session's shard carries a guild; DMs belong to shard 0.

        Source: docs events/gateway#sharding-sharding-formula.
        """
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
        """Return the frames after number `since`, None when some are no longer kept.

        Source: protocol gateway.4.
        """
        if since < self.sequence and (not self._buffer or self._buffer[0][0] > since + 1):
            return None
        return [text for number, text in self._buffer if number > since]

    def attach(self, connection: Connection) -> Connection | None:
        """Take over a socket; return the one that had the session before."""
        old, self.connection = self.connection, connection
        self.alone_since = None
        connection.session = self
        if old is not None:
            old.session = None
        return old

    def alone_for(self) -> float:
        """Return the seconds since its socket was lost, 0 while it has one."""
        return 0.0 if self.alone_since is None else self._monotonic() - self.alone_since

    def detach(self, connection: Connection) -> None:
        """Let go of a socket that is gone."""
        if self.connection is connection:
            self.connection = None
            self.alone_since = self._monotonic()
