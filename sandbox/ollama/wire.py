"""How answers go out: one JSON object, or one a line, and what faults make of both."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import web

from sandbox.ollama.faults import Fault
from sandbox.record import Entry

NDJSON = "application/x-ndjson"
GARBAGE = b"<html>\xff\xfe502 Bad Gateway</html>"


class OllamaError(Exception):
    """An answer other than 200: Ollama's words for it."""

    def __init__(self, status: int, words: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.headers = headers or {}


class Cut(Exception):  # noqa: N818 - not an error here
    """The connection was broken on purpose."""


def encode(value: Any) -> bytes:
    """Return a value as Ollama writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def refuse(fault: Fault | None, body: Any) -> None:
    """Raise the HTTP error of a fault, if it is one, or of a body that is no object."""
    if not isinstance(body, dict):
        raise OllamaError(400, "json: cannot unmarshal into Go value of type api.Request")
    if fault is not None and fault.kind == "status":
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        raise OllamaError(fault.status, fault.words, headers)


async def never() -> None:
    """Wait until the client leaves: then this is cancelled."""
    await asyncio.get_running_loop().create_future()


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise Cut


async def send(request: web.Request, value: dict[str, Any], fault: Fault | None) -> web.Response:
    """Return the answer that is one object.

    Raises:
        Cut: a fault broke the connection.
        OllamaError: a fault is told as a failure.
    """
    body = encode(value)
    if fault is not None:
        if fault.kind == "hang":
            await never()
        if fault.kind == "cut":
            _cut(request)
        if fault.kind == "error":
            raise OllamaError(500, fault.words)
        changed = {"half_json": body[: len(body) // 2], "garbage": GARBAGE}
        changed["no_done"] = encode(value | {"done": False})
        body = changed[fault.kind]
    return web.Response(body=body, content_type="application/json", charset="utf-8")


async def stream(
    request: web.Request, lines: AsyncGenerator[dict[str, Any], None], fault: Fault | None, ended: Entry
) -> web.StreamResponse:
    """Send lines as they come; `ended["lines"]` counts those that went out whole.

    Raises:
        Cut: a fault broke the connection.
        OllamaError: a fault is told before anything was sent.
    """
    response = web.StreamResponse(headers={"Content-Type": NDJSON})
    async with aclosing(lines):
        async for line in lines:
            if fault is not None and (ended["lines"] >= fault.after or line.get("done")):
                await _spoil(request, response, encode(line), fault)
                break
            if not response.prepared:
                await response.prepare(request)
            await response.write(encode(line) + b"\n")
            ended["lines"] += 1
    await response.write_eof()
    return response


async def _spoil(request: web.Request, response: web.StreamResponse, line: bytes, fault: Fault) -> None:
    if fault.kind == "hang":
        await never()
    if fault.kind == "cut":
        _cut(request)
    if fault.kind == "error" and not response.prepared:
        raise OllamaError(500, fault.words)
    if not response.prepared:
        await response.prepare(request)
    last = {
        "error": encode({"error": fault.words}) + b"\n",
        "half_json": line[: len(line) // 2],
        "garbage": GARBAGE + b"\n",
        "no_done": b"",
    }[fault.kind]
    await response.write(last)
