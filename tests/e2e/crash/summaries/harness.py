"""One run with a summary and alerts: a bot that is killed where the plan says, and judged at the end."""

import asyncio
import random
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.db.database import Database
from bot.db.engine import create_engine
from bot.services.failpoints import ALERT_FAIL_POINTS, SUMMARY_FAIL_POINTS
from sandbox.client import SandboxClient
from tests.e2e.crash.child import ROOT, BotProcess
from tests.e2e.crash.harness import ENV, LOOK_EVERY, STOP_DEADLINE, Kill
from tests.e2e.crash.summaries.judge import Seen, Verdict, judge
from tests.e2e.crash.summaries.story import SummaryStory

POINTS = (*SUMMARY_FAIL_POINTS, *ALERT_FAIL_POINTS)
KILL_DEADLINE = 60.0  # seconds until a fail point must have been passed
SETTLE_DEADLINE = 60.0  # seconds until everything must be done
QUIET_LOOKS = 10  # at a bot that has nothing left to do: several of its own
REPORT_EVERY = 1.0  # seconds between two reports while the bot lives
MORE = {"LOOKOUT_WORKERS__TICK_SECONDS": "0.2", "LOOKOUT_API__ENABLED": "false"}


@dataclass(frozen=True)
class SummaryPlan:
    """What distinguishes one run from the others."""

    seed: int
    kills: tuple[Kill, ...]
    enforce_nonce: bool = True
    direct: bool = False  # the day goes to two admins by direct message

    @classmethod
    def of(cls, seed: int) -> "SummaryPlan":
        """Return the plan of a seed: successive seeds go through the fail points, and extra kills follow.

        A point is passed once in what the bot does, so the others of a run come after it; where a kill at a
        random moment comes first, nobody knows which are left.
        """
        rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        round_, index = divmod(seed, len(POINTS))
        road = SUMMARY_FAIL_POINTS if POINTS[index] in SUMMARY_FAIL_POINTS else ALERT_FAIL_POINTS
        later = road[road.index(POINTS[index]) + 1 :]
        points = [
            POINTS[index],
            *sorted(rng.sample(later, min(len(later), rng.choice((0, 0, 1, 2)))), key=road.index),
        ]
        kills = [Kill(point) for point in points]
        kills += [Kill(None, after=rng.uniform(0.8, 3.0)) for _ in range(rng.choice((0, 1, 1, 2)))]
        return cls(seed, tuple(kills), (index + round_) % 2 == 0, rng.random() < 0.3)


@dataclass
class Outcome:
    """What a run came to."""

    plan: SummaryPlan
    verdict: Verdict
    killed_at: list[str] = field(default_factory=list)
    messages: int = 0  # reports
    answers: int = 0  # everything the bot posted
    errors: list[str] = field(default_factory=list)  # kills that were not hit, exits that were not clean
    folder: Path = Path()

    def faults(self) -> list[str]:
        """Return everything wrong with it."""
        return [*self.errors, *self.verdict.faults()]


