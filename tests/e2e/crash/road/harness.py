"""One run on the main road: messages are written, edited and deleted while the bot dies."""

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

import aiohttp

from bot.services.failpoints import FAIL_POINTS
from sandbox.ollama import OllamaSandbox, Rule
from tests.e2e.crash.child import BotProcess
from tests.e2e.crash.harness import LOOK_EVERY, STOP_DEADLINE, Kill, Outcome, Plan, Run
from tests.e2e.crash.road.judge import Stored, judge
from tests.e2e.crash.road.story import Story
from tests.e2e.crash.verdict import Verdict

CROWD = 230  # messages in each place, said before what is asked
AGED = "-3 minutes"  # more than the two minutes in which Discord surely knows a nonce
# These are passed only once for a channel, or only after a kill that left something to resume.
ONCE = ("owner.before_commit", "owner.after_commit")
RESUMING = "resume.after_claim"
# These are passed only where a language model judges and writes.
OF_MODELS = ("judging.after_answer", "reply.after_write")
LEAVE_ACTIONS = ("plan.after_commit", "action.before_send", "action.after_send", "action.after_record")


@dataclass(frozen=True)
class RoadPlan(Plan):
    """What distinguishes one run from the others."""

    aged: bool = False  # every kill is followed by a long outage
    crowded: bool = False
    event_latency: float = 0.0  # seconds until the bot hears of anything, its servers among it
    fresh: bool = False  # the bot comes to a server where people have talked before

    @property
    def has_model(self) -> bool:
        """Whether a language model is asked."""
        return any(kill.point in OF_MODELS for kill in self.kills)

    @classmethod
    def of(cls, seed: int, *, short: bool = False) -> Self:
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


class RoadRun(Run[RoadPlan]):
    """Plays one plan."""

    talk_every = 0.7
    last_env = {"LOOKOUT_API__ENABLED": "true"}  # noqa: RUF012
    _story: Story

    async def play(self) -> Outcome:
        """Play the plan, with a language model where it has one, and judge it."""
        if not self.plan.has_model:
            return await super().play()
        async with OllamaSandbox() as ollama:
            # Asked about everything it leaves every judgement as it is: the story knows what the heads say.
            ollama.script(Rule(lambda asked: bool(asked.format), {"results": []}), "Take the second door.")
            self.env = {
                "LOOKOUT_LLM__PROVIDER": "ollama",
                "LOOKOUT_LLM__OBSERVER_MODE": "llm",
                "OLLAMA_HOST": ollama.url,
            }
            return await super().play()

    async def begin(self) -> None:
        """Make the server; the bot has known it for an hour, unless it is to come to it later."""
        await self.discord.set_faults(event_latency=self.plan.event_latency)
        story = self._story = await Story.begin(self.discord, f"run{self.plan.seed}", self.rng)
        self.app = story.app
        if self.plan.fresh:
            await self._arrive()
            return
        self.see_server(story.guild, story.staff)
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(  # what staff are told of many alike reports is no answer to one of them
                "INSERT INTO alert_settings (guild_id, incidents_on, window_minutes, members,"
                " cooldown_minutes, wait_hours, nudge_on, nudge_hours) VALUES (?, 0, 60, 3, 60, 4, 0, 6)",
                (story.guild,),
            )

    async def _arrive(self) -> None:
        """Live for the first time, until the bot has noted where to begin to read, and die."""
        story = self._story
        await story.round()
        story.come()
        bot = self.start()
        async with asyncio.timeout(self.settle_deadline):
            while not all(Stored.read(self.database).cursors.get(place) for place in story.watched):
                await bot.ended_within(LOOK_EVERY)
        bot.kill()
        await bot.ended_within(STOP_DEADLINE)

    async def before_kill(self, kill: Kill) -> None:
        """Have people talk with a bot that is off."""
        if self.plan.crowded:
            await self._story.crowd(CROWD)
        await self._story.round()

    async def talk(self) -> None:
        """Have people write, edit and delete."""
        await self._story.round()

    async def after_kill(self) -> None:
        """Make interrupted actions look as old as after a long outage, where there is one."""
        if not self.plan.aged:
            return
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(
                "UPDATE actions SET created_at = datetime(created_at, ?) WHERE status = 'pending'", (AGED,)
            )
        last = (await self.discord.sync())[-1]["n"]
        for action in Stored.read(self.database).actions:
            if action["status"] == "pending":
                key = (action["kind"], int(action["signal_id"].partition(":")[2]))
                self._story.too_old.setdefault(key, last)

    async def before_end(self) -> None:
        """Have people talk once more with a bot that is off."""
        await self._story.round()

    async def at_last(self, bot: BotProcess) -> None:
        """Have people talk with a bot that has been started, or has died."""
        while not await self.is_connected() and not await bot.ended_within(LOOK_EVERY):
            pass
        await self._story.round()

    async def judge(self) -> Verdict:
        """Compare what happened with what should have."""
        return judge(self._story, await self.discord.sync(), Stored.read(self.database))

    async def count(self) -> tuple[int, int]:
        """Return how many messages people wrote, and how many the bot."""
        bot = self.app["bot_id"]
        answers = sum(e["kind"] == "message" and e["author_id"] == bot for e in self.discord.record)
        return len(self._story.said), answers

    async def is_done(self, bot: BotProcess) -> bool:
        """Whether nothing is missing, nor waits in the bot's memory."""
        return await super().is_done(bot) and await _queue_depth(bot) == 0


async def _queue_depth(bot: BotProcess) -> int | None:
    url = bot.api_url()
    if url is None:
        return None
    async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as response:
        body: dict[str, Any] = await response.json()
    return body["queue_depth"] if body["ready"] else None
