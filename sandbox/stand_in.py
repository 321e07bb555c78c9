"""What stand-ins for other services share: a port of this machine, a record, and faults on demand."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, get_args

from aiohttp import web

from sandbox import loopback
from sandbox.ids import Clock, SystemClock
from sandbox.record import Entry, Record
from sandbox.scripted import Faults

Kind = Literal["status", "hang", "cut", "garbage", "redirect", "huge"]
GARBAGE = b"<html><body>502 Bad Gateway</body></html>"
CHUNK = b"x" * 65_536


@dataclass(slots=True)
class Fault:
    """One fault for the next `times` requests of a method ("" for any) whose path ends with `path`.

    `kind`: "status" (an HTTP error), "hang" (no answer until the client leaves), "cut" (the connection
    breaks), "garbage" (a page of HTML with status 200), "redirect" (to `to`), "huge" (a body without end).

    Attributes:
        late: what was asked is done first: only its answer is lost.

    Raises:
        ValueError: there is no such kind.
    """

    kind: Kind
    path: str = ""
    method: str = ""
    times: int = 1
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    to: str = ""
    late: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no fault named {self.kind!r}; there are {', '.join(get_args(Kind))}")


class Refused(Exception):  # noqa: N818 - an answer of the service, no error of the stand-in
    """An answer other than 200, in the service's form."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read."""

    request: web.Request
    body: dict[str, Any]

    def part(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def query(self, name: str, default: str = "") -> str:
        """Return an argument of the query."""
        return self.request.query.get(name, default)


Answer = web.StreamResponse
Handler = Callable[[Asked], Awaitable[Answer]]


class StandIn:
    """A service on a port of this machine: `async with Service() as service:`.

    Attributes:
        record: what was asked ("request").
        clock: the service's.
        address: host and port.
    """

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.record = Record(self.clock)
        self.address = ""
        self._faults = Faults[Fault]()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._door = loopback.Door(loopback.LOCALHOST, 0)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path and handler of everything it answers."""
        raise NotImplementedError

    def admit(self, asked: Asked) -> None:
        """Refuse who may not ask.

        Raises:
            Refused: they may not.
        """

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after a stop, at the same port as before."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for method, path, handler in self.routes():
            app.router.add_route(method, path, self._answering(handler))
        self._runner = web.AppRunner(
            app, access_log=None, logger=loopback.LOG, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, loopback.LOCALHOST, self._port).start()
        self._port = self._runner.addresses[0][1]
        self._door = loopback.Door(loopback.LOCALHOST, self._port)
        self.address = loopback.netloc(loopback.LOCALHOST, self._port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def fail(self, kind: Kind, path: str = "", **more: Any) -> None:
        """Add a fault behind the others: see `Fault`."""
        self._faults.add(Fault(kind, path, **more))

    def heal(self) -> None:
        """Forget the faults to come."""
        self._faults.clear()

    def asked(self, method: str = "", path: str = "") -> list[Entry]:
        """Return requests of a method whose path ends so: `method`, `path`, `query`, `body`, `headers`."""
        return [
            each
            for each in self.record.of("request")
            if method in {"", each["method"]} and each["path"].endswith(path)
        ]

    def _answering(self, handler: Handler) -> Callable[[web.Request], Awaitable[Answer]]:
        async def answer(request: web.Request) -> Answer:
            refused = self._door.refuses(request)
            if refused is not None:
                return web.Response(status=refused[0], text=refused[1])
            asked = Asked(request, await request.json() if request.can_read_body else {})
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.record.add(
                "request", method=request.method, path=request.path, query=dict(request.query),
                body=asked.body, headers=headers,
            )  # fmt: skip
            fault = self._faults.take(
                lambda each: request.path.endswith(each.path) and each.method in {"", request.method}
            )
            try:
                if fault is not None and not fault.late:
                    return await self._spoilt(request, fault)
                self.admit(asked)
                response = await handler(asked)
            except Refused as error:
                return web.json_response(error.body, status=error.status, headers=error.headers)
            return response if fault is None else await self._spoilt(request, fault)

        return answer

    @staticmethod
    async def _spoilt(request: web.Request, fault: Fault) -> Answer:
        if fault.kind == "hang":
            await asyncio.get_running_loop().create_future()
        if fault.kind == "cut":
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        if fault.kind == "garbage":
            return web.Response(body=GARBAGE, content_type="text/html")
        if fault.kind == "redirect":
            return web.Response(status=307, headers={"Location": fault.to})
        if fault.kind == "huge":
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(CHUNK)
        body = json.dumps(fault.body if fault.body is not None else {"message": f"failure {fault.status}"})
        return web.Response(
            status=fault.status, text=body, headers=fault.headers, content_type="application/json"
        )
