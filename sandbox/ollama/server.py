"""The loopback server: Ollama's routes, the record of what was asked, and the faults."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web
from loguru import logger

from sandbox import loopback
from sandbox.ids import Clock
from sandbox.ollama.answers import Asked
from sandbox.ollama.faults import Fault
from sandbox.ollama.latency import Latency
from sandbox.ollama.library import Library, embedded
from sandbox.ollama.memory import Memory, seconds_of
from sandbox.ollama.models import Model
from sandbox.ollama.talk import Talk, check, collected
from sandbox.ollama.wire import Cut, OllamaError, encode, refuse, send, stream
from sandbox.record import Entry, Record
from sandbox.scripted import Faults

VERSION = "0.12.6"
MAX_BODY = 64 * 1024 * 1024  # pictures
BAD_REQUEST = 400
Handler = Callable[[web.Request, dict[str, Any], "Fault | None", Entry], Awaitable[web.StreamResponse]]


class Server:
    """One Ollama: its models, its words and its port.

    Attributes:
        open: requests under way now; `most_open` the most at a time.
    """

    def __init__(
        self, models: Iterable[str | Model], clock: Clock, latency: Latency, version: str = VERSION
    ) -> None:
        self.record = Record(clock)
        self.memory = Memory(clock)
        self.talk = Talk(clock, self.memory, latency)
        self.library = Library(models, self.memory)
        self.faults = Faults[Fault]()
        self.version = version
        self.open = self.most_open = 0
        self._runner: web.AppRunner | None = None
        self._door = loopback.Door(loopback.LOCALHOST, 0)

    async def start(self, host: str, port: int) -> str:
        """Listen; a port of 0 takes a free one. Return the address.

        Raises:
            ValueError: the host is no loopback address.
        """
        host = loopback.checked(host)
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/", self._hello)
        routes: list[tuple[str, str, Handler]] = [
            ("POST", "/api/chat", self._converse),
            ("POST", "/api/generate", self._converse),
            ("POST", "/api/embed", self._embed),
            ("POST", "/api/show", self._show),
            ("POST", "/api/pull", self._pull),
            ("DELETE", "/api/delete", self._delete),
            ("GET", "/api/tags", self._tags),
            ("GET", "/api/ps", self._ps),
            ("GET", "/api/version", self._version),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, self._answering(handler))
        self._runner = web.AppRunner(
            app, access_log=None, logger=loopback.LOG, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0][1]
        self._door = loopback.Door(host, bound)
        return f"http://{loopback.netloc(host, bound)}"

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _hello(self, _request: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    def _answering(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            refused = self._door.refuses(request)
            if refused is not None:
                return _error(OllamaError(*refused))
            raw = await request.read()  # an entry of the record is whole from the start
            body = _read(raw)
            asked = self.record.add("request", path=request.path, body=body, headers=dict(request.headers))
            ended: Entry = {"request": asked["n"], "path": request.path, "outcome": "left", "lines": 0}
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            try:
                return await self._answer(request, handler, body, ended)
            except (asyncio.CancelledError, ConnectionError):  # the client left
                ended["outcome"] = "left"
                raise
            finally:
                self.open -= 1
                self.record.add("end", **ended)

        return answer

    async def _answer(
        self, request: web.Request, handler: Handler, body: Any, ended: Entry
    ) -> web.StreamResponse:
        try:
            fault = self.faults.take(lambda each: each.path in {request.path, "*"})
            refuse(fault, body)
            response = await handler(request, body, fault, ended)
        except OllamaError as error:
            ended["outcome"] = str(error.status)
            return _error(error)
        except Cut:
            ended["outcome"] = "cut"
            return web.Response()  # goes nowhere
        except ConnectionError:
            raise
        except Exception as error:
            if request.writer.output_size:
                raise
            logger.opt(exception=error).error("The loopback Ollama failed at {}", request.path)
            return _error(OllamaError(500, "the loopback Ollama failed"))
        ended["outcome"] = "answered" if fault is None else fault.kind
        return response

    async def _converse(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None, ended: Entry
    ) -> web.StreamResponse:
        model = self.library.find(body.get("model"))
        asked = Asked.of(request.path, str(body["model"]), body)
        check(model, asked)
        keep_alive = _keep_alive(body)
        if not asked.messages or (request.path == "/api/generate" and not asked.prompt):
            if seconds_of(keep_alive) == 0:
                self.memory.drop(model.name)
                return await send(request, self.talk.only_loading(asked, "unload"), fault)
            await self.talk.load(model, asked.options)
            self.memory.keep(model, keep_alive)
            return await send(request, self.talk.only_loading(asked, "load"), fault)
        try:
            lines = self.talk.lines(model, asked, await self.talk.load(model, asked.options))
            if body.get("stream", True):
                return await stream(request, lines, fault, ended)
            return await send(request, await collected(lines, asked), fault)
        finally:
            self.memory.keep(model, keep_alive)

    async def _embed(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        model = self.library.find(body.get("model"), 'model "{}" not found, try pulling it first')
        keep_alive = _keep_alive(body)
        await self.talk.load(model, body.get("options") or {})
        self.memory.keep(model, keep_alive)
        return await send(request, embedded(model, body), fault)

    async def _show(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        return await send(request, self.library.find(body.get("model")).shown(), fault)

    async def _pull(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None, ended: Entry
    ) -> web.StreamResponse:
        lines = self.library.pull(body.get("model"), self.talk)
        if body.get("stream", True):
            return await stream(request, lines, fault, ended)
        last = [line async for line in lines][-1]
        if "error" in last:
            raise OllamaError(500, last["error"])
        return await send(request, last, fault)

    async def _delete(
        self, request: web.Request, body: dict[str, Any], _fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        self.library.delete(body.get("model"))
        return web.Response()

    async def _tags(
        self, request: web.Request, _body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        return await send(request, self.library.tags(), fault)

    async def _ps(
        self, request: web.Request, _body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        return await send(request, {"models": self.memory.running()}, fault)

    async def _version(
        self, request: web.Request, _body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        return await send(request, {"version": self.version}, fault)


def _read(raw: bytes) -> Any:
    """Return the JSON of a body: an object without one, None when it is none."""
    try:
        return json.loads(raw) if raw else {}
    except ValueError:
        return None


def _keep_alive(body: dict[str, Any]) -> float | str | None:
    """Return the keep_alive of a request.

    Raises:
        OllamaError: it is none.
    """
    keep_alive: float | str | None = body.get("keep_alive")
    try:
        seconds_of(keep_alive)
    except ValueError as error:
        raise OllamaError(BAD_REQUEST, str(error)) from None
    return keep_alive


def _error(error: OllamaError) -> web.Response:
    return web.Response(
        status=error.status,
        headers=error.headers,
        body=encode({"error": str(error)}),
        content_type="application/json",
        charset="utf-8",
    )
