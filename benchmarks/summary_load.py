"""A day's post made and posted by the bot while messages come in: time, memory, how late its loop is.

A first life of the bot takes in a day of messages. In the second one messages come at a steady rate; some
seconds later the run of the day is made due, in the database, and is over when its row says so there.
"""

import asyncio
import contextlib
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks import frames
from benchmarks.children import MeasurementError
from benchmarks.llm import delays, quantile
from benchmarks.payloads import CHANNEL_IDS, GUILD_ID
from benchmarks.round import Running, running
from benchmarks.targets import Lookout

RATE: Final = 500  # messages a second
BEFORE_SECONDS: Final = 8  # of the flood, measured alone
FLOOD_SECONDS: Final = 45
_DAY: Final = timedelta(hours=23)
_LATER: Final = "2100-01-01 00:00:00.000000"
_RUN_LENGTH: Final = 25  # messages sent together
_SEEDS: Final = (20_160_221, 20_160_222)
_POLL_SECONDS: Final = 0.05
_SLACK_SECONDS: Final = 120.0
_EXTRA: Final = {
    "LOOKOUT_NLP__ENCODER": "off",  # another process, which would take a core of its own
    "LOOKOUT_WORKERS__TICK_SECONDS": "0.5",
}
_SETTINGS: Final = (
    "INSERT INTO summary_settings (guild_id, is_on, channel_id, at, style, changed_at)"
    " VALUES (?, 1, ?, '00:00', 'short', ?)"
)
_RUN: Final = (
    "INSERT INTO summary_runs (guild_id, local_date, starts_at, ends_at, status, attempts, try_at, detail,"
    " is_told, created_at) VALUES (?, ?, ?, ?, 'pending', 0, ?, '', 0, ?)"
)
# So that there is a picture to be drawn.
_WEEK: Final = (
    "INSERT INTO daily_channel_statistics (guild_id, channel_id, date, messages, replies, questions, helped,"
    " mood, positive, negative) VALUES (?, ?, ?, 500, 50, 40, 10, 60000, 150, 90)"
)


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one run.

    Attributes:
        seconds: from the moment it was due until it was made, the wait for the next look included.
        posted_seconds: until it was posted with all its sections, and noted as done.
        alone_p99_ms: how late the loop was before, with the same messages coming in.
        p99_ms: the same while the summary was made.
        added_mb: most memory then, above that just before.
        read: messages it tells of.
        stored: of those that came in meanwhile, a second.
    """

    messages: int
    read: int
    seconds: float
    posted_seconds: float
    cpu_seconds: float
    added_mb: float
    alone_p99_ms: float
    p99_ms: float
    stored: float


def measure(messages: int, rate: int = RATE, before: float = BEFORE_SECONDS) -> Load:
    """Return the figures of one run, made due `before` seconds after others began to come in.

    Raises:
        MeasurementError: it was not done while messages came in.
    """
    with tempfile.TemporaryDirectory(prefix="lookout-load-") as folder:
        return asyncio.run(_measured(Path(folder), messages, rate, before))


async def _measured(folder: Path, messages: int, rate: int, before: float) -> Load:
    home, day, flood = (folder / each for each in ("home", "day", "flood"))
    for each in (home, day, flood):
        each.mkdir()
    seed, other = _SEEDS
    until = datetime.now(UTC) + timedelta(seconds=1)
    await asyncio.to_thread(frames.encode, day, messages, seed, apart=_DAY / messages)
    async with running(Lookout, day, messages, extra=_EXTRA, home=home) as it:
        await it.discord.say(f"flood {4 * rate}")
        await it.target.finished(it.bot, _SLACK_SECONDS)
    database = home / "bench.db"
    _ask_for(database, until)
    count = rate * FLOOD_SECONDS
    apart = timedelta(microseconds=50)  # none of them was said before `until`
    await asyncio.to_thread(frames.encode, flood, count, other, run_length=_RUN_LENGTH, apart=apart)
    async with running(Lookout, flood, messages + count, extra=_EXTRA, home=home) as it:
        return await _under_load(it, database, messages, rate, before)


def _ask_for(database: Path, until: datetime) -> None:
    """Have the bot want to post the day in a channel, at a moment that doesn't come by itself."""
    today = until.date()
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(_SETTINGS, (GUILD_ID, CHANNEL_IDS[0], _stored(until)))
        times = [_stored(each) for each in (until - timedelta(days=1), until)]
        connection.execute(_RUN, (GUILD_ID, str(today), *times, _LATER, times[0]))
        days = [(GUILD_ID, CHANNEL_IDS[0], str(today - timedelta(days=back))) for back in range(2, 9)]
        connection.executemany(_WEEK, days)


async def _under_load(it: Running, database: Path, messages: int, rate: int, alone: float) -> Load:
    target = it.target
    assert isinstance(target, Lookout)
    await it.discord.say(f"flood {rate}")
    await it.discord.event("first_frame", 30.0)
    begun = await target.metrics()
    await asyncio.sleep(alone)
    before, weight, cpu = await target.metrics(), it.scale.weigh(), it.scale.cpu_seconds()
    stored, started, due = _count(database), time.monotonic(), datetime.now(UTC)
    _change(database, "UPDATE summary_runs SET try_at = ?", _stored(due))
    most = await _most_memory(it, database)
    seconds = time.monotonic() - started
    made = datetime.fromisoformat(_one(database, "SELECT created_at FROM summaries")).replace(tzinfo=UTC)
    after, cpu = await target.metrics(), it.scale.cpu_seconds() - cpu
    stored = _count(database) - stored
    if any(event["event"] == "last_frame" for event in it.discord.events):
        raise MeasurementError(f"The summary took {seconds:.0f} s, longer than messages came in.")
    return Load(
        messages=messages,
        read=int(_one(database, "SELECT messages_read FROM summaries")),
        seconds=(made - due).total_seconds(),
        posted_seconds=seconds,
        cpu_seconds=cpu,
        added_mb=most - weight,
        alone_p99_ms=quantile(delays(begun, before), 0.99) * 1_000,
        p99_ms=quantile(delays(before, after), 0.99) * 1_000,
        stored=stored / seconds,
    )


async def _most_memory(it: Running, database: Path) -> float:
    """Return the most the bot weighed until its summary was posted."""
    most, deadline = it.scale.weigh(), time.monotonic() + FLOOD_SECONDS
    while (status := _one(database, "SELECT status FROM summary_runs")) == "pending":
        if time.monotonic() > deadline or not it.bot.alive:
            raise MeasurementError(f"The summary was not posted in time.\n{it.bot.last_words}")
        await asyncio.sleep(_POLL_SECONDS)
        most = max(most, it.scale.weigh())
    if status != "posted":
        raise MeasurementError(f"The summary is {status}.\n{it.bot.last_words}")
    return most


def _count(database: Path) -> int:
    return int(_one(database, "SELECT count(*) FROM signals"))


def _one(database: Path, query: str) -> Any:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query).fetchone()[0]


def _change(database: Path, statement: str, *values: Any) -> None:
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        connection.execute(statement, values)


def _stored(moment: datetime) -> str:
    """Return a moment as the bot's SQLite has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
