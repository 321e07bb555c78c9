"""The loopback servers as tests drive them."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox import loopback
from sandbox.hosted import anthropic, openai
from sandbox.hosted.answers import Script
from sandbox.hosted.faults import Fault, Kind
from sandbox.hosted.wire import ApiError, Cut, never, send, stream
from sandbox.ids import Clock, SystemClock
from sandbox.record import PATIENCE, Entry, Predicate, Record
from sandbox.scripted import Faults, Rule, Saying, When

KEY = "sk-sandbox-0123456789abcdef"
MAX_BODY = 64 * 1024 * 1024  # pictures
Handler = Callable[[web.Request, dict[str, Any], "Fault | None", Entry], Awaitable[web.StreamResponse]]


class HostedSandbox:
    """Both servers, running: `async with HostedSandbox() as hosted:`.

    Attributes:
        key: the one that is accepted; any other word is too when `asks_for_key` is off.
        anthropic_url: for `AsyncAnthropic(base_url=...)`.
        openai_url: for `AsyncOpenAI(base_url=...)`, with the version.
        has_models: whether the OpenAI-like server lists its models; may be changed at any time.
        record: what was asked ("request") and how it ended ("end").
    """

    def __init__(self, *, clock: Clock | None = None, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.key = KEY
        self.anthropic_url = ""
        self.openai_url = ""
        self.asks_for_key = True
        self.has_models = True
        self.record = Record(clock or SystemClock())
        self._script = Script()
        self._faults = Faults[Fault]()
        self._address = address
        self._runner: web.AppRunner | None = None
        self._door = loopback.Door(loopback.LOCALHOST, 0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after a stop, at the same address as before.

        Raises:
            ValueError: the host is no loopback address.
        """
        host = loopback.checked(self._address[0])
        app = web.Application(client_max_size=MAX_BODY)
        routes: list[tuple[str, str, Handler]] = [
            ("POST", "/anthropic/v1/messages", self._messages),
            ("GET", "/anthropic/v1/models", self._anthropic_models),
            ("GET", "/anthropic/v1/models/{name}", self._anthropic_models),
            ("POST", "/openai/v1/chat/completions", self._completions),
            ("POST", "/openai/v1/embeddings", self._embeddings),
            ("GET", "/openai/v1/models", self._openai_models),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, self._answering(handler))
        self._runner = web.AppRunner(
            app, access_log=None, logger=loopback.LOG, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, host, self._address[1]).start()
        bound = self._runner.addresses[0][1]
        self._address = (host, bound)
        self._door = loopback.Door(host, bound)
        where = loopback.netloc(host, bound)
        self.anthropic_url = f"http://{where}/anthropic"
        self.openai_url = f"http://{where}/openai/v1"

    async def stop(self) -> None:
        """Close the port and every connection: whoever asks now is refused."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def script(self, *rules: Rule | Saying) -> None:
        """Answer by these rules instead of those before, first match first.

        What is no rule is an answer to everything: a text, an `Answer`, a dict or list for JSON, or a
        function of the request.
        """
        self._script.rules[:] = [rule if isinstance(rule, Rule) else Rule("", rule) for rule in rules]

    def when(self, when: When, answer: Saying, times: int | None = None) -> None:
        """Add a rule behind the others."""
        self._script.rules.append(Rule(when, answer, times))

    def fail(self, kind: Kind, path: str = "", **more: Any) -> None:
        """Add a fault: see `sandbox.hosted.faults.Fault`; `path` is how the path ends, "" for all of them."""
        self._faults.add(Fault(kind, path, **more))

    def heal(self) -> None:
        """Forget the faults to come."""
        self._faults.clear()

    @property
    def requests(self) -> list[Entry]:
        """Every request so far: `path`, `body`, `headers`."""
        return self.record.of("request")

    def bodies(self, path: str = "") -> list[dict[str, Any]]:
        """Return what was posted to paths that end so, oldest first."""
        return [entry["body"] for entry in self.requests if entry["body"] and entry["path"].endswith(path)]

    def ends(self, path: str = "") -> list[str]:
        """Return how requests ended: answered, left (by the client), cut, or a status."""
        return [entry["outcome"] for entry in self.record.of("end") if entry["path"].endswith(path)]

    async def wait_for(self, predicate: Predicate, timeout: float = PATIENCE) -> Entry:  # noqa: ASYNC109
        """Return the first entry of the record like this, waiting for it if need be.

        Raises:
            TimeoutError: none came.
        """
        return await self.record.wait(predicate, timeout)

    def _answering(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            refused = self._door.refuses(request)
            if refused is not None:
                return web.Response(status=refused[0], text=refused[1])
            body = await request.json() if request.can_read_body else {}
            headers = {name.lower(): value for name, value in request.headers.items()}
            asked = self.record.add("request", path=request.path, body=body, headers=headers)
            ended: Entry = {"request": asked["n"], "path": request.path, "outcome": "left", "events": 0}
            try:
                response = await handler(request, body, self._admitted(request), ended)
                ended["outcome"] = "answered"
            except ApiError as error:
                ended["outcome"] = str(error.status)
                return web.json_response(error.body, status=error.status, headers=error.headers)
            except Cut:
                ended["outcome"] = "cut"
                raise asyncio.CancelledError from None
            else:
                return response
            finally:
                self.record.add("end", **ended)

        return answer

    def _admitted(self, request: web.Request) -> Fault | None:
        """Return the fault that comes later, amid the answer.

        Raises:
            ApiError: the key is wrong, or a fault refuses the request.
        """
        protocol = anthropic if request.path.startswith("/anthropic") else openai
        key = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get(
            "x-api-key"
        )
        if self.asks_for_key and key != self.key:
            raise ApiError(401, protocol.failure(401, f"invalid key: {key}"))
        fault = self._faults.take(lambda each: request.path.endswith(each.path))
        if fault is not None and fault.kind == "overlong":
            raise protocol.overlong()
        if fault is not None and fault.kind == "status":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            raise ApiError(fault.status, protocol.failure(fault.status, fault.text, fault.type), headers)
        return fault

    async def _messages(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None, ended: Entry
    ) -> web.StreamResponse:
        asked = anthropic.asked(request.path, request.headers, body)
        answer = await self._script.answer(asked)
        if answer.wait is not None:
            await answer.wait()
        if body.get("stream"):
            return await stream(request, anthropic.events(asked, answer), anthropic.amid(fault), fault, ended)
        return await send(request, anthropic.whole(asked, answer), fault)

    async def _completions(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None, ended: Entry
    ) -> web.StreamResponse:
        asked = openai.asked(request.path, body)
        answer = await self._script.answer(asked)
        if answer.wait is not None:
            await answer.wait()
        if body.get("stream"):
            return await stream(request, openai.events(asked, answer), openai.amid(fault), fault, ended)
        return await send(request, openai.whole(asked, answer), fault)

    async def _embeddings(
        self, request: web.Request, body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        vectors = openai.embeddings(body)
        if fault is not None and fault.kind == "no_end":
            vectors["data"].pop()
        return await send(request, vectors, fault)

    async def _anthropic_models(
        self, request: web.Request, _body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        name = request.match_info.get("name")
        if name is not None:
            if name not in anthropic.MODELS:
                raise ApiError(404, anthropic.failure(404, f"model: {name}"))
            return await send(request, anthropic.model_form(name), fault)
        data = [anthropic.model_form(name) for name in anthropic.MODELS]
        return await send(
            request, {"data": data, "has_more": False, "first_id": None, "last_id": None}, fault
        )

    async def _openai_models(
        self, request: web.Request, _body: dict[str, Any], fault: Fault | None, _ended: Entry
    ) -> web.StreamResponse:
        if not self.has_models:
            raise ApiError(404, openai.failure(404, "Not Found"))
        if fault is not None and fault.kind == "hang":
            await never()
        return await send(
            request, {"object": "list", "data": list(map(openai.model_form, openai.MODELS))}, fault
        )
