"""One run beside the main road: suggestions, calls by reaction and warnings of leaks while the bot dies."""

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Self

from bot.services.failpoints import ASIDE_FAIL_POINTS
from tests.e2e.crash.aside.judge import Seen, Stored, judge
from tests.e2e.crash.aside.story import AsideStory
from tests.e2e.crash.child import BotProcess
from tests.e2e.crash.harness import LOOK_EVERY, Kill, Plan, Run
from tests.e2e.crash.verdict import Verdict

SENDING = ("action.before_send", "action.after_send", "action.after_record")  # of cards and warnings, too
POINTS = (*ASIDE_FAIL_POINTS, *SENDING)
QUIET_LOOKS = 10  # at a bot that has nothing left to do


@dataclass(frozen=True)
class AsidePlan(Plan):
    """What distinguishes one run from the others."""

    suggests: bool = True  # staff are asked before anything is answered

    @classmethod
    def of(cls, seed: int) -> Self:
        """Return the plan of a seed: successive seeds go through the fail points, and extra kills follow."""
        rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
        round_, index = divmod(seed, len(POINTS))
        kills = [cls._kill(rng, POINTS[index])]
        for _ in range(rng.choice((0, 1, 1, 2))):
            anywhere = Kill(None, after=rng.uniform(0.8, 3.0))
            kills.append(anywhere if rng.random() < 0.3 else cls._kill(rng, rng.choice(POINTS)))
        suggests = any((kill.point or "").startswith("suggestion") for kill in kills) or rng.random() < 0.5
        return cls(seed, tuple(kills), (index + round_) % 2 == 0, suggests)

    @staticmethod
    def _kill(rng: random.Random, point: str) -> Kill:
        return Kill(point, rng.choice((1, 2, 3, 4)) if point in SENDING else rng.choice((1, 1, 2)))


class AsideRun(Run[AsidePlan]):
    """Plays one plan."""

    talk_every = 0.3
    _story: AsideStory
    _quiet = 0

    async def begin(self) -> None:
        """Make the server."""
        suggests = self.plan.suggests
        story = await AsideStory.begin(self.discord, f"aside{self.plan.seed}", self.rng, suggests=suggests)
        self._story, self.app = story, story.app
        self.see_server(story.guild, story.staff)
        if suggests:
            with closing(sqlite3.connect(self.database)) as connection, connection:
                connection.execute("UPDATE guilds SET auto_reply = 'suggest'")

    async def before_kill(self, kill: Kill) -> None:
        """Have people ask, and let secrets out, with a bot that is off."""
        await self._story.whisper()

    async def talk(self) -> None:
        """Have people go on, and staff decide."""
        await self._story.round((await self._seen()).open_cards())

    async def before_end(self) -> None:
        """Have people ask once more with a bot that is off."""
        await self._story.whisper()

    async def at_last(self, bot: BotProcess) -> None:
        """Have those act again of whom nobody took notice."""
        while not await self.is_connected() and not await bot.ended_within(LOOK_EVERY):
            pass
        await self._story.call_again({*Stored.read(self.database).called})

    async def judge(self) -> Verdict:
        """Compare what happened with what should have."""
        return judge(self._story, await self._seen(), Stored.read(self.database))

    async def count(self) -> tuple[int, int]:
        """Return how many messages people wrote that matter, and how many the bot."""
        story = self._story
        leaks = sum(len(each.leaks) for each in story.leakers)
        return len(story.questions) + len(story.calls) + leaks, (await self._seen()).posts

    async def is_done(self, bot: BotProcess) -> bool:
        """Whether nothing has been missing for a while: what comes twice may come late.

        Staff press again until they are told: who presses while a slow bot starts is told nothing in time.
        """
        await self._story.decide_all((await self._seen()).open_cards())
        self._quiet = self._quiet + 1 if await super().is_done(bot) else 0
        return self._quiet >= QUIET_LOOKS

    async def _seen(self) -> Seen:
        return Seen.of(await self.discord.sync(), self._story)
