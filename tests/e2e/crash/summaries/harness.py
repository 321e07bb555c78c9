"""One run with a summary and alerts: a bot that is killed where the plan says, and judged at the end."""

import random
from dataclasses import dataclass
from typing import Self

from bot.services.failpoints import ALERT_FAIL_POINTS, SUMMARY_FAIL_POINTS
from tests.e2e.crash.child import BotProcess
from tests.e2e.crash.harness import Kill, Plan, Run
from tests.e2e.crash.summaries.judge import Seen, judge
from tests.e2e.crash.summaries.story import SummaryStory
from tests.e2e.crash.verdict import Verdict

POINTS = (*SUMMARY_FAIL_POINTS, *ALERT_FAIL_POINTS)
QUIET_LOOKS = 10  # at a bot that has nothing left to do: several of its own


@dataclass(frozen=True)
class SummaryPlan(Plan):
    """What distinguishes one run from the others."""

    direct: bool = False  # the day goes to two admins by direct message

    @classmethod
    def of(cls, seed: int) -> Self:
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


class SummaryRun(Run[SummaryPlan]):
    """Plays one plan."""

    talk_every = 1.0
    env = {"LOOKOUT_WORKERS__TICK_SECONDS": "0.2"}  # noqa: RUF012
    _story: SummaryStory
    _quiet = 0

    async def begin(self) -> None:
        """Make a server whose day is to be told."""
        name, direct = f"day{self.plan.seed}", self.plan.direct
        self._story = await SummaryStory.begin(self.discord, name, self.rng, direct=direct)
        self.app = self._story.app
        async with self.bots_database() as database:
            await self._story.write(database)

    def talks(self, kill: Kill) -> bool:
        """Whether members report the fault: not before a call to helpers, an incident comes after it."""
        return kill.point is None or not kill.point.startswith("nudge")

    async def talk(self) -> None:
        """Have a member report the fault."""
        await self._story.report()

    async def before_end(self) -> None:
        """Have it reported while nobody listens."""
        await self._story.report()

    async def judge(self) -> Verdict:
        """Compare what happened with what should have."""
        return judge(self._story, Seen.of(await self.discord.sync(), self._story), self.database)

    async def count(self) -> tuple[int, int]:
        """Return how many reports there were, and how many posts of the bot."""
        return len(self._story.reports), Seen.of(await self.discord.sync(), self._story).posts

    async def is_done(self, bot: BotProcess) -> bool:
        """Whether the bot is there and nothing has been missing for a while."""
        calm = await self.is_connected() and await super().is_done(bot)
        self._quiet = self._quiet + 1 if calm else 0
        return self._quiet >= QUIET_LOOKS
