"""HTTP and websocket frames by hand: a framework would be the bottleneck of what is being measured."""

import asyncio
import base64
import hashlib
import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from sandbox.compress import compressor

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_SHORT, _LONG = 126, 127  # length codes: two or eight bytes follow
_MAX_SHORT = 0xFFFF


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; the keys of `headers` are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


def dumps(value: Any) -> bytes:
    """Return the value as compact JSON in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def frame(payload: bytes, opcode: int) -> bytes:
    """Return a server's (unmasked) websocket frame."""
    size = len(payload)
    if size < _SHORT:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size <= _MAX_SHORT:
        head = struct.pack("!BBH", 0x80 | opcode, _SHORT, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, _LONG, size)
    return head + payload


async def read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the opcode and payload of a client's frame.

    Raises:
        asyncio.IncompleteReadError: The connection ended.
    """
    first, second = await reader.readexactly(2)
    size = second & 0x7F
    if size == _SHORT:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
    elif size == _LONG:
        (size,) = struct.unpack("!Q", await reader.readexactly(8))
    mask = await reader.readexactly(4) if second & 0x80 else b"\0\0\0\0"
    payload = await reader.readexactly(size)
    return first & 0x0F, bytes(byte ^ mask[index & 3] for index, byte in enumerate(payload))


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request of a connection, or None when the client is done with it."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head[:-4].split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def response(status: int, value: Any) -> bytes:
    """Return a JSON answer; 204 goes without a body."""
    body = b"" if status == 204 else dumps(value)  # noqa: PLR2004
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def upgrade(request: Request) -> bytes:
    """Return the answer that turns the connection into a websocket."""
    key = hashlib.sha1(request.headers["sec-websocket-key"].encode() + _GUID, usedforsecurity=False).digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(key).decode()}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class PlainCodec:
    """A gateway that sends text frames."""

    name = "plain"

    def hello(self, payload: bytes) -> bytes:
        """Return the frame of the connection's first payload."""
        return frame(payload, TEXT)

    def between(self, payload: bytes) -> bytes:
        """Return the frame of a payload that is no part of an encoded run."""
        return frame(payload, TEXT)

    def encode(self, payload: bytes, *, last: bool = True) -> bytes:
        """Return the payload's frame."""
        del last
        return frame(payload, TEXT)


class ZlibCodec:
    """A gateway asked for `compress=zlib-stream`: one stream for the whole connection.

    Payloads share the compressor's window up to one marked `last`, after which nothing refers back: between
    such runs other payloads (heartbeat answers) may be put in, although the runs were encoded beforehand.
    """

    name = "zlib"

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -15)

    def hello(self, payload: bytes) -> bytes:
        """Return the frame of the connection's first payload, which opens the zlib stream (RFC 1950)."""
        return frame(b"\x78\x9c" + self._deflated(payload, zlib.Z_FULL_FLUSH), BINARY)

    def between(self, payload: bytes) -> bytes:
        """Return the frame of a payload that is no part of an encoded run."""
        return self.encode(payload)

    def encode(self, payload: bytes, *, last: bool = True) -> bytes:
        """Return the payload's frame; `last` ends a run."""
        flush = zlib.Z_FULL_FLUSH if last else zlib.Z_SYNC_FLUSH
        return frame(self._deflated(payload, flush), BINARY)

    def _deflated(self, payload: bytes, flush: int) -> bytes:
        return self._deflate.compress(payload) + self._deflate.flush(flush)


class ZstdCodec(PlainCodec):
    """A gateway asked for `compress=zstd-stream`: one stream for the flood, text frames for everything else.

    The stream refers back to all of itself, so nothing compressed could be put in between; clients take text.
    """

    name = "zstd"

    def __init__(self) -> None:
        self._pack = compressor("zstd-stream")

    def encode(self, payload: bytes, *, last: bool = True) -> bytes:
        """Return the payload's frame."""
        del last
        return frame(self._pack(payload), BINARY)


Codec = PlainCodec | ZlibCodec
CODECS: dict[str, type[Codec]] = {"zlib-stream": ZlibCodec, "zstd-stream": ZstdCodec}  # by `compress`
