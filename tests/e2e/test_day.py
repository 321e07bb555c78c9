"""A real day of a community, replayed through the gateway, and a small one of our own that runs always."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Member
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import SHARED, Home, Running, TestClock, a_discord

LOG = SHARED / "eval" / "dev" / "day_logs.jsonl"
THROTTLE, COOLDOWN = 20, 60  # seconds: the defaults
BUNCH = timedelta(minutes=5)  # posted in one go
TICK = timedelta(seconds=0.005)  # the sandbox's times are of milliseconds

OWN_DAY: list[tuple[str, str]] = [
    ("mia", "morning all"),
    ("tom", "hey mia, how was the concert?"),
    ("mia", "loud and wonderful :D"),
    ("kim", "does anyone know how to install the driver?"),
    ("tom", "which one, the old or the new?"),
    ("kim", "the new one"),
    ("ben", "my upload fails with a timeout since this morning, any idea why?"),
    ("mia", "same here"),
    ("ben", "it says error 504 every single time"),
    ("tom", "they are working on it, see the status page"),
    ("ben", "ah thanks!"),
    ("zoe", "who wants to play tonight?"),
    ("mia", "me!"),
    ("zoe", "the app crashes every time I open the settings, I get an error"),
    ("kim", "lol, again?"),
    ("tom", "did you update it?"),
    ("zoe", "yes, yesterday"),
    ("mia", "how do I change the colour of my name, can someone help me please?"),
    ("tom", "in your profile"),
    ("mia", "found it, thank you"),
]


@pytest.fixture
def clock() -> TestClock:
    """The clock of both sides."""
    return TestClock()


@pytest.fixture
async def discord(clock: TestClock) -> AsyncIterator[Sandbox]:
    """A Discord on the bot's own clock, so that the record and the bot's rows can be compared."""
    async with a_discord(clock=clock) as sandbox:
        yield sandbox


async def replay(
    discord: Sandbox, home: Home, bot: Running, lines: Sequence[tuple[datetime, str, str]]
) -> list[int]:
    """Post a day's lines at their times of the day, as both sides' clock has it; return the ids."""
    people: dict[str, Member] = {}
    for author in dict.fromkeys(author for _, author, _ in lines):
        people[author] = await discord.member(f"day-{author}", guild=home.guild)
    ids: list[int] = []
    begin, first = bot.clock.now(), lines[0][0]
    for minute, group in groupby(lines, key=lambda line: (line[0] - first) // BUNCH):
        bot.clock.ahead += max(begin + minute * BUNCH - bot.clock.now(), timedelta(0))
        ids += await discord.say_many(
            [{"author": people[a].id, "content": text, "channel": home.help.id} for _, a, text in group]
        )
        await _caught_up(bot, home, len(ids))
    return ids


async def _caught_up(bot: Running, home: Home, count: int) -> None:
    await bot.until("so many to be stored", lambda: _count(bot, home) >= count)
    await bot.until("them to be done with", lambda: not _open(bot))


async def check(discord: Sandbox, home: Home, bot: Running, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Check that everything is stored once and nothing said outside the policy; return the replies."""
    stored = bot.rows("select message_id from signals where place_id = ? order by message_id", home.help.id)
    assert [each for (each,) in stored] == sorted(ids), "every message once, and no other"
    said = {
        entry["message_id"]: entry for entry in discord.record.messages(channel_id=home.help.id, bot=False)
    }
    replies = discord.record.messages(bot=True)
    assert all(reply["author_id"] == discord.bot_user.id for reply in replies)
    references = [reply["reference"] for reply in replies]
    assert len(set(references)) == len(references), "no message is answered twice"
    for reply in replies:
        asked = said[reply["reference"]]
        assert asked["channel_id"] == reply["channel_id"]
        story = await bot.story(reply["reference"])
        assert story["observer"]["intent"] in ("help_request", "problem_report")
        assert story["observer"]["confidence"] >= 0.6
        assert [int(action["message_id"]) for action in story["actions"]] == [reply["message_id"]]
        assert story["message"]["author_id"] in (asked["author_id"], str(asked["author_id"]))
    _check_pauses(bot, replies, said)
    return replies


def _check_pauses(bot: Running, replies: Iterable[dict[str, Any]], said: dict[int, dict[str, Any]]) -> None:
    """Check throttle and cooldown by the moments the turns were taken, which the action rows hold."""
    begun = {
        message_id: datetime.fromisoformat(moment).replace(tzinfo=UTC)
        for message_id, moment in bot.rows("select message_id, created_at from actions where kind = 'reply'")
    }
    by_channel: dict[int, list[datetime]] = defaultdict(list)
    by_member: dict[int, list[datetime]] = defaultdict(list)
    for reply in replies:
        moment = begun[reply["message_id"]]
        # The row may not lie: it was begun before the sandbox saw the reply, and not long before.
        seen = datetime.fromisoformat(reply["at"])
        assert timedelta(seconds=-0.1) <= seen - moment <= timedelta(seconds=20)
        by_channel[reply["channel_id"]].append(moment)
        by_member[said[reply["reference"]]["author_id"]].append(moment)
    for moments, pause in ((by_channel, THROTTLE), (by_member, COOLDOWN)):
        for taken in moments.values():
            for before, after in pairwise(sorted(taken)):
                assert after - before >= timedelta(seconds=pause) - TICK


def _count(bot: Running, home: Home) -> int:
    return int(bot.rows("select count(*) from signals where place_id = ?", home.help.id)[0][0])


def _open(bot: Running) -> bool:
    return bool(bot.rows("select 1 from signals where stage <> 'done' limit 1"))


async def test_a_small_day(discord: Sandbox, home: Home, clock: TestClock, running_bot: BotFactory) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    lines = [(noon + number * timedelta(minutes=1), *line) for number, line in enumerate(OWN_DAY)]
    async with running_bot(discord, clock=clock) as bot:
        ids = await replay(discord, home, bot, lines)
        replies = await check(discord, home, bot, ids)
        assert 1 <= len(replies) <= 5
        chatter = {ids[index] for index in (0, 1, 2, 10, 11, 12, 14, 19)}
        assert not chatter & {reply["reference"] for reply in replies}


@pytest.mark.skipif(not LOG.is_file(), reason="../shared/eval/dev/day_logs.jsonl is absent")
async def test_a_real_day_of_over_a_thousand_messages(
    discord: Sandbox, home: Home, clock: TestClock, running_bot: BotFactory
) -> None:
    days = [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()]
    day = min((each for each in days if each["n_messages"] > 1_000), key=lambda each: each["n_messages"])
    lines = [
        (datetime.fromisoformat(each["ts"]), each["author"], each["text"][:2000])
        for each in day["messages"]
        if each["text"].strip()
    ]
    assert len(lines) > 1_000
    async with running_bot(discord, clock=clock) as bot:
        ids = await replay(discord, home, bot, lines)
        replies = await check(discord, home, bot, ids)
        assert replies, "somebody asks for help on such a day"
        assert bot.rows("select count(*) from gaps where closed_at is null") == [(0,)]
        assert bot.unexpected_errors() == []
