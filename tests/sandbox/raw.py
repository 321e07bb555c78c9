"""Raw clients that know the protocol and nothing else: plain HTTP, and a websocket in each compression."""

import asyncio
import json
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from sandbox import Sandbox

ALL_INTENTS = sum(1 << bit for bit in (0, 1, 8, 9, 10, 11, 12, 13, 15))
DEADLINE = 15.0  # seconds: a wait that takes them has failed, however busy the machine


class Reply:
    """An HTTP answer."""

    def __init__(self, status: int, headers: Any, raw: bytes) -> None:
        self.status = status
        self.headers = headers
        self.json: Any = json.loads(raw) if raw else None


class Http:
    """Speaks to the API with a bot token."""

    def __init__(self, base: str, token: str | None) -> None:
        self._base = base
        self._headers = {"Authorization": f"Bot {token}"} if token else {}
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        """Send a request; the answer must be JSON of exactly that type, or nothing."""
        if body is not None:
            more["json"] = body
        headers = self._headers | more.pop("headers", {})
        async with self._session.request(method, self._base + path, headers=headers, **more) as response:
            raw = await response.read()
            if raw:
                assert response.headers["Content-Type"] == "application/json"
            return Reply(response.status, response.headers, raw)


async def ids(room: Sandbox) -> tuple[int, int]:
    home = (await room.state())["guilds"]["Home"]
    return home["id"], home["channels"]["help"]


async def posted(http: Http, channel: int, content: str = "hi", **more: Any) -> dict[str, Any]:
    reply = await http("POST", f"/channels/{channel}/messages", {"content": content, **more})
    assert reply.status == 200, reply.json
    body: dict[str, Any] = reply.json
    return body


def code(reply: Reply) -> tuple[int, int]:
    return reply.status, reply.json["code"]


class ZlibStream:
    """Inflates one context for a connection; a message ends with a flush."""

    def __init__(self) -> None:
        self._context = zlib.decompressobj()

    def text(self, data: bytes) -> str:
        assert data.endswith(b"\x00\x00\xff\xff")
        return self._context.decompress(data).decode()


class ZstdStream:
    """Unpacks one endless frame for a connection; a message is a block of it."""

    def __init__(self) -> None:
        import zstandard

        self._context = zstandard.ZstdDecompressor().decompressobj()

    def text(self, data: bytes) -> str:
        text = self._context.decompress(data).decode()
        assert not self._context.eof
        return text


class ZlibPackets:
    """Inflates each message by itself: payload compression."""

    def text(self, data: bytes) -> str:
        return zlib.decompress(data).decode()


STREAMS: dict[str, Callable[[], Any]] = {
    "": ZlibPackets,
    "zlib-stream": ZlibStream,
    "zstd-stream": ZstdStream,
}


class Socket:
    """A gateway connection: unpacks what comes, remembers the sequence."""

    def __init__(
        self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, stream: Any
    ) -> None:
        self._session = session
        self.socket = socket
        self.sequence = 0
        self.session_id = ""
        self.packed = 0
        self._stream = stream

    @classmethod
    async def open(cls, url: str, *, compress: str = "zlib-stream", version: int = 10) -> Self:
        """Connect."""
        session = aiohttp.ClientSession()
        query = f"?v={version}&encoding=json" + (f"&compress={compress}" if compress else "")
        try:
            socket = await session.ws_connect(url + query, max_msg_size=0)
        except BaseException:
            await session.close()
            raise
        return cls(session, socket, STREAMS[compress]())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up, so that the session can be resumed."""
        await self.socket.close(code=4000)
        await self._session.close()

    async def send(self, op: int, data: Any) -> None:
        """Send a payload."""
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def receive(self) -> dict[str, Any]:
        """Return the next payload.

        Raises:
            ConnectionError: the server closed; its code is the argument.
        """
        async with asyncio.timeout(DEADLINE):
            frame = await self.socket.receive()
        if frame.type == aiohttp.WSMsgType.BINARY:
            self.packed += 1
            text = self._stream.text(frame.data)
        elif frame.type == aiohttp.WSMsgType.TEXT:
            text = frame.data
        else:
            raise ConnectionError(self.socket.close_code)
        payload: dict[str, Any] = json.loads(text)
        if payload["s"] is not None:
            assert payload["s"] == self.sequence + 1, "sequence numbers rise by one"
            self.sequence = payload["s"]
        return payload

    async def until(self, event: str, fits: Callable[[Any], object] = bool) -> Any:
        """Return the data of the next event of that name that fits."""
        while True:
            payload = await self.receive()
            if payload["t"] == event and (fits is bool or fits(payload["d"])):
                return payload["d"]

    async def until_op(self, op: int) -> Any:
        """Return the data of the next payload of that opcode."""
        while (payload := await self.receive())["op"] != op:
            pass
        return payload["d"]

    async def close_code(self) -> int:
        """Return the code the server closes with."""
        try:
            while True:
                await self.receive()
        except ConnectionError as closed:
            return int(closed.args[0])

    async def identify(self, token: str, intents: int = ALL_INTENTS, **more: Any) -> Any:
        """Go through HELLO and IDENTIFY; return READY."""
        assert (await self.receive())["op"] == 10
        await self.send(2, {"token": token, "intents": intents, "properties": {}, **more})
        ready = await self.until("READY")
        self.session_id = ready["session_id"]
        return ready

    async def resume(self, token: str, other: "Socket", sequence: int | None = None) -> None:
        """Go through HELLO and send RESUME for another socket's session."""
        assert (await self.receive())["op"] == 10
        self.session_id = other.session_id
        self.sequence = other.sequence if sequence is None else sequence
        await self.send(6, {"token": token, "session_id": other.session_id, "seq": self.sequence})

    async def drained(self) -> list[dict[str, Any]]:
        """Return the events up to the answer of a heartbeat: everything sent before it."""
        await self.send(1, self.sequence)
        events = []
        while (payload := await self.receive())["op"] != 11:
            events.append(payload)
        return events


async def connected(
    room: Sandbox, intents: int = ALL_INTENTS, token: str | None = None, **more: Any
) -> Socket:
    """Return a socket that has identified and read what comes first."""
    socket = await Socket.open(room.gateway_url)
    try:
        await socket.identify(token or room.token, intents, **more)
        await socket.drained()
    except BaseException:
        await socket.close()
        raise
    return socket