class Run:
    """Plays one plan."""

    def __init__(self, plan: SummaryPlan, discord: SandboxClient, folder: Path, template: Path) -> None:
        self._plan = plan
        self._discord = discord
        self._folder = folder
        self._template = template
        self._database = folder / "data" / "lookout.db"
        self._story: SummaryStory

    async def play(self) -> Outcome:
        """Play the plan and judge it."""
        plan = self._plan
        rng = random.Random(plan.seed + 1_000_000)  # noqa: S311 - repeatable, not secret
        await self._discord.set_faults(clear=True, enforce_nonce=plan.enforce_nonce)
        self._story = await SummaryStory.begin(self._discord, f"day{plan.seed}", rng, direct=plan.direct)
        await self._prepare()
        outcome = Outcome(plan, Verdict(), folder=self._folder)
        for kill in plan.kills:
            await self._live_until_killed(kill, outcome)
        await self._live_to_the_end(outcome)
        seen = Seen.of(await self._discord.sync(), self._story)
        outcome.verdict = judge(self._story, seen, self._database)
        outcome.messages, outcome.answers = len(self._story.reports), seen.posts
        return outcome

    async def _prepare(self) -> None:
        self._database.parent.mkdir(parents=True)
        (self._folder / "config").symlink_to(ROOT / "config")
        shutil.copy(self._template, self._database)
        engine = create_engine(f"sqlite+aiosqlite:///{self._database}")
        try:
            await self._story.write(Database(engine))
        finally:
            await engine.dispose()

    def _start(self, **more: str) -> BotProcess:
        env = {
            **ENV, **MORE, **more,
            "DISCORD_BOT_TOKEN": self._story.app["token"],
            "DISCORD_API_URL": self._discord.api_url,
            "DISCORD_GATEWAY_URL": self._discord.gateway_url,
            "DISCORD_CDN_URL": self._discord.cdn_url,
            "LOOKOUT_DISCORD__WELCOME": "false",
        }  # fmt: skip
        return BotProcess(self._folder, env)

    async def _live_until_killed(self, kill: Kill, outcome: Outcome) -> None:
        armed = {} if kill.point is None else {"LOOKOUT_FAIL_POINT": f"{kill.point}:{kill.nth}"}
        bot = self._start(**armed)
        quiet = kill.point is not None and kill.point.startswith("nudge")  # an incident comes after it
        talk = asyncio.create_task(asyncio.sleep(KILL_DEADLINE) if quiet else self._talk())
        ended = await bot.ended_within(KILL_DEADLINE if kill.point is not None else kill.after)
        if not ended:
            bot.kill()
            await bot.ended_within(STOP_DEADLINE)
        talk.cancel()
        with suppress(asyncio.CancelledError):
            await talk
        if kill.point is None:
            outcome.killed_at.append("anywhere")
        elif not ended:
            outcome.errors.append(f"{kill} was not hit within {KILL_DEADLINE} s")
        else:
            if bot.exit_code != -signal.SIGKILL or bot.killed_at() != kill.point:
                outcome.errors.append(f"{kill} expected, but exit code {bot.exit_code} at {bot.killed_at()}")
            outcome.killed_at.append(kill.point)

    async def _talk(self) -> None:
        """Have members report the fault for as long as the bot is there."""
        about = {"app": self._story.app["id"]}
        while True:
            if (await self._discord.call("connected", **about))["sessions"]:
                await self._story.report()
                await asyncio.sleep(REPORT_EVERY)
            await asyncio.sleep(LOOK_EVERY)

    async def _live_to_the_end(self, outcome: Outcome) -> None:
        await self._story.report()  # while nobody listens
        bot = self._start()
        try:
            async with asyncio.timeout(SETTLE_DEADLINE):
                quiet = 0
                while quiet < QUIET_LOOKS and not await bot.ended_within(LOOK_EVERY):
                    quiet = quiet + 1 if await self._is_done() else 0
        except TimeoutError:
            outcome.errors.append(f"not done after {SETTLE_DEADLINE} s")
        bot.terminate()
        if not await bot.ended_within(STOP_DEADLINE):
            bot.kill()
            await bot.ended_within(STOP_DEADLINE)
        if bot.exit_code != 0:
            outcome.errors.append(f"exit code {bot.exit_code} after SIGTERM")

    async def _is_done(self) -> bool:
        """Whether the bot is there and nothing is missing."""
        if not (await self._discord.call("connected", app=self._story.app["id"]))["sessions"]:
            return False
        seen = Seen.of(await self._discord.sync(), self._story)
        return judge(self._story, seen, self._database).settled()


async def play(plan: SummaryPlan, sandbox: dict[str, Any], folder: Path, template: Path) -> Outcome:
    """Play a plan against a sandbox process that printed the line `sandbox` when it was ready."""
    async with SandboxClient(sandbox) as discord:
        await discord.call("settings", identify_interval=0.0)  # the bot is started again at once
        discord._seen = (await discord.call("connected"))["last"]  # earlier runs are none of this one's
        return await Run(plan, discord, folder, template).play()
