"""One run with tickets: a bot that is killed where the plan says, started again, and judged at the end."""

import asyncio
import random
import shutil
import signal
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.db.database import Database
from bot.db.engine import create_engine
from bot.models import ChangeKind
from bot.services.failpoints import TICKET_FAIL_POINTS
from bot.services.training.drafts import Draft
from bot.services.training.writing import TrainingWriter
from sandbox.client import SandboxClient
from tests.e2e.crash.child import ROOT, BotProcess
from tests.e2e.crash.harness import ENV, LOOK_EVERY, STOP_DEADLINE, Kill
from tests.e2e.crash.tickets.judge import Stored, Verdict, judge
from tests.e2e.crash.tickets.seen import Seen
from tests.e2e.crash.tickets.story import TAUGHT, TicketStory, answer, question

KILL_DEADLINE = 60.0  # seconds until a fail point must have been passed
SETTLE_DEADLINE = 100.0  # seconds until everything must be done: some of it is looked at once a minute
OFTEN = ("delivery.after_begin", "delivery.after_post")  # passed several times for each closing


@dataclass(frozen=True)
class TicketPlan:
    """What distinguishes one run from the others."""

    seed: int
    kills: tuple[Kill, ...]
    enforce_nonce: bool = True
    private: bool = False
    staffed: bool = True  # there is a staff channel

    @classmethod
    def of(cls, seed: int) -> "TicketPlan":
        """Return the plan of a seed: successive seeds go through the fail points, and extra kills follow."""
        rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        round_, index = divmod(seed, len(TICKET_FAIL_POINTS))
        points: list[str | None] = [TICKET_FAIL_POINTS[index]]
        more = rng.choice((0, 1, 1, 2))
        points += [None if rng.random() < 0.2 else rng.choice(TICKET_FAIL_POINTS) for _ in range(more)]
        calls = any(point and point.startswith("handover") for point in points)
        staffed = rng.random() < 0.7 or (calls and rng.random() < 0.3)
        kept: list[Kill] = []
        for point in points:
            if (
                not staffed
                and point
                and point.startswith("handover")
                and any(each.point and each.point.startswith("handover") for each in kept)
            ):
                continue  # without a staff channel one ticket is handed over, and no more
            kept.append(cls._kill(rng, point))
        private = "ticket.before_card" in points or rng.random() < 0.3
        return cls(seed, tuple(kept), (index + round_) % 2 == 0, private, staffed)

    @staticmethod
    def _kill(rng: random.Random, point: str | None) -> Kill:
        if point is None:
            return Kill(None, after=rng.uniform(0.8, 3.0))
        return Kill(point, rng.choice((1, 2, 3)) if point in OFTEN else 1)


@dataclass
class Outcome:
    """What a run came to."""

    plan: TicketPlan
    verdict: Verdict
    killed_at: list[str] = field(default_factory=list)
    messages: int = 0  # of people, in tickets
    answers: int = 0  # everything the bot posted
    errors: list[str] = field(default_factory=list)  # kills that were not hit, exits that were not clean
    folder: Path = Path()

    def faults(self) -> list[str]:
        """Return everything wrong with it."""
        return [*self.errors, *self.verdict.faults()]


