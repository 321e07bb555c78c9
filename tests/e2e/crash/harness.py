"""One run: a bot that is killed where the plan says, started again, and judged when all is done."""

import asyncio
import random
import shutil
import signal
import sqlite3
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import pytest

from bot.db.database import Database
from bot.db.engine import create_engine
from sandbox.client import SandboxClient
from tests.e2e.crash.child import ROOT, BotProcess
from tests.e2e.crash.verdict import Verdict

needs_kills = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
KILL_DEADLINE = 60.0  # seconds until a fail point must have been passed
STOP_DEADLINE = 20.0
LOOK_EVERY = 0.1
ENV = {
    "LOOKOUT_ORCHESTRATOR__CHANNEL_THROTTLE_SECONDS": "0",
    "LOOKOUT_ORCHESTRATOR__USER_COOLDOWN_SECONDS": "0",
    "LOOKOUT_ORCHESTRATOR__FOLLOWUP_WINDOW_MINUTES": "0",
    "LOOKOUT_ORCHESTRATOR__REPEAT_WINDOW_MINUTES": "0",
    "LOOKOUT_ORCHESTRATOR__REPEAT_COUNT": "1000",
    "LOOKOUT_WORKERS__SWEEP_SECONDS": "1",
    "LOOKOUT_NLP__ENCODER": "off",
    "LOOKOUT_SHUTDOWN__DRAIN_SECONDS": "5",
    "LOOKOUT_DISCORD__WELCOME": "false",
    "LOG_LEVEL": "INFO",
    "ADMIN_PORT": "0",
    "PATH": "/usr/bin:/bin",
}


@dataclass(frozen=True)
class Kill:
    """When one life ends: the nth time at a fail point, or (point None) `after` seconds from its start."""

    point: str | None
    nth: int = 1
    after: float = 0.0

    @classmethod
    def at(cls, text: str) -> Self:
        """Return the kill at a fail point that is given as the bot is told of it: `name` or `name:nth`."""
        name, _, nth = text.partition(":")
        return cls(name, int(nth or 1))


@dataclass(frozen=True)
class Plan:
    """What distinguishes one run from the others."""

    seed: int
    kills: tuple[Kill, ...]
    enforce_nonce: bool = True

    @classmethod
    def short(cls, number: int, *points: str, **more: Any) -> Self:
        """Return a plan of the ordinary suite: killed at these fail points, without help from nonces."""
        return cls(1_000 + number, tuple(map(Kill.at, points)), enforce_nonce=False, **more)

    @property
    def points(self) -> list[str]:
        """Where the bot is to die, in order."""
        return [kill.point or "anywhere" for kill in self.kills]


def check_hits(
    points: Collection[str], short: Iterable[Plan], campaign: Iterable[Plan], at_least: int
) -> None:
    """Check that short runs kill at every fail point, and a campaign at least so often at each."""
    assert {kill.point for plan in short for kill in plan.kills} == set(points)
    hits = Counter(kill.point for plan in campaign for kill in plan.kills)
    assert not {point: hits[point] for point in points if hits[point] < at_least}


@dataclass
class Outcome:
    """What a run came to."""

    plan: Plan
    folder: Path
    verdict: Verdict = field(default_factory=Verdict)
    killed_at: list[str] = field(default_factory=list)
    messages: int = 0  # of people
    answers: int = 0  # everything the bot posted
    errors: list[str] = field(default_factory=list)  # kills that were not hit, exits that were not clean

    def faults(self) -> list[str]:
        """Return everything wrong with it."""
        return [*self.errors, *self.verdict.faults()]


P = TypeVar("P", bound=Plan)


