"""A server whose day is to be told, whose members report one fault, and one of whom nobody answers."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from bot.db.database import Database
from bot.db.statistics import Sums
from bot.domain.signal import Intent, Sentiment
from bot.domain.snowflake import snowflake_at
from bot.domain.statistics import Figures
from sandbox.handles import Member
from sandbox.vocabulary import Vocabulary
from tests.db.support import signal_row

DAYS_KNOWN = 8  # before the day that is told
TALK = 120  # messages of that day
FEWEST = 3  # members who report alike before staff are told
MOST_REPORTS = 30
SUBJECTS = ("release", "printer", "garden", "budget", "router", "newsletter", "workshop", "kitchen")
LINES = (
    "Shall we move the {} to Thursday, or is Friday better for everybody who has to be there?",
    "Let's go with Thursday for the {} then, the preparations need one more day.",
    "I'll write down tonight what we still need for the {} and send it to all of you.",
    "Does anybody know who had the list for the {} last year?",
    "The {} went much better than last time, thanks to everybody who helped.",
)
REPORTS = (
    "I can't log in, the login page fails with error 500",
    "the login page crashes with error 500 for me",
    "login fails: I get error 500 on the login page",
    "error 500 when I try to log in on the login page",
    "the login page doesn't load, it fails with an error 500",
)
QUESTION = "How do I reset the router after the update?"


@dataclass
class SummaryStory:
    """One server, and what was said on it.

    Attributes:
        news: where the day is posted; None: to both `admins`, by direct message.
        reports: messages that report the fault.
    """

    discord: Vocabulary
    rng: random.Random
    app: dict[str, Any]
    guild: int
    admins: list[Member]
    helpers: int
    talk: int  # where the day was; Discord doesn't have it, so nobody may write there
    chat: int
    help: int
    staff: int
    news: int | None
    at: datetime  # when the day's summary was due
    question: int = 0
    reports: list[int] = field(default_factory=list)

    @classmethod
    async def begin(cls, discord: Vocabulary, name: str, rng: random.Random, *, direct: bool) -> Self:
        """Make a server of its own, with a bot of its own, in a sandbox that may hold others."""
        app = await discord.application(f"bot-{name}")
        guild = await discord.guild(name, bots=[app["id"]])
        admins = [await discord.member(f"admin{each}-{name}", guild=guild) for each in range(2)]
        helpers = await discord.role("helpers", guild=guild, mentionable=True)
        talk, chat, help_, staff, news = [
            (await discord.channel(each, guild=guild)).id
            for each in ("talk", "chat", "help", "staff", "news")
        ]
        at = (datetime.now(UTC) - timedelta(minutes=2)).replace(second=0, microsecond=0)
        story = cls(
            discord,
            rng,
            app,
            guild.id,
            admins,
            helpers.id,
            talk,
            chat,
            help_,
            staff,
            None if direct else news,
            at,
        )
        story.question = (await admins[0].say(QUESTION, help_)).id
        return story

    @property
    def targets(self) -> int:
        """How many places the day is told in."""
        return 1 if self.news is not None else len(self.admins)

    async def report(self) -> None:
        """Have somebody report the fault who hasn't; at first as many as it takes."""
        for _ in range(1 if self.reports else FEWEST):
            if len(self.reports) < MOST_REPORTS:
                number = len(self.reports)
                member = await self.discord.member(f"member{number}-{self.guild}", guild=self.guild)
                said = await member.say(REPORTS[number % len(REPORTS)], self.chat)
                self.reports.append(said.id)

    async def write(self, database: Database) -> None:
        """Have it all known to a bot that has been there for some days, and is told to post."""
        names = {self.talk: "talk", self.chat: "chat", self.help: "help", self.staff: "staff"}
        async with database.transaction() as tx:
            await tx.guilds.see(self.guild, "server", self.at - timedelta(days=DAYS_KNOWN))
            chosen = {"auto_reply": "off", "staff_channel_id": self.staff, "timezone": "UTC"}
            await tx.guilds.change(self.guild, chosen)
            await tx.channels.see([
                {"id": id_, "guild_id": self.guild, "parent_id": None, "name": name}
                for id_, name in names.items()
            ])  # fmt: skip
            await tx.signals.add_batch(list(self._said()))
            await tx.statistics.add(Sums({}, {}, self._felt(), {}))
            await tx.summary_runs.change(self.guild, {
                "is_on": True,
                "channel_id": self.news,
                "admin_ids": None if self.news else [str(each.id) for each in self.admins],
                "at": f"{self.at:%H:%M}",
                "sections_off": ["picture"],
                "changed_at": self.at - timedelta(days=2),
            })  # fmt: skip
            nudge = {"nudge_on": True, "helper_role_id": self.helpers, "wait_hours": 0}
            await tx.alerts.change(self.guild, {**nudge, "members": FEWEST})

    def _said(self) -> Iterator[dict[str, Any]]:
        """Yield the day's talk, and the question that waits."""
        for number in range(TALK):
            moment = self.at - timedelta(minutes=5 + 10 * number)
            text = LINES[number % len(LINES)].format(SUBJECTS[number // len(LINES) % len(SUBJECTS)])
            yield self._row(snowflake_at(moment), moment, self.talk, 7_000 + number % 9, text)
        now = datetime.now(UTC)
        yield self._row(self.question, now, self.help, self.admins[0].id, QUESTION, Intent.HELP_REQUEST.value)

    def _row(
        self, id_: int, moment: datetime, place: int, author: int, text: str, intent: str = Intent.OTHER.value
    ) -> dict[str, Any]:
        return signal_row(
            message_id=id_, place_id=place, guild_id=self.guild, author_id=author, author_name=f"m{author}",
            content=text, created_at=moment, ingested_at=moment, intent=intent,
            sentiment=Sentiment.NEUTRAL.value,
        )  # fmt: skip

    def _felt(self) -> dict[tuple[int, int, Any], Figures]:
        """Return a good week, and a bad day."""
        yesterday = self.at.date() - timedelta(days=1)
        days = {yesterday - timedelta(days=back): Figures(40, positive=30) for back in range(1, DAYS_KNOWN)}
        days[yesterday] = Figures(60, negative=50)
        return {(self.guild, self.talk, day): figures for day, figures in days.items()}
