"""The bots that are measured: how each is started, when it is ready, and when it is through with a flood."""

import asyncio
import contextlib
import json
import re
import sqlite3
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.children import Child, MeasurementError

TOKEN = "ODAwMDAwMDAwMDAwMDAwMDAz.bench0.not-a-real-token-it-only-has-the-shape"  # noqa: S105
READY_SECONDS = 60.0
_POLL_SECONDS = 0.1
_API_POLL_SECONDS = 0.05
_API_LINE = re.compile(r"Admin API at http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True, slots=True)
class Finish:
    """When a target was through with the flood (`time_ns`); `decided_ns` is None for a baseline."""

    committed_ns: int
    decided_ns: int | None = None


class Target:
    """A bot in a process of its own."""

    name: ClassVar[str]
    module: ClassVar[str]

    def __init__(
        self, folder: Path, port: int, messages: int, extra: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._messages = messages
        self._environment = {
            "DISCORD_BOT_TOKEN": TOKEN,
            "DISCORD_API_URL": f"http://127.0.0.1:{port}/api/v10",
            "DISCORD_GATEWAY_URL": f"ws://127.0.0.1:{port}",
            "BENCH_MESSAGES": str(messages),
            "DB_PATH": str(folder / "bench.db"),
            **(extra or {}),
        }

    def child(self) -> Child:
        """Return its process, not started yet."""
        return Child(self.name, ["-m", self.module], self._environment, self._folder)

    async def ready(self, child: Child) -> int:
        """Return when the bot said that it is ready, in `time_ns`."""
        return int((await child.event("ready", READY_SECONDS))["time_ns"])

    async def finished(self, child: Child, seconds: float) -> Finish:
        """Wait up to `seconds` for the last message of the flood and return when it was handled."""
        return Finish(int((await child.event("done", seconds))["time_ns"]))


class Nothing(Target):
    """Counts."""

    name = "do nothing"
    module = "benchmarks.baselines.nothing"


class OneHour(Target):
    """VADER and an insert each; its commit is its decision, too."""

    name = "one hour"
    module = "benchmarks.baselines.one_hour"


class Lookout(Target):
    """The product, started as `python run.py` starts it; what it writes goes to the temporary folder."""

    name = "lookout"
    module = "bot.cli"

    def __init__(
        self, folder: Path, port: int, messages: int, extra: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder, port, messages, extra)
        self._admin_port = ""  # not known before the bot tells
        self._database = folder / "bench.db"
        self._environment |= {
            "DISCORD_CDN_URL": f"http://127.0.0.1:{port}",
            "LOOKOUT_DISCORD__WELCOME": "false",
            "ADMIN_PORT": "0",
            "LOG_LEVEL": "INFO",
            **(extra or {}),
        }

    def child(self) -> Child:
        """Return its process, not started yet."""
        return Child(self.name, ["-m", self.module, "run"], self._environment, self._folder)

    async def ready(self, child: Child) -> int:
        """Return when /readyz first answered 200, in `time_ns`."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if not self._admin_port and (told := _API_LINE.search(child.last_words)):
                self._admin_port = told[1]
            if await asyncio.to_thread(self._is_ready):
                return time.time_ns()
            if not child.alive:
                raise MeasurementError(f"{self.name} ended before it was ready.\n{child.last_words}")
            await asyncio.sleep(_API_POLL_SECONDS)
        raise MeasurementError(f"{self.name} was not ready within {READY_SECONDS:g} s.\n{child.last_words}")

    async def finished(self, child: Child, seconds: float) -> Finish:
        """Wait until all messages are rows, and until none of these is unfinished.

        The database is read, not the bot asked: a process of ours pays for it, and it cannot be told stories.
        """
        deadline = time.monotonic() + seconds
        with self._reading() as database:
            committed = await self._when(database, _ALL_STORED, deadline, child)
            return Finish(committed, await self._when(database, _ALL_DONE, deadline, child))

    async def committed(self, child: Child, seconds: float) -> int:
        """Wait until all messages are rows, decided or not; return when they were, in `time_ns`."""
        with self._reading() as database:
            return await self._when(database, _ALL_STORED, time.monotonic() + seconds, child)

    async def metrics(self) -> dict[str, float]:
        """Return what /metrics says: values by name with labels, as they are written there.

        Raises:
            MeasurementError: it doesn't answer.
        """
        try:
            text = await asyncio.to_thread(self._get, "/metrics")
        except OSError as error:
            raise MeasurementError(f"{self.name}: /metrics doesn't answer: {error}") from error
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def _reading(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True))

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._admin_port}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    async def _when(self, database: sqlite3.Connection, query: str, deadline: float, child: Child) -> int:
        while time.monotonic() < deadline and child.alive:
            with contextlib.suppress(sqlite3.OperationalError):
                if database.execute(query, (self._messages,)).fetchone()[0]:
                    return time.time_ns()
            await asyncio.sleep(_POLL_SECONDS)
        stored = database.execute("SELECT count(*) FROM signals").fetchone()[0]
        text = f"{self.name} stored {stored} of {self._messages} messages in time.\n{child.last_words}"
        raise MeasurementError(text)

    def _is_ready(self) -> bool:
        if not self._admin_port:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._admin_port}/readyz", timeout=2) as answer:
                body: dict[str, Any] = json.load(answer)
                return bool(answer.status == 200 and body.get("ok", True))  # noqa: PLR2004
        except (OSError, ValueError):
            return False


_ALL_STORED = "SELECT count(*) >= ?1 FROM signals"
_ALL_DONE = "SELECT ?1 > 0 AND NOT EXISTS (SELECT 1 FROM signals WHERE stage <> 'done')"

TARGETS: dict[str, type[Target]] = {"nothing": Nothing, "one-hour": OneHour, "lookout": Lookout}
