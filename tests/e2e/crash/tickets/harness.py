"""One run with tickets: a bot that is killed where the plan says, started again, and judged at the end."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from bot.models import ChangeKind
from bot.services.failpoints import TICKET_FAIL_POINTS
from bot.services.training.drafts import Draft
from bot.services.training.writing import TrainingWriter
from tests.e2e.crash.harness import Kill, Plan, Run
from tests.e2e.crash.tickets.judge import Stored, judge
from tests.e2e.crash.tickets.seen import Seen
from tests.e2e.crash.tickets.story import TAUGHT, TicketStory, answer, question
from tests.e2e.crash.verdict import Verdict

OFTEN = ("delivery.after_begin", "delivery.after_post")  # passed several times for each closing


@dataclass(frozen=True)
class TicketPlan(Plan):
    """What distinguishes one run from the others."""

    private: bool = False
    staffed: bool = True  # there is a staff channel

    @classmethod
    def of(cls, seed: int) -> Self:
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


class TicketRun(Run[TicketPlan]):
    """Plays one plan."""

    settle_deadline = 100.0  # some of it is looked at once a minute
    _story: TicketStory

    async def begin(self) -> None:
        """Make a server whose tickets are set up and whose staff taught the bot a lot."""
        plan = self.plan
        self._story = await TicketStory.begin(
            self.discord, f"desk{plan.seed}", self.rng, private=plan.private, staffed=plan.staffed
        )
        story = self._story
        self.app = story.app
        await story.post_panel(self.discord.api_url)
        self.see_server(story.guild, story.staff)
        drafts = [Draft((question(each),), f"{answer(each)} In the left one.") for each in range(TAUGHT)]
        async with self.bots_database() as database, database.transaction() as tx:
            mode = "private" if story.is_private else "forum"
            chosen = {"mode": mode, "parent_id": story.desk, "staff_role_id": story.role}
            more = {"log_channel_id": story.log, "cooldown_seconds": 0, "transcript_dm": True}
            await tx.ticket_settings.change(
                story.guild, {**chosen, **more, "answer_mode": "grounded", "max_open": 3}
            )
            now, kind = datetime.now(UTC), ChangeKind.IMPORT
            await TrainingWriter(tx, story.guild, story.sam.id, kind, "taught", now).add(drafts)

    async def talk(self) -> None:
        """Have people open tickets, speak in them and close them."""
        await self._story.round(await self._seen())

    async def after_kill(self) -> None:
        """Have members go on in their tickets with a bot that is off."""
        await self._story.whisper(await self._seen())

    async def judge(self) -> Verdict:
        """Compare what happened with what should have."""
        threads = await self.discord.call("threads", user=self._story.owner.id, channel=self._story.desk)
        shown = {int(each["id"]): _shown(each) for each in threads}
        return judge(self._story, await self._seen(), Stored.read(self.database), shown)

    async def count(self) -> tuple[int, int]:
        """Return how many messages people wrote in tickets, and how many the bot posted."""
        seen = await self._seen()
        posts = sum(count.total() for count in (*seen.posts.values(), seen.queued))
        return sum(map(len, seen.heard.values())), sum(map(len, seen.said.values())) + posts

    async def _seen(self) -> Seen:
        return Seen.of(await self.discord.sync(), self._story)


def _shown(thread: dict[str, Any]) -> tuple[bool, bool]:
    about = thread["thread_metadata"]
    return about["archived"], about["locked"]
