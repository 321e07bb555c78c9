"""A bot on a sandbox for end-to-end tests, in this process or as a child, and what a test may ask about it.

Nothing here asks the code under test for its opinion: a test judges from the sandbox's record, from what members
see, from the admin API and from the bytes of the database file.
"""

import asyncio
import gc
import logging
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp
import discord as dpy
from loguru import logger

from bot.app import Application
from bot.services.clock import SystemClock
from bot.settings import Settings
from sandbox import Sandbox
from sandbox.handles import Channel, Guild, Member, Message, ref
from tests.sandbox.pointing import pointed_at

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
DEADLINE = 10.0  # seconds for anything to happen; tests don't wait that long unless they fail
LOOK_EVERY = 0.01  # seconds between two questions to something that can't tell by itself
_API = "Admin API at "
_OTHERS = ("/sandbox/", "/aiohttp/", "/pytest_asyncio/", "/tests/")

Json = dict[str, Any]


class TestClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    __test__ = False

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Wait for a moment only: no test waits for a pause between two tries."""
        await asyncio.sleep(min(seconds, 0.05))


class Watcher:
    """Sees every log line of this process and finds out where the admin API listens."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.errors: list[str] = []
        self.api_url = ""

    def loguru(self, message: Any) -> None:
        record = message.record
        self._take(record["level"].no, str(message))
        if _API in record["message"]:
            self.api_url = record["message"].partition(_API)[2].strip()

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


class Running(Facts):
    """A bot in this process."""

    def __init__(self, settings: Settings, clock: TestClock, watcher: Watcher, folder: Path) -> None:
        super().__init__(folder)
        self.settings = settings
        self.clock = clock
        self.log = watcher
        self.application = Application(settings, clock)
        self._allowed: list[str] = []
        self._task: asyncio.Task[int] | None = None

    def expect_errors(self, *parts: str) -> None:
        """Let ERROR lines pass that hold one of `parts`."""
        self._allowed += parts

    def unexpected_errors(self) -> list[str]:
        """Return the ERROR lines nobody expected."""
        return [line for line in self.log.errors if not any(part in line for part in self._allowed)]

    async def start(self) -> None:
        """Start, and return once /readyz says so."""
        self._task = asyncio.create_task(self.application.run(), name="the bot")
        await self.until("the admin API", self._has_api)
        self.api_url = self.log.api_url
        await self.until("the bot to be ready", self._is_ready)

    def _has_api(self) -> bool:
        assert self._task is not None
        if self._task.done():
            self._task.result()
        return bool(self.log.api_url)

    async def _is_ready(self) -> bool:
        assert self._task is not None
        if self._task.done():
            self._task.result()
        return (await self.get("/readyz"))[0] == 200

    async def stop(self) -> int:
        """Stop as SIGTERM does and return the exit code."""
        assert self._task is not None
        await self.close_session()
        self.application.stop()
        async with asyncio.timeout(30):
            return await self._task

    async def clean_up(self) -> None:
        """Make sure that nothing runs on, whatever happened."""
        await self.close_session()
        if self._task is not None and not self._task.done():
            self.application.stop()
            self.application.stop()
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await asyncio.wait({self._task})
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_over(self) -> bool:
        """Whether it has stopped."""
        return self._task is None or self._task.done()


def settings_for(discord: Sandbox, folder: Path, overrides: Json) -> Settings:
    """Return settings that point at the sandbox, with everything the bot writes in `folder`."""
    values: Json = {
        "discord": {
            "token": discord.token,
            "api_url": discord.api_url,
            "gateway_url": discord.gateway_url,
            "cdn_url": discord.cdn_url,
        },
        "database": {"path": folder / "lookout.db"},
        "log": {"folder": folder / "logs"},
        "api": {"port": 0},
        "workers": {"sweep_seconds": 1},
        "data_folder": folder,
    }
    return Settings(**(values | overrides))


@asynccontextmanager
async def a_bot(
    discord: Sandbox, folder: Path, template: Path, overrides: Json, clock: TestClock | None = None
) -> AsyncIterator[Running]:
    """Run a bot on `discord` until the end of the block, which fails on errors logged and on tasks left over."""
    if not (folder / "lookout.db").exists():
        shutil.copy(template, folder / "lookout.db")
    before = asyncio.all_tasks()
    with _state_of_this_process(), watched_log() as watcher, pointed_at(discord):
        bot = Running(settings_for(discord, folder, overrides), clock or TestClock(), watcher, folder)
        try:
            await bot.start()
            yield bot
            if not bot.is_over:
                assert await bot.stop() == 0
        finally:
            await bot.clean_up()
        await bot.until("the bot's tasks to end", lambda: not _left_over(before), timeout=3)
        errors = bot.unexpected_errors()
        assert not errors, "\n".join(errors)


@contextmanager
def _state_of_this_process() -> Iterator[None]:
    """Put back what a bot changes for the whole process."""
    threshold, warn = gc.get_threshold(), (dpy.VoiceClient.warn_nacl, dpy.VoiceClient.warn_dave)
    try:
        yield
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
        dpy.VoiceClient.warn_nacl, dpy.VoiceClient.warn_dave = warn
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)


