"""A bot with plugins that do harm, and one that works: the bot goes on, the owner is told once of each."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.services.plugins.steps import resident
from sandbox import Sandbox
from tests.e2e.conftest import BotFactory, running_bot
from tests.e2e.harness import Home, Running, a_discord, a_home
from tests.plugins.bad_plugins import ALL, GOOD, KEY
from tests.plugins.support import write_plugin

__all__ = ["running_bot"]

MAY = ("messages.read", "messages.send")
HELP = "how do I install the driver on my machine?"
STALL, DEADLINE = 0.3, 0.2
LIMITS = {
    "deadline_seconds": DEADLINE, "stall_seconds": STALL, "failures": 3, "posts_per_minute": 5,
    "memory_megabytes": 150, "secrets": {"TELLS_KEY": KEY},
}  # fmt: skip
SUSPENDED = set(ALL) - {"tells"}
MORE = {"asks": 2, "floods": 2}  # told what it does, and later that it is suspended


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_plugin(tmp_path, "good", GOOD, *MAY, "commands.add")
    for plugin, source in ALL.items():
        write_plugin(tmp_path, plugin, source, *MAY)
    write_plugin(tmp_path, "lacks", "async def setup(ctx):\n    ctx.every('x', 60, None)\n", *MAY)
    return tmp_path


def notices(discord: Sandbox, plugin: str = "") -> list[str]:
    """Return what who runs the bot is told of plugins."""
    found = [each["content"] for each in discord.record.messages(bot=True)]
    return [each for each in found if each.startswith(f"Plugin **{plugin}")]


class Longest:
    """The longest that the event loop was held up, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def run(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            self.seconds = max(self.seconds, time.monotonic() - before - 0.01)


@asynccontextmanager
async def held_up() -> AsyncIterator[Longest]:
    longest = Longest()
    task = asyncio.create_task(longest.run())
    try:
        yield longest
    finally:
        task.cancel()
        await asyncio.wait({task})


async def is_suspended(bot: Running, home: Home, plugin: str) -> None:
    query = "select 1 from plugin_states where plugin = ? and suspended_at is not null"
    await bot.until(f"{plugin} to be suspended", lambda: bot.rows(query, plugin))


async def test_plugins_that_do_harm_hurt_themselves_alone(running_bot: BotFactory, folder: Path) -> None:
    limits = {**LIMITS, "folder": folder}
    relaxed = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}
    async with a_discord() as discord:
        home = await a_home(discord)
        async with running_bot(discord, plugins=limits, orchestrator=relaxed) as bot, held_up() as longest:
            await bot.until("the commands", lambda: bool(discord.app.commands))
            for plugin in ("good", *ALL):
                await home.owner.slash("plugins enable", channel=home.help, options={"plugin": plugin})
            await bot.until("the command", lambda: home.guild.id in discord.app.commands)
            before = resident()
            for plugin in ALL:
                for _ in range(3):
                    await home.alice.say(f"{plugin}, please", home.chat)
                if plugin in SUSPENDED:
                    await is_suspended(bot, home, plugin)
                await bot.until(f"a notice about {plugin}", partial(notices, discord, plugin))

            asked = await home.bob.say(HELP, home.help)
            answer = await discord.wait_for_reply(to=asked)
            assert answer.content, "messages are answered"
            assert (await bot.story(asked))["nano_tags"]["purpose"] == "support"
            ping = await home.alice.say("ping", home.chat)
            [pong] = [await discord.wait_for_reply(to=ping)]
            assert pong.content == "pong"
            assert (await home.alice.slash("hello", channel=home.chat)).content == "hello"
            for plugin in (*ALL, "lacks"):
                told = notices(discord, plugin)
                assert len(told) == len(set(told)) == MORE.get(plugin, 1), told
            assert "'schedule'" in notices(discord, "lacks")[0]
            assert "'members.moderate'" in notices(discord, "asks")[0]
            assert longest.seconds < 3 * STALL + 1.0, "the loop was held up for too long"
            assert resident() - before < 200_000_000, "what was allocated is given back"
            listed = await home.owner.slash("plugins list", channel=home.help)
            shown = listed.message.embeds[0]["description"] if listed.message else ""
            assert shown.count("suspended:") == len(SUSPENDED)
            posted = [each["content"] for each in discord.record.messages(bot=True)]
            assert KEY not in str(posted)
            assert not bot.log.said(KEY)
            assert bot.log.said("the key is", "[secret]")
            assert sum("flood" in each and "Plugin" not in each for each in posted) <= 5
