"""The daily post and `/summary`, from what members say to what they read."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import Sandbox
from sandbox.handles import Channel, Message
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock

WORKERS = {"workers": {"tick_seconds": 0.1}}
RUNS = "select local_date, status from summary_runs order by local_date"
DAY = timedelta(days=1)


async def talked(home: Home) -> list[Message]:
    """Have a day's talk in two channels."""
    return [
        await home.alice.say("Shall we move the release to Thursday?", home.chat),
        await home.bob.say("Let's go with Thursday then, the tests need one more day.", home.chat),
        await home.alice.say("I'll write the announcement tonight.", home.chat),
        await home.bob.say("How do I reset the router after the update?", home.help),
    ]


def embeds_of(message: Message) -> list[dict[str, Any]]:
    return [dict(each) for each in message.embeds]


def links_in(text: str) -> set[tuple[int, int]]:
    """Return (place, message) of every link."""
    found = re.findall(r"https://discord\.com/channels/\d+/(\d+)/(\d+)", text)
    return {(int(place), int(message)) for place, message in found}


async def posts_in(channel: Channel) -> list[Message]:
    return [each for each in await channel.history() if each.embeds]


def at_local(clock: TestClock, zone: str, day: datetime) -> None:
    """Put the clock to a local time."""
    clock.ahead += day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) - clock.now()


async def test_a_day_is_posted_once_with_links_to_where_it_was_said(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    async with running_bot(discord, clock=clock, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        news = await discord.channel("news", guild=home.guild)
        answer = await home.owner.slash("setsummary channel", channel=home.chat, options={"channel": news})
        assert "posted in" in answer.content
        said = await talked(home)
        await bot.story(said[-1])
        clock.ahead += DAY
        [post] = await bot.until("the post", lambda: posts_in(news))
        text = str(embeds_of(post))
        assert {(each.channel_id, each.id) for each in said} >= links_in(text) > set()
        assert "4 of 4 messages, 2 channels" in text
        assert "Thursday" in text
        clock.ahead += timedelta(hours=1)
        await bot.until("the record", lambda: [row[1] for row in bot.rows(RUNS)] == ["posted"])
        assert len(await posts_in(news)) == 1
        thanks = await home.alice.click(post, "Helpful")
        assert "1 found it helpful" in thanks.content
