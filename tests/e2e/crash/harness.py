"""One run: a bot that is killed where the plan says, started again, and judged when all is done."""

import asyncio
import random
import shutil
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.services.failpoints import FAIL_POINTS
from sandbox.client import SandboxClient
from sandbox.ollama import OllamaSandbox, Rule
from tests.e2e.crash.child import ROOT, BotProcess
from tests.e2e.crash.judge import Stored, Verdict, judge
from tests.e2e.crash.story import Story

KILL_DEADLINE = 60.0  # seconds until a fail point must have been passed
SETTLE_DEADLINE = 60.0  # seconds until everything must be done
STOP_DEADLINE = 20.0
LOOK_EVERY = 0.1
ROUND_EVERY = 0.7  # seconds between rounds of talk while the bot lives
CROWD = 230  # messages in each place, said before what is asked
AGED = "-3 minutes"  # more than the two minutes in which Discord surely knows a nonce
ENV = {
    "LOOKOUT_ORCHESTRATOR__CHANNEL_THROTTLE_SECONDS": "0",
    "LOOKOUT_ORCHESTRATOR__USER_COOLDOWN_SECONDS": "0",
    "LOOKOUT_ORCHESTRATOR__FOLLOWUP_WINDOW_MINUTES": "0",
    "LOOKOUT_ORCHESTRATOR__REPEAT_WINDOW_MINUTES": "0",
    "LOOKOUT_ORCHESTRATOR__REPEAT_COUNT": "1000",
    "LOOKOUT_WORKERS__SWEEP_SECONDS": "1",
    "LOOKOUT_NLP__ENCODER": "off",
    "LOOKOUT_SHUTDOWN__DRAIN_SECONDS": "5",
    "LOG_LEVEL": "INFO",
    "ADMIN_PORT": "0",
    "PATH": "/usr/bin:/bin",
}
# These are passed only once for a channel, or only after a kill that left something to resume.
ONCE = ("owner.before_commit", "owner.after_commit")
RESUMING = "resume.after_claim"
# These are passed only where a language model judges and writes.
OF_MODELS = ("judging.after_answer", "reply.after_write")
LEAVE_ACTIONS = ("plan.after_commit", "action.before_send", "action.after_send", "action.after_record")


