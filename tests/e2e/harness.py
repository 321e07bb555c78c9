"""A bot on a sandbox in this process, and guilds for it to watch.

Nothing here asks the code under test for its opinion: a test judges from the sandbox's record, from what
members see, from the admin API and from the database file.
"""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import discord as dpy
import psutil  # type: ignore[import-untyped]

from bot.app import Application
from bot.nlp.refining import Refiner
from bot.services.clock import SystemClock
from bot.settings import Settings
from sandbox import Sandbox
from sandbox.handles import Channel, Guild, Member, Message, ref
from tests.e2e.child import ROOT
from tests.e2e.facts import Facts, Json, PostgresRows, Watcher, watched_log
from tests.sandbox.openapi import assert_conforms_if_described
from tests.sandbox.pointing import pointed_at

SHARED = ROOT.parent / "shared"
START_DEADLINE = 30.0  # seconds: the first start in a process imports most of the bot
# How long a pause of up to so many seconds lasts in a test: between tries, between looks, between upkeep.
# Each look asks the database: more of them would keep a bot busy that has nothing to do.
PAUSES = ((0.9, 0.05), (2.0, 0.1), (600.0, 0.5))
LONGEST_PAUSE = 2.0
_OTHERS = ("/sandbox/", "/aiohttp/", "/pytest_asyncio/", "/tests/")


class TestClock(SystemClock):
    """The machine's clock, which a test may put forward."""

    __test__ = False

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._moved = asyncio.Event()

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of the machine's; setting it wakes who sleeps."""
        return self._ahead

    @ahead.setter
    def ahead(self, value: timedelta) -> None:
        self._ahead = value
        self._moved.set()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return super().now() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Wait for a moment only, or until the clock is put forward: no test waits for a pause."""
        moment = next((lasts for most, lasts in PAUSES if seconds <= most), LONGEST_PAUSE)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, moment)):
                await self._moved.wait()


class Running(Facts):
    """A bot in this process."""

    def __init__(
        self,
        settings: Settings,
        clock: TestClock,
        watcher: Watcher,
        folder: Path,
        refiner: Refiner | None = None,
    ) -> None:
        super().__init__(folder)
        self.settings = settings
        self.clock = clock
        self.log = watcher
        self.application = Application(settings, clock, refiner)
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
        if self.settings.database.url is not None:
            self.postgres = PostgresRows(self.settings.database.url.get_secret_value())
        self._task = asyncio.create_task(self.application.run(), name="the bot")
        await self.until("the admin API", self._has_api, START_DEADLINE)
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
        "errors": {"critical": False, "digest": False},  # no message that no test waits for
        "backup": {"automatic": False},  # it would be due at once, by a clock that hurries
        "nlp": {"encoder": "off"},  # a second judge is given by the test that is about it
    }
    values["discord"]["welcome"] = overrides.pop("welcome", False)  # tests of other things count what is said
    return Settings(**(values | overrides))


@asynccontextmanager
async def a_discord(**options: Any) -> AsyncIterator[Sandbox]:
    """Run a Discord; at the end every request of the bot and every answer is checked."""
    async with Sandbox(**options) as sandbox:
        sandbox.core.identify_interval = 0.0  # a bot may be started again at once
        yield sandbox
    assert_conforms_if_described(sandbox.record)


@asynccontextmanager
async def a_bot(
    discord: Sandbox,
    folder: Path,
    template: Path,
    overrides: Json,
    clock: TestClock | None = None,
    refiner: Refiner | None = None,
) -> AsyncIterator[Running]:
    """Run a bot on `discord`; the end of the block fails on errors logged and on tasks left over."""
    if not (folder / "lookout.db").exists():
        shutil.copy(template, folder / "lookout.db")
    before, processes = asyncio.all_tasks(), _children()
    with _state_of_this_process(), watched_log() as watcher, pointed_at(discord):
        settings = settings_for(discord, folder, overrides)
        bot = Running(settings, clock or TestClock(), watcher, folder, refiner)
        try:
            await bot.start()
            yield bot
            if not bot.is_over:
                assert await bot.stop() == 0
        finally:
            await bot.clean_up()
        await bot.until("the bot's tasks to end", lambda: not _left_over(before), timeout=3)
        await bot.until("the bot's processes to end", lambda: _children() <= processes, timeout=3)
        errors = bot.unexpected_errors()
        assert not errors, "\n".join(errors)


@contextmanager
def _state_of_this_process() -> Iterator[None]:
    """Put back what a bot changes for the whole process."""
    warn = (dpy.VoiceClient.warn_nacl, dpy.VoiceClient.warn_dave)
    try:
        yield
    finally:
        dpy.VoiceClient.warn_nacl, dpy.VoiceClient.warn_dave = warn
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)


def _children() -> set[int]:
    """Return the processes that this one started and that have not ended."""
    return {each.pid for each in psutil.Process().children()}


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
            "bot": {"allow": ["VIEW_CHANNEL"]},
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


async def fence(home: Home, bot: Facts, channel: Any = None) -> Message:
    """Return once everything said before this call has been through the bot's queue."""
    message = await home.bob.say("that was that", channel if channel is not None else home.chat)
    await bot.story(message)
    return message
