"""The loopback Ollama as tests drive it."""

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from sandbox.ids import Clock, SystemClock
from sandbox.ollama.faults import Fault, Kind
from sandbox.ollama.latency import Latency
from sandbox.ollama.models import Model, model_of
from sandbox.ollama.server import VERSION, Server
from sandbox.record import PATIENCE, Entry, Predicate
from sandbox.scripted import Rule, Saying, When


class OllamaSandbox:
    """A running loopback Ollama: `async with OllamaSandbox(models=["gemma3:27b"]) as ollama:`.

    Attributes:
        url: its address.
        latency: how long things take; may be changed at any time.
    """

    def __init__(
        self,
        models: Iterable[str | Model] = ("llama3.2:3b",),
        *,
        latency: Latency | None = None,
        clock: Clock | None = None,
        version: str = VERSION,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        """Have these models pulled; those of `sandbox.ollama.models.LIBRARY` can be pulled too."""
        self.latency = latency or Latency()
        self.server = Server(models, clock or SystemClock(), self.latency, version)
        self.record = self.server.record
        self.url = ""
        self._address = address

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after a stop, at the same address as before."""
        self.url = await self.server.start(*self._address)
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        self._address = (host.strip("[]"), int(port))

    async def stop(self) -> None:
        """Close the port: whoever asks now is refused."""
        await self.server.stop()

    def script(self, *rules: Rule | Saying) -> None:
        """Answer by these rules instead of those before, first match first.

        What is no rule is an answer to everything: a text, an `Answer`, a dict or list for JSON, or a
        function of the request.
        """
        made = [rule if isinstance(rule, Rule) else Rule("", rule) for rule in rules]
        self.server.talk.script.rules[:] = made

    def when(self, when: When, answer: Saying, times: int | None = None) -> None:
        """Add a rule behind the others."""
        self.server.talk.script.rules.append(Rule(when, answer, times))

    def fail(self, kind: Kind, path: str = "/api/chat", **more: Any) -> None:
        """Add a fault: see `sandbox.ollama.faults.Fault`; path "*" is all of them."""
        self.server.faults.add(Fault(kind, path, **more))

    def heal(self) -> None:
        """Forget the faults to come."""
        self.server.faults.clear()

    def offer(self, *models: str | Model) -> None:
        """Let more models be pulled."""
        self.server.library.offered |= {model.name: model for model in map(model_of, models)}

    @property
    def requests(self) -> list[Entry]:
        """Every request so far: `path`, `body`, `headers`."""
        return self.record.of("request")

    def bodies(self, path: str = "/api/chat") -> list[dict[str, Any]]:
        """Return what was sent to a path, oldest first."""
        return [entry["body"] for entry in self.record.of("request", path=path)]

    def ends(self, path: str = "/api/chat") -> list[str]:
        """Return how requests to a path ended: answered, left (by the client), a fault's kind or a status."""
        return [entry["outcome"] for entry in self.record.of("end", path=path)]

    async def wait_for(self, predicate: Predicate, timeout: float = PATIENCE) -> Entry:  # noqa: ASYNC109
        """Return the first entry of the record like this, waiting for it if need be.

        Raises:
            TimeoutError: none came.
        """
        return await self.record.wait(predicate, timeout)

    @property
    def loads(self) -> list[tuple[str, int]]:
        """Each time a model was loaded: its name and its context."""
        return self.server.memory.loads
