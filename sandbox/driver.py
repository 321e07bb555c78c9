"""The driver: a sandbox in this process, for tests."""

from types import TracebackType
from typing import Any, Self

from sandbox.core import Core
from sandbox.handles import Member
from sandbox.ids import Clock
from sandbox.ops import perform
from sandbox.record import PATIENCE, Entry, Predicate, Record
from sandbox.server import Server
from sandbox.vocabulary import Vocabulary
from sandbox.world import Application


class Sandbox(Vocabulary):
    """A loopback Discord: `async with Sandbox() as discord:`.

    Attributes:
        record: everything that happened, in order.
        faults: what goes wrong; may be changed at any time.
        core: the parts inside, for timings and limits.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int | None = 0,
        clock: Clock | None = None,
        record_limit: int | None = None,
    ) -> None:
        self.core = Core(seed, clock, record_limit)
        self.record: Record = self.core.record
        self.faults = self.core.faults
        self._address = (host, port)
        self._server = Server(self.core)
        perform(self.core, "application", {"name": "bot"})

    async def __aenter__(self) -> Self:
        await self._server.start(*self._address)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Cut every connection and stop listening."""
        await self._server.stop()
        await self.core.settle()

    @property
    def app(self) -> Application:
        """The main application."""
        app = self.core.main_app
        if app is None:
            raise RuntimeError("the sandbox has no application")
        return app

    @property
    def interaction_deadline(self) -> float:  # type: ignore[override]
        """Seconds an application has to acknowledge an interaction."""
        return self.core.interaction_deadline

    @property
    def api_url(self) -> str:
        """The base of the HTTP API, such as http://127.0.0.1:40000/api/v10."""
        return self.core.urls["api_url"]

    @property
    def gateway_url(self) -> str:
        """The gateway, such as ws://127.0.0.1:40000/. Source: protocol pointing.1."""
        return self.core.urls["gateway_url"]

    @property
    def cdn_url(self) -> str:
        """The base of the CDN."""
        return self.core.urls["cdn_url"]

    @property
    def token(self) -> str:
        """The main bot's token."""
        return self.app.token

    @property
    def application_id(self) -> int:
        """The main application's id."""
        return self.app.id

    @property
    def bot_user(self) -> Member:
        """The main bot as a member of the first guild, to compare authors with."""
        first = next(iter(self.core.world.guilds), 0)
        return Member(self.app.bot.id, self.app.bot.username, first, self)

    async def call(self, op: str, /, **args: Any) -> Any:
        """Perform an operation by name."""
        return perform(self.core, op, args)

    async def wait_for(self, predicate: Predicate, timeout: float = PATIENCE, after: int = 0) -> Entry:  # noqa: ASYNC109
        """Return the first entry of the record newer than `after` that satisfies the predicate.

        Raises:
            TimeoutError: none came in time; says what came last.
        """
        return await self.record.wait(predicate, timeout, after)