@dataclass(frozen=True)
class Kill:
    """When one life ends: the nth time at a fail point, or (point None) `after` seconds from its start."""

    point: str | None
    nth: int = 1
    after: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What distinguishes one run from the others."""

    seed: int
    kills: tuple[Kill, ...]
    enforce_nonce: bool
    aged: bool = False  # every kill is followed by a long outage
    crowded: bool = False
    event_latency: float = 0.0  # seconds until the bot hears of anything, its servers among it
    fresh: bool = False  # the bot comes to a server where people have talked before

    @property
    def has_model(self) -> bool:
        """Whether a language model is asked."""
        return any(kill.point in OF_MODELS for kill in self.kills)

    @classmethod
    def of(cls, seed: int, *, short: bool = False) -> "Plan":
        """Return the plan of a seed: successive seeds go through the fail points, and extra kills follow."""
        rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        round_, index = divmod(seed, len(FAIL_POINTS))
        point = FAIL_POINTS[index]
        kills = [Kill(point, 1 if point in (*ONCE, RESUMING) else rng.choice((1, 1, 2, 3)))]
        if point == RESUMING:
            kills.insert(0, Kill(rng.choice(LEAVE_ACTIONS)))
        repeatable = [name for name in FAIL_POINTS if name not in (*ONCE, RESUMING)]
        for _ in range(0 if short else rng.choice((0, 0, 1, 1, 2))):
            anywhere = Kill(None, after=rng.uniform(0.3, 3.0))
            known = Kill(rng.choice(repeatable), rng.choice((1, 2)))
            kills.append(anywhere if rng.random() < 0.3 else known)
        return cls(
            seed, tuple(kills[:3]), enforce_nonce=(index + round_) % 2 == 0,
            aged=rng.random() < 0.15, crowded=not short and rng.random() < 0.15,
            event_latency=0.3 if point in ONCE else rng.choice((0.0, 0.0, 0.3)),
        )  # fmt: skip


@dataclass
class Outcome:
    """What a run came to."""

    plan: Plan
    verdict: Verdict
    killed_at: list[str] = field(default_factory=list)
    messages: int = 0
    answers: int = 0
    errors: list[str] = field(default_factory=list)  # kills that were not hit, exits that were not clean
    folder: Path = Path()

    def faults(self) -> list[str]:
        """Return everything wrong with it."""
        return [*self.errors, *self.verdict.faults()]


class Run:
    """Plays one plan."""

    def __init__(
        self, plan: Plan, discord: SandboxClient, folder: Path, template: Path, env: Mapping[str, str]
    ) -> None:
        self._plan = plan
        self._env = env
        self._discord = discord
        self._folder = folder
        self._template = template
        self._rng = random.Random(plan.seed + 1_000_000)  # noqa: S311 - repeatable, not secret
        self._database = folder / "data" / "lookout.db"

    async def play(self) -> Outcome:
        """Play the plan and judge it."""
        plan = self._plan
        await self._discord.set_faults(
            clear=True, enforce_nonce=plan.enforce_nonce, event_latency=plan.event_latency
        )
        story = await Story.begin(self._discord, f"run{self._plan.seed}", self._rng)
        self._prepare(story)
        outcome = Outcome(self._plan, Verdict(), folder=self._folder)
        if self._plan.fresh:
            await self._arrive(story)
        for kill in self._plan.kills:
            if self._plan.crowded:
                await story.crowd(CROWD)
            await story.round()
            await self._live_until_killed(story, kill, outcome)
            if self._plan.aged:
                await self._let_time_pass(story)
        await story.round()
        await self._live_to_the_end(story, outcome)
        outcome.verdict = judge(story, await self._discord.sync(), Stored.read(self._database))
        outcome.messages = len(story.said)
        bot = story.app["bot_id"]
        outcome.answers = sum(e["kind"] == "message" and e["author_id"] == bot for e in self._discord.record)
        return outcome

    def _prepare(self, story: Story) -> None:
        """Make the bot's folder, with a server it has known for an hour and whose staff channel is set."""
        self._database.parent.mkdir(parents=True)
        (self._folder / "config").symlink_to(ROOT / "config")
        shutil.copy(self._template, self._database)
        if self._plan.fresh:
            return
        with closing(sqlite3.connect(self._database)) as connection, connection:
            connection.execute(
                "INSERT INTO guilds (id, name, first_seen_at, auto_reply, staff_channel_id, timezone,"
                " watch_default) VALUES (?, 'server', datetime('now', '-1 hour'), 'on', ?, 'UTC', 'public')",
                (story.guild, story.staff),
            )
            connection.execute(  # what staff are told of many alike reports is no answer to one of them
                "INSERT INTO alert_settings (guild_id, incidents_on, window_minutes, members,"
                " cooldown_minutes, wait_hours, nudge_on, nudge_hours) VALUES (?, 0, 60, 3, 60, 4, 0, 6)",
                (story.guild,),
            )

    async def _arrive(self, story: Story) -> None:
        """Live for the first time, until the bot has noted where to begin to read, and die."""
        await story.round()
        story.come()
        bot = self._start(story, LOOKOUT_API__ENABLED="false")
        async with asyncio.timeout(SETTLE_DEADLINE):
            while not all(Stored.read(self._database).cursors.get(place) for place in story.watched):
                await bot.ended_within(LOOK_EVERY)
        bot.kill()
        await bot.ended_within(STOP_DEADLINE)

    def _start(self, story: Story, **more: str) -> BotProcess:
        env = {
            **ENV, **self._env, **more,
            "DISCORD_BOT_TOKEN": story.app["token"],
            "DISCORD_API_URL": self._discord.api_url,
            "DISCORD_GATEWAY_URL": self._discord.gateway_url,
            "DISCORD_CDN_URL": self._discord.cdn_url,
            "LOOKOUT_DISCORD__WELCOME": "false",
        }  # fmt: skip
        return BotProcess(self._folder, env)

    async def _live_until_killed(self, story: Story, kill: Kill, outcome: Outcome) -> None:
        armed = {"LOOKOUT_API__ENABLED": "false"}
        if kill.point is not None:
            armed["LOOKOUT_FAIL_POINT"] = f"{kill.point}:{kill.nth}"
        bot = self._start(story, **armed)
        if kill.point is None:
            await bot.ended_within(kill.after)
            bot.kill()
            await bot.ended_within(STOP_DEADLINE)
            outcome.killed_at.append("anywhere")
            return
        try:
            async with asyncio.timeout(KILL_DEADLINE):
                await self._discord_connected(story, bot)
                while not await bot.ended_within(ROUND_EVERY):
                    await story.round()
        except TimeoutError:
            outcome.errors.append(f"{kill} was not hit within {KILL_DEADLINE} s")
            bot.kill()
            await bot.ended_within(STOP_DEADLINE)
            return
        if bot.exit_code != -signal.SIGKILL or bot.killed_at() != kill.point:
            outcome.errors.append(f"{kill} expected, but exit code {bot.exit_code} at {bot.killed_at()}")
        outcome.killed_at.append(kill.point)

    async def _discord_connected(self, story: Story, bot: BotProcess) -> None:
        """Wait until the bot is connected or dead."""
        while not await bot.ended_within(LOOK_EVERY):
            if (await self._discord.call("connected", app=story.app["id"]))["sessions"]:
                return

    async def _let_time_pass(self, story: Story) -> None:
        """Make interrupted actions look as old as after a long outage."""
        with closing(sqlite3.connect(self._database)) as connection, connection:
            connection.execute(
                "UPDATE actions SET created_at = datetime(created_at, ?) WHERE status = 'pending'", (AGED,)
            )
        last = (await self._discord.sync())[-1]["n"]
        for action in Stored.read(self._database).actions:
            if action["status"] == "pending":
                key = (action["kind"], int(action["signal_id"].partition(":")[2]))
                story.too_old.setdefault(key, last)

    async def _live_to_the_end(self, story: Story, outcome: Outcome) -> None:
        bot = self._start(story)
        try:
            async with asyncio.timeout(SETTLE_DEADLINE):
                await self._discord_connected(story, bot)
                await story.round()
                while not await self._is_done(story, bot) and not await bot.ended_within(LOOK_EVERY):
                    pass
        except TimeoutError:
            outcome.errors.append(f"not done after {SETTLE_DEADLINE} s")
        bot.terminate()
        if not await bot.ended_within(STOP_DEADLINE):
            bot.kill()
            await bot.ended_within(STOP_DEADLINE)
        if bot.exit_code != 0:
            outcome.errors.append(f"exit code {bot.exit_code} after SIGTERM")

    async def _is_done(self, story: Story, bot: BotProcess) -> bool:
        verdict = judge(story, await self._discord.sync(), Stored.read(self._database))
        return verdict.settled() and await _queue_depth(bot) == 0


async def _queue_depth(bot: BotProcess) -> int | None:
    url = bot.api_url()
    if url is None:
        return None
    async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as response:
        body: dict[str, Any] = await response.json()
    return body["queue_depth"] if body["ready"] else None


async def play(plan: Plan, sandbox: dict[str, Any], folder: Path, template: Path) -> Outcome:
    """Play a plan against a sandbox process that printed the line `sandbox` when it was ready."""
    async with SandboxClient(sandbox) as discord:
        await discord.call("settings", identify_interval=0.0)  # the bot is started again at once
        discord._seen = (await discord.call("connected"))["last"]  # earlier runs are none of this one's
        if not plan.has_model:
            return await Run(plan, discord, folder, template, {}).play()
        async with OllamaSandbox() as ollama:
            # Asked about everything it leaves every judgement as it is: the story knows what the heads say.
            ollama.script(Rule(lambda asked: bool(asked.format), {"results": []}), "Take the second door.")
            env = {
                "LOOKOUT_LLM__PROVIDER": "ollama",
                "LOOKOUT_LLM__OBSERVER_MODE": "llm",
                "OLLAMA_HOST": ollama.url,
            }
            return await Run(plan, discord, folder, template, env).play()
