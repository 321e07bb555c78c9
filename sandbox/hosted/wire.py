"""How answers go out: one JSON object or server-sent events, and what faults make of both."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from sandbox.hosted.faults import Fault
from sandbox.record import Entry

GARBAGE = b"<html><body>502 Bad Gateway</body></html>"
SSE = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


class ApiError(Exception):
    """An answer other than 200, in the protocol's form."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


class Cut(Exception):  # noqa: N818 - not an error here
    """The connection was broken on purpose."""


def event(data: dict[str, Any], name: str = "") -> bytes:
    """Return a server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def never() -> None:
    """Wait until the client leaves: then this is cancelled."""
    await asyncio.get_running_loop().create_future()


def cut(request: web.Request) -> None:
    """Break the connection.

    Raises:
        Cut: always.
    """
    if request.transport is not None:
        request.transport.abort()
    raise Cut


async def send(request: web.Request, value: dict[str, Any], fault: Fault | None) -> web.Response:
    """Return the answer that is one object."""
    body = json.dumps(value, ensure_ascii=False).encode()
    kind = fault.kind if fault else ""
    if kind == "hang":
        await never()
    if kind == "cut":
        cut(request)
    if fault is not None and kind == "slow":
        await asyncio.sleep(fault.seconds)
    if kind == "garbage":
        return web.Response(body=GARBAGE, content_type="text/html")
    return web.Response(
        body=body[: len(body) // 2] if kind == "half_json" else body, content_type="application/json"
    )


async def stream(
    request: web.Request, events: Iterable[bytes], failure: bytes, fault: Fault | None, ended: Entry
) -> web.StreamResponse:
    """Send events; `ended["events"]` counts those that went out whole. `failure` is an error told amid them.

    Raises:
        Cut: a fault broke the connection.
    """
    if fault is not None and fault.kind == "garbage":
        return web.Response(body=GARBAGE, content_type="text/html")
    response = web.StreamResponse(headers=SSE)
    await response.prepare(request)
    for each in events:
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and ended["events"] >= fault.after:
            await _spoil(request, response, each, failure, fault)
            break
        await response.write(each)
        ended["events"] += 1
    await response.write_eof()
    return response


async def _spoil(
    request: web.Request, response: web.StreamResponse, each: bytes, failure: bytes, fault: Fault
) -> None:
    if fault.kind == "hang":
        await never()
    if fault.kind == "cut":
        cut(request)
    last = {"error": failure, "half_json": each[: len(each) * 2 // 3] + b"\n\n", "no_end": b""}
    await response.write(last[fault.kind])