class Run(ABC, Generic[P]):
    """Plays one plan. What it is about is told by the subclass: who says what, and what must come of it.

    Attributes:
        settle_deadline: seconds until everything must be done after the last start.
        talk_every: seconds between two rounds of talk while the bot lives.
        env: what the bot's environment has beside `ENV`.
        last_env: the same, in its last life alone.
    """

    settle_deadline: ClassVar[float] = 60.0
    talk_every: ClassVar[float] = LOOK_EVERY
    env: Mapping[str, str] = {}
    last_env: Mapping[str, str] = {}

    def __init__(self, plan: P, discord: SandboxClient, folder: Path, template: Path) -> None:
        self.plan = plan
        self.discord = discord
        self.folder = folder
        self.rng = random.Random(plan.seed + 1_000_000)  # noqa: S311 - repeatable, not secret
        self.database = folder / "data" / "lookout.db"
        self.outcome = Outcome(plan, folder)
        self.app: dict[str, Any] = {}  # the bot's application, once `begin` has made it
        self._template = template

    @abstractmethod
    async def begin(self) -> None:
        """Make the server, its people and `app`, and have the bot know what it must."""

    @abstractmethod
    async def talk(self) -> None:
        """Have people go on, with a bot that is connected."""

    @abstractmethod
    async def judge(self) -> Verdict:
        """Compare what happened with what should have."""

    @abstractmethod
    async def count(self) -> tuple[int, int]:
        """Return how many messages of people there were, and how many of the bot."""

    async def before_kill(self, kill: Kill) -> None:
        """Do what comes before a life that ends early."""

    async def after_kill(self) -> None:
        """Do what comes after it."""

    async def before_end(self) -> None:
        """Do what comes before the last life."""

    async def at_last(self, bot: BotProcess) -> None:
        """Do what comes once, in the last life."""

    def talks(self, kill: Kill) -> bool:
        """Whether people talk during a life that ends like that."""
        return True

    async def is_done(self, bot: BotProcess) -> bool:
        """Whether the last life may end."""
        return (await self.judge()).settled()

    async def play(self) -> Outcome:
        """Play the plan and judge it."""
        await self.discord.set_faults(clear=True, enforce_nonce=self.plan.enforce_nonce)
        self.database.parent.mkdir(parents=True)
        (self.folder / "config").symlink_to(ROOT / "config")
        shutil.copy(self._template, self.database)
        await self.begin()
        for kill in self.plan.kills:
            await self.before_kill(kill)
            await self._live_until_killed(kill)
            await self.after_kill()
        await self.before_end()
        await self._live_to_the_end()
        self.outcome.verdict = await self.judge()
        self.outcome.messages, self.outcome.answers = await self.count()
        return self.outcome

    def start(self, **more: str) -> BotProcess:
        """Start the bot."""
        env = {
            **ENV, "LOOKOUT_API__ENABLED": "false", **self.env, **more,
            "DISCORD_BOT_TOKEN": self.app["token"],
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "DISCORD_CDN_URL": self.discord.cdn_url,
        }  # fmt: skip
        return BotProcess(self.folder, env)

    async def is_connected(self) -> bool:
        """Whether the bot has a session."""
        return bool((await self.discord.call("connected", app=self.app["id"]))["sessions"])

    def see_server(self, guild_id: int, staff_channel_id: int | None) -> None:
        """Have a server known to the bot for an hour, with its staff channel."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(
                "INSERT INTO guilds (id, name, first_seen_at, auto_reply, staff_channel_id, timezone,"
                " watch_default) VALUES (?, 'server', datetime('now', '-1 hour'), 'on', ?, 'UTC', 'public')",
                (guild_id, staff_channel_id),
            )

    @asynccontextmanager
    async def bots_database(self) -> AsyncIterator[Database]:
        """Open the database as the bot does, which doesn't run."""
        engine = create_engine(f"sqlite+aiosqlite:///{self.database}")
        try:
            yield Database(engine)
        finally:
            await engine.dispose()

    async def _live_until_killed(self, kill: Kill) -> None:
        armed = {} if kill.point is None else {"LOOKOUT_FAIL_POINT": f"{kill.point}:{kill.nth}"}
        bot = self.start(**armed)
        async with asyncio.TaskGroup() as group:  # to the end of the round: what was said must be remembered
            if self.talks(kill):
                group.create_task(self._talk(bot))
            ended = await bot.ended_within(KILL_DEADLINE if kill.point is not None else kill.after)
            if not ended:
                bot.kill()
                await bot.ended_within(STOP_DEADLINE)
        if kill.point is None:
            self.outcome.killed_at.append("anywhere")
        elif not ended:
            self.outcome.errors.append(f"{kill} was not hit within {KILL_DEADLINE} s")
        else:
            if bot.exit_code != -signal.SIGKILL or bot.killed_at() != kill.point:
                found = f"exit code {bot.exit_code} at {bot.killed_at()}"
                self.outcome.errors.append(f"{kill} expected, but {found}")
            self.outcome.killed_at.append(kill.point)

    async def _talk(self, bot: BotProcess) -> None:
        """Have people go on for as long as the bot is there."""
        while not await bot.ended_within(LOOK_EVERY):
            if await self.is_connected():
                await self.talk()
                if await bot.ended_within(self.talk_every):
                    return

    async def _live_to_the_end(self) -> None:
        bot = self.start(**self.last_env)
        try:
            async with asyncio.timeout(self.settle_deadline):
                await self.at_last(bot)
                while not await self.is_done(bot) and not await bot.ended_within(LOOK_EVERY):
                    pass
        except TimeoutError:
            self.outcome.errors.append(f"not done after {self.settle_deadline} s")
        bot.terminate()
        if not await bot.ended_within(STOP_DEADLINE):
            bot.kill()
            await bot.ended_within(STOP_DEADLINE)
        if bot.exit_code != 0:
            self.outcome.errors.append(f"exit code {bot.exit_code} after SIGTERM")


async def play(kind: type[Run[P]], plan: P, sandbox: dict[str, Any], folder: Path, template: Path) -> Outcome:
    """Play a plan against a sandbox process that printed the line `sandbox` when it was ready."""
    async with SandboxClient(sandbox) as discord:
        await discord.call("settings", identify_interval=0.0)  # the bot is started again at once
        discord._seen = (await discord.call("connected"))["last"]  # earlier runs are none of this one's
        return await kind(plan, discord, folder, template).play()
