"""`bench activity`: how long `/activity` takes on a server that has written millions of messages.

The sandbox's Discord is in this process, the bot in one of its own. The bot makes its database; the sums of
so many messages of a year are written into it in SQL, as it would have counted them; then members ask, each
once. A time runs from the command to the whole answer, with the picture where matplotlib is there.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import report
from benchmarks.children import MeasurementError
from benchmarks.targets import Lookout
from sandbox import Sandbox
from sandbox.handles import Channel, Guild

MESSAGES = 10_000_000
DAYS = 365
MEMBERS = 3_000
RUNS = 10
SPANS = (7, 30, 365)  # days asked for
_SETUP_SECONDS = 20.0
_ANSWER_SECONDS = 60.0
# How many messages a member writes a day falls with their number; `daily` is what that comes to in all.
_FILL = """
WITH RECURSIVE days(d) AS (SELECT 0 UNION ALL SELECT d + 1 FROM days WHERE d < :days - 1),
members(m) AS (SELECT 1 UNION ALL SELECT m + 1 FROM members WHERE m < :members)
INSERT INTO daily_user_statistics (guild_id, channel_id, date, user_id, messages, replies, questions, helped,
    mood, positive, negative)
SELECT :guild, :channel, date(:first, d || ' days'), m, n, n / 3, n / 10, n / 30, n * 20, n / 4, n / 9
FROM (
    SELECT d, m, 1 + CAST(:daily * (:members - m) * 2.0 / :members / :members AS INTEGER) AS n
    FROM days, members
);
INSERT INTO daily_user_statistics (guild_id, channel_id, date, user_id, messages, replies, questions, helped,
    mood, positive, negative)
SELECT guild_id, 0, date, user_id, messages, replies, questions, helped, mood, positive, negative
FROM daily_user_statistics;
INSERT INTO monthly_user_statistics (guild_id, month, user_id, messages, replies, questions, helped, mood,
    positive, negative)
SELECT guild_id, strftime('%Y-%m-01', date), user_id, sum(messages), sum(replies), sum(questions),
    sum(helped), sum(mood), sum(positive), sum(negative)
FROM daily_user_statistics WHERE channel_id = 0 GROUP BY 1, 2, 3;
INSERT INTO daily_channel_statistics (guild_id, channel_id, date, messages, replies, questions, helped, mood,
    positive, negative)
SELECT guild_id, channel_id, date, sum(messages), sum(replies), sum(questions), sum(helped), sum(mood),
    sum(positive), sum(negative)
FROM daily_user_statistics GROUP BY 1, 2, 3;
WITH RECURSIVE hours(h) AS (SELECT 0 UNION ALL SELECT h + 1 FROM hours WHERE h < 23)
INSERT INTO hourly_channel_statistics (guild_id, channel_id, date, hour, messages)
SELECT guild_id, channel_id, date, h, messages / 24 FROM daily_channel_statistics, hours
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """How long the answers about some days took, in ms."""

    days: int
    p50: float
    longest: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--messages", type=int, default=MESSAGES, help="of the last year")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each command")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and return the exit code."""
    messages, answers = asyncio.run(measure(arguments.messages, arguments.runs))
    rows = [(f"{each.days}", report.shown(each.p50), report.shown(each.longest)) for each in answers]
    report.table(f"/activity over {messages:,} messages", ("days", "p50 ms", "longest ms"), rows)
    result = {
        "machine": report.machine(), "messages": messages, "answers": [asdict(each) for each in answers]
    }  # fmt: skip
    report.write(arguments.json, result)
    return 0


async def measure(messages: int, runs: int) -> tuple[int, list[Answers]]:
    """Return how many messages were written about, and how long the answers took."""
    with tempfile.TemporaryDirectory(prefix="lookout-activity-") as folder:
        async with Sandbox() as discord:
            discord.core.identify_interval = 0.0  # the bot is started twice
            guild = await discord.guild("Bench")
            channel = await discord.channel("general", guild=guild)
            async with _bot(discord, Path(folder)) as database:
                pass
            written = await asyncio.to_thread(fill, database, guild.id, channel.id, messages)
            async with _bot(discord, Path(folder)):
                answers = [await _ask(discord, guild, channel, days, runs) for days in SPANS]
    return written, answers


def fill(database: Path, guild_id: int, channel_id: int, messages: int) -> int:
    """Write the sums of about so many messages of a year; return of how many."""
    first = datetime.now(UTC).date() - timedelta(days=DAYS - 1)
    values = {
        "guild": guild_id, "channel": channel_id, "first": str(first), "days": DAYS, "members": MEMBERS,
        "daily": max(0, messages // DAYS - MEMBERS // 2),
    }  # fmt: skip
    with closing(sqlite3.connect(database)) as connection:
        for statement in _FILL.split(";"):
            connection.execute(statement, values)
        connection.commit()
        query = "SELECT sum(messages) FROM daily_channel_statistics WHERE channel_id = 0"
        return int(connection.execute(query).fetchone()[0])


async def _ask(discord: Sandbox, guild: Guild, channel: Channel, days: int, runs: int) -> Answers:
    """Have so many members ask once each: who asks often is told to wait."""
    taken: list[float] = []
    for number in range(runs + 1):
        member = await discord.member(f"asker-{days}-{number}", guild=guild)
        begun = time.perf_counter()
        answer = await member.slash("activity", channel=channel, days=days, timeout=_ANSWER_SECONDS)
        taken.append((time.perf_counter() - begun) * 1_000)
        if answer.message is None or not answer.message.embeds:
            raise MeasurementError(f"/activity was not answered: {answer.content!r}")
    return summary(days, taken[1:])  # the first one loads what draws


def summary(days: int, milliseconds: Sequence[float]) -> Answers:
    """Return what the times come to."""
    return Answers(days, report.percentile(milliseconds, 0.5), max(milliseconds))


@asynccontextmanager
async def _bot(discord: Sandbox, folder: Path) -> AsyncIterator[Path]:
    """Run the bot until the block ends; return, once it is ready, where its database is."""
    extra = {
        "DISCORD_BOT_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "DISCORD_CDN_URL": discord.cdn_url,
        "LOOKOUT_DISCORD__WELCOME": "false",
        "LOOKOUT_NLP__ENCODER": "off",
        "LOOKOUT_LLM__PROVIDER": "none",
    }
    target = Lookout(folder, 0, 0, extra)
    async with target.child() as child:
        await target.ready(child)
        deadline = time.monotonic() + _SETUP_SECONDS
        while not discord.app.commands:
            if time.monotonic() > deadline:
                raise MeasurementError(f"No commands were registered.\n{child.last_words}")
            await asyncio.sleep(0.05)
        yield folder / "bench.db"
