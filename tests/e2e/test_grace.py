"""A server that the bot was removed from: kept for a while, silent, there again on return, then gone."""

from datetime import timedelta
from typing import Any

from bot.services.retention import GRACE
from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running, TestClock, a_home, fence
from tests.e2e.test_privacy import MARKER, WORKERS, busy, everywhere, in_memory
from tests.e2e.test_tickets import set_up

SETTINGS = "select min_confidence, timezone, staff_channel_id, auto_reply from guilds where id = ?"
COUNTED = (
    "signals", "tickets", "training_entries", "summaries", "daily_user_statistics", "incidents", "feedback",
)  # fmt: skip
LONG = {f"{kind}_days": 365 for kind in ("messages", "conversations", "intents", "actions")}


def amounts(bot: Running, guild_id: int) -> dict[str, Any]:
    """How many rows there are of a server."""
    count = "select count(*) from {} where guild_id = ?"
    return {name: bot.rows(count.format(name), guild_id)[0][0] for name in COUNTED}


async def leave(home: Home, bot: Running) -> None:
    await home.discord.call("remove_member", member=home.discord.bot_user.id, guild=home.guild.id)
    left = "select 1 from guilds where id = ? and left_at is not null"
    await bot.until("it to have left", lambda: bot.rows(left, home.guild.id))


async def test_what_a_server_had_stays_for_the_grace_and_then_leaves_no_trace(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    other = await a_home(discord, "Elsewhere")
    async with running_bot(discord, clock=clock, retention=LONG, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        await home.with_staff()
        desk = await set_up(home, bot)
        await busy(desk, clock)
        await home.owner.slash("config set", channel=home.chat, key="replies.confidence", value="0.83")
        kept_elsewhere = await other.alice.say("this is of another server", other.chat)
        await fence(other, bot)
        await fence(home, bot)
        settings, before = bot.rows(SETTINGS, home.guild.id), amounts(bot, home.guild.id)
        assert settings[0][0] == 0.83
        assert all(before.values()), before

        await leave(home, bot)
        clock.ahead += GRACE - timedelta(days=1)
        sent = len(discord.record.messages(bot=True))
        await fence(other, bot)
        assert amounts(bot, home.guild.id) == before
        assert bot.rows(SETTINGS, home.guild.id) == settings
        assert len(discord.record.messages(bot=True)) == sent, "nothing is said there or to its people"

        await discord.invite(None, guild=home.guild)
        back = "select 1 from guilds where id = ? and left_at is null"
        await bot.until("it to be back", lambda: bot.rows(back, home.guild.id))
        assert bot.rows(SETTINGS, home.guild.id) == settings
        again = await home.alice.say("here I am again", home.chat)
        assert (await bot.story(again))["message"]["content"] == "here I am again"
        assert amounts(bot, home.guild.id) == before | {"signals": before["signals"] + 1}

        await leave(home, bot)
        clock.ahead += GRACE + timedelta(hours=2)
        there = "select 1 from guilds where id = ?"
        await bot.until("it to be deleted", lambda: not bot.rows(there, home.guild.id), timeout=30)
        needles = (MARKER, str(home.guild.id), str(home.chat.id), str(home.help.id))
        await bot.until("the last traces to go", lambda: not traces(bot, *needles), timeout=30)
        assert in_memory(MARKER) == []
        assert await bot.stored(kept_elsewhere)


def traces(bot: Running, *needles: str) -> list[str]:
    """What is left in tables and files, but for the log of the time before."""
    return [each for each in everywhere(bot, *needles) if "/logs/" not in each]


async def test_a_server_that_is_only_away_is_not_counted_as_left(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    other = await a_home(discord, "Elsewhere")
    async with running_bot(discord, clock=clock, retention=LONG) as bot:
        said = await home.alice.say("before the outage", home.chat)
        await fence(home, bot)
        away = {"id": str(home.guild.id), "unavailable": True}
        discord.core.hub.emit("GUILD_DELETE", away, guild_id=home.guild.id)
        clock.ahead += GRACE + timedelta(days=3)
        await fence(other, bot)
        assert bot.rows("select left_at from guilds where id = ?", home.guild.id) == [(None,)]
        assert await bot.stored(said)