def _left_over(before: set[asyncio.Task[Any]]) -> list[str]:
    """Return the tasks that are new, but for those of the sandbox and of the test's own tools."""
    found = []
    for task in asyncio.all_tasks() - before - {asyncio.current_task()}:
        code = getattr(task.get_coro(), "cr_code", None)
        if code is None or not any(part in code.co_filename for part in _OTHERS):
            found.append(repr(task))
    return found


@dataclass
class Home:
    """A guild of a test's own, with people in it."""

    discord: Sandbox
    guild: Guild
    help: Channel
    chat: Channel
    alice: Member
    bob: Member
    owner: Member
    staff: Channel | None = field(default=None)

    def replies(self, message: Any) -> list[Json]:
        """Return the bot's messages that reference `message`, from the record."""
        return self.discord.record.messages(bot=True, reference=ref(message))

    def posts(self, channel: Any) -> list[Json]:
        """Return what bots posted in a channel, from the record; answers to commands left out."""
        found = self.discord.record.messages(bot=True, channel_id=ref(channel), via="rest")
        return [entry for entry in found if entry["author_id"] == self.discord.bot_user.id]

    async def person(self, name: str, **more: Any) -> Member:
        """Let someone else join."""
        return await self.discord.member(f"{name}-{self.guild.id % 100_000}", guild=self.guild, **more)

    async def with_staff(self) -> Self:
        """Make a private staff channel and tell the bot of it as the owner would."""
        hidden = {
            "everyone": {"deny": ["VIEW_CHANNEL"]},
            self.discord.app.bot.username: {"allow": ["VIEW_CHANNEL"]},
        }
        self.staff = await self.discord.channel("staff", guild=self.guild, overwrites=hidden)
        await self.owner.slash("config staff", channel=self.help, options={"channel": self.staff})
        return self


async def a_home(discord: Sandbox, name: str = "Home", **more: Any) -> Home:
    """Make a guild with the channels help and chat, its owner, Alice and Bob."""
    guild = await discord.guild(name, **more)
    return Home(
        discord,
        guild,
        await discord.channel("help", guild=guild),
        await discord.channel("chat", guild=guild),
        await discord.member("alice", guild=guild),
        await discord.member("bob", guild=guild),
        await discord.member("owner", guild=guild),
    )


class Child(Facts):
    """A bot as a process of its own, started as an owner starts it."""

    def __init__(self, discord: Sandbox, folder: Path, env: dict[str, str]) -> None:
        super().__init__(folder)
        self._env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            "DISCORD_BOT_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "DISCORD_CDN_URL": discord.cdn_url,
            "DB_PATH": str(self.database),
            "LOOKOUT_LOG__FOLDER": str(folder / "logs"),
            "LOOKOUT_DATA_FOLDER": str(folder),
            "ADMIN_PORT": "0",
            "NO_COLOR": "1",
            **env,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._reading: list[asyncio.Task[None]] = []
        self.out: list[str] = []
        self.err: list[str] = []

    async def start(self) -> None:
        """Start the process; it may well fail."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "run", env=self._env, cwd=ROOT, stdout=pipe, stderr=pipe
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._reading = [
            asyncio.create_task(self._read(self._process.stdout, self.out)),
            asyncio.create_task(self._read(self._process.stderr, self.err)),
        ]

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        async for line in stream:
            text = line.decode(errors="replace").rstrip("\n")
            lines.append(text)
            if _API in text:
                self.api_url = text.partition(_API)[2].strip().partition(" ")[0]

    async def ready(self) -> None:
        """Wait until /readyz says so."""
        await self.until("the child's admin API", lambda: self._alive() and self.api_url, 20)

        async def look() -> bool:
            return self._alive() and (await self.get("/readyz"))[0] == 200

        await self.until("the child to be ready", look, 20)

    def _alive(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, "\n".join(self.err)
        return True

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self, timeout: float = 20.0) -> int:  # noqa: ASYNC109
        """Return the exit code once it is over and everything it said is read."""
        assert self._process is not None
        async with asyncio.timeout(timeout):
            code = await self._process.wait()
            await asyncio.gather(*self._reading)
        await self.close_session()
        return code

    async def clean_up(self) -> None:
        """Kill it if it still runs."""
        await self.close_session()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._reading, return_exceptions=True)


async def fence(home: Home, bot: Facts, channel: Any = None) -> Message:
    """Return once everything said before this call has been through the bot's queue."""
    message = await home.bob.say("that was that", channel if channel is not None else home.chat)
    await bot.story(message)
    return message


def times_between(entries: Sequence[Json]) -> list[float]:
    """Return the seconds between one entry of the record and the next."""
    moments = [datetime.fromisoformat(entry["at"]).timestamp() for entry in entries]
    return [after - before for before, after in zip(moments, moments[1:], strict=False)]
