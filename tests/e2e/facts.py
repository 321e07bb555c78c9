"""What a test may ask about a bot: its log, its admin API, the bytes of its database file."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from loguru import logger

from sandbox.handles import ref

DEADLINE = 30.0  # seconds for anything to happen; tests don't wait that long unless they fail
LOOK_EVERY = 0.01  # seconds between two questions to something that can't tell by itself
API_LINE = "Admin API at "

Json = dict[str, Any]


class Watcher:
    """Sees every log line of this process and finds out where the admin API listens."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.api_url = ""

    def loguru(self, message: Any) -> None:
        record = message.record
        self._take(record["level"].no, str(message))
        if API_LINE in record["message"]:
            self.api_url = record["message"].partition(API_LINE)[2].strip()

    def standard(self, record: logging.LogRecord) -> None:
        trace = f"\n{logging.Formatter().formatException(record.exc_info)}" if record.exc_info else ""
        self._take(record.levelno, f"{record.name}: {record.getMessage()}{trace}")

    def _take(self, level: int, text: str) -> None:
        self.lines.append(text)
        if level >= logging.ERROR:
            self.errors.append(text)

    def said(self, *parts: str) -> list[str]:
        """Return the lines that hold all of `parts`."""
        return [line for line in self.lines if all(part in line for part in parts)]


class _Handler(logging.Handler):
    def __init__(self, take: Callable[[logging.LogRecord], None]) -> None:
        super().__init__()
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        self._take(record)


@contextmanager
def watched_log() -> Iterator[Watcher]:
    """Collect the log of this process."""
    watcher = Watcher()
    sink = logger.add(
        watcher.loguru, level="DEBUG", format="{level} {name}: {message} {extra}", diagnose=False
    )
    handler = _Handler(watcher.standard)
    logging.getLogger().addHandler(handler)
    try:
        yield watcher
    finally:
        logging.getLogger().removeHandler(handler)
        logger.remove(sink)


class Facts:
    """What can be asked about a bot: its admin API and its database file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "lookout.db"
        self.api_url = ""
        self._session: aiohttp.ClientSession | None = None

    async def get(self, path: str) -> tuple[int, Any]:
        """Return status and body of an admin API page."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=DEADLINE)
        async with self._session.get(self.api_url + path, timeout=timeout) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())

    async def close_session(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def until(self, what: str, check: Callable[[], Any], timeout: float = DEADLINE) -> Any:  # noqa: ASYNC109
        """Return the first true answer of `check`, which may be a coroutine function."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    found = check()
                    if asyncio.iscoroutine(found):
                        found = await found
                    if found:
                        return found
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            raise AssertionError(f"not within {timeout} s: {what}") from None

    async def story(self, message: Any, *, done: bool = True) -> Json:
        """Return `/signals/{id}` of a message once it is stored and, unless told otherwise, done with."""

        async def look() -> Json | None:
            status, body = await self.get(f"/signals/{ref(message)}")
            return body if status == 200 and (not done or body["stage"] == "done") else None

        found: Json = await self.until(f"the story of {ref(message)} to end", look)
        return found

    async def stored(self, message: Any) -> bool:
        """Whether the bot has a row of the message now."""
        return (await self.get(f"/signals/{ref(message)}"))[0] == 200

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return rows of the database file."""
        connection = sqlite3.connect(self.database, timeout=5)
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    async def gaps_closed(self) -> None:
        """Wait until everything missed has been read."""
        await self.until(
            "the gaps to close", lambda: not self.rows("select 1 from gaps where closed_at is null")
        )

    def bytes_on_disk(self) -> bytes:
        """Return everything the database wrote, its journal included."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("lookout.db*")))