class Run:
    """Plays one plan."""

    def __init__(self, plan: TicketPlan, discord: SandboxClient, folder: Path, template: Path) -> None:
        self._plan = plan
        self._discord = discord
        self._folder = folder
        self._template = template
        self._database = folder / "data" / "lookout.db"
        self._story: TicketStory

    async def play(self) -> Outcome:
        """Play the plan and judge it."""
        plan = self._plan
        rng = random.Random(plan.seed + 1_000_000)  # noqa: S311 - repeatable, not secret
        await self._discord.set_faults(clear=True, enforce_nonce=plan.enforce_nonce)
        self._story = await TicketStory.begin(
            self._discord, f"desk{plan.seed}", rng, private=plan.private, staffed=plan.staffed
        )
        await self._story.post_panel(self._discord.api_url)
        await self._prepare()
        outcome = Outcome(plan, Verdict(), folder=self._folder)
        for kill in plan.kills:
            await self._live_until_killed(kill, outcome)
            await self._story.whisper(await self._seen())
        await self._live_to_the_end(outcome)
        seen = await self._seen()
        outcome.verdict = await self._judge(seen)
        outcome.messages = sum(len(said) for said in seen.heard.values())
        outcome.answers = sum(map(len, seen.said.values())) + sum(
            count.total() for count in (*seen.posts.values(), seen.queued)
        )
        return outcome

    async def _prepare(self) -> None:
        """Make the bot's folder, with a server whose tickets are set up and whose staff taught it a lot."""
        self._database.parent.mkdir(parents=True)
        (self._folder / "config").symlink_to(ROOT / "config")
        shutil.copy(self._template, self._database)
        story = self._story
        with closing(sqlite3.connect(self._database)) as connection, connection:
            connection.execute(
                "INSERT INTO guilds (id, name, first_seen_at, auto_reply, staff_channel_id, timezone,"
                " watch_default) VALUES (?, 'server', datetime('now', '-1 hour'), 'on', ?, 'UTC', 'public')",
                (story.guild, story.staff),
            )
        engine = create_engine(f"sqlite+aiosqlite:///{self._database}")
        try:
            drafts = [Draft((question(each),), f"{answer(each)} In the left one.") for each in range(TAUGHT)]
            async with Database(engine).transaction() as tx:
                mode = "private" if story.is_private else "forum"
                chosen = {"mode": mode, "parent_id": story.desk, "staff_role_id": story.role}
                more = {"log_channel_id": story.log, "cooldown_seconds": 0, "transcript_dm": True}
                await tx.ticket_settings.change(
                    story.guild, {**chosen, **more, "answer_mode": "grounded", "max_open": 3}
                )
                now, kind = datetime.now(UTC), ChangeKind.IMPORT
                await TrainingWriter(tx, story.guild, story.sam.id, kind, "taught", now).add(drafts)
        finally:
            await engine.dispose()

    def _start(self, **more: str) -> BotProcess:
        env = {
            **ENV, "LOOKOUT_API__ENABLED": "false", **more,
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
        talk = asyncio.create_task(self._talk())
        seconds = KILL_DEADLINE if kill.point is not None else kill.after
        ended = await bot.ended_within(seconds)
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
        """Have people go on for as long as the bot is there."""
        about = {"app": self._story.app["id"]}
        while True:
            if (await self._discord.call("connected", **about))["sessions"]:
                await self._story.round(await self._seen())
            await asyncio.sleep(LOOK_EVERY)

    async def _live_to_the_end(self, outcome: Outcome) -> None:
        bot = self._start()
        try:
            async with asyncio.timeout(SETTLE_DEADLINE):
                while not (await self._judge(await self._seen())).settled():
                    if await bot.ended_within(LOOK_EVERY):
                        break
        except TimeoutError:
            outcome.errors.append(f"not done after {SETTLE_DEADLINE} s")
        bot.terminate()
        if not await bot.ended_within(STOP_DEADLINE):
            bot.kill()
            await bot.ended_within(STOP_DEADLINE)
        if bot.exit_code != 0:
            outcome.errors.append(f"exit code {bot.exit_code} after SIGTERM")

    async def _seen(self) -> Seen:
        return Seen.of(await self._discord.sync(), self._story)

    async def _judge(self, seen: Seen) -> Verdict:
        threads = await self._discord.call("threads", user=self._story.owner.id, channel=self._story.desk)
        shown = {int(each["id"]): _shown(each) for each in threads}
        return judge(self._story, seen, Stored.read(self._database), shown)


def _shown(thread: dict[str, Any]) -> tuple[bool, bool]:
    about = thread["thread_metadata"]
    return about["archived"], about["locked"]


async def play(plan: TicketPlan, sandbox: dict[str, Any], folder: Path, template: Path) -> Outcome:
    """Play a plan against a sandbox process that printed the line `sandbox` when it was ready."""
    async with SandboxClient(sandbox) as discord:
        await discord.call("settings", identify_interval=0.0)  # the bot is started again at once
        discord._seen = (await discord.call("connected"))["last"]  # earlier runs are none of this one's
        return await Run(plan, discord, folder, template).play()
