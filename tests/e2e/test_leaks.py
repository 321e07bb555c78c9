"""Who posts a password or key is warned: in private, once, and nowhere else."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.services.privacy.leaks import EVERY
from sandbox import Sandbox
from sandbox.handles import Message
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running, TestClock, fence

KEY = "ghp_" + "a1B2" * 9
WARNINGS = "select status, detail from actions where signal_id = ?"


def warnings(bot: Running, message: Message) -> list[tuple[Any, ...]]:
    """What is noted of warning a message's author."""
    return bot.rows(WARNINGS, f"leak/discord:{message.id}")


async def test_who_posts_a_key_is_told_in_private_once_and_only_where_it_is_wanted(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    key = "ghp_" + "a1B2" * 9
    async with running_bot(discord) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        leaked = await home.alice.say(f"my token is {key}", home.chat)
        place = await home.alice.dm()
        [warning] = await bot.until("the warning", lambda: home.alice.sees(place))
        assert f"/{leaked.id}" in warning.content
        assert "api key" in warning.content
        assert key not in warning.content
        assert key not in str(bot.rows("select content from signals union select content from actions"))
        await home.alice.edit(leaked, f"my other token is {key}b")
        await home.alice.say(f"or was it {key}c", home.chat)  # a moment ago they were told
        await home.owner.slash("config set", channel=home.chat, key="server.leak_warnings", value="off")
        await home.bob.say(f"and mine is {key}", home.chat)
        await fence(home, bot)
        assert len(await home.alice.sees(place)) == 1
        assert await home.bob.sees(await home.bob.dm()) == []
        assert bot.rows("select kind, status from actions") == [("warn_leak", "sent")]


async def test_who_takes_no_direct_messages_is_not_told_elsewhere_and_not_tried_again(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        await home.with_staff()
        await discord.call("set_user", user=home.alice.id, takes_dms=False)
        leaked = await home.alice.say(f"my token is {KEY}", home.chat)
        closed = [("forbidden", "missing permission: direct messages are closed")]
        await bot.until("it to be noted", lambda: warnings(bot, leaked) == closed)
        await fence(home, bot)
        audit = await home.owner.slash(
            "audit message", channel=home.chat, options={"message": str(leaked.id)}
        )
        shown = str([each.embeds for each in (audit.message, *audit.followups) if each])
        assert "Warned its author of a password or key" in shown
        assert "forbidden by direct message · missing permission: direct messages are closed" in shown
    async with running_bot(discord, folder=tmp_path) as bot:  # which reads the channel again
        await fence(home, bot)
        assert warnings(bot, leaked) == closed
    tried = [
        entry
        for entry in discord.record
        if entry["kind"] == "request" and entry["method"] == "POST" and KEY[:4] not in str(entry["body"])
        and f"/{leaked.id}" in str((entry["body"] or {}).get("content"))
    ]  # fmt: skip
    assert [entry["status"] for entry in tried] == [403]
    assert [*home.posts(home.chat), *home.posts(home.staff)] == []


async def test_a_restart_does_not_forget_who_was_warned_a_moment_ago(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        first = await home.alice.say(f"my token is {KEY}", home.chat)
        await bot.until("the warning", lambda: [each[0] for each in warnings(bot, first)] == ["sent"])
        second = await home.alice.say(f"or was it {KEY}?", home.chat)
        await fence(home, bot)
    clock = TestClock()
    async with running_bot(discord, folder=tmp_path, clock=clock) as bot:  # which reads both again
        third = await home.alice.say(f"or was it {KEY}, perhaps", home.chat)
        gaps = "select count(*), count(closed_at) from gaps where channel_id = ?"
        await bot.until("both to be read", lambda: bot.rows(gaps, home.chat.id) == [(1, 1)])
        await home.bob.say(f"and mine is {KEY}", home.chat)
        await bot.until("Bob's warning", lambda: len(bot.rows("select id from actions")) == 2)
        assert [warnings(bot, each) for each in (second, third)] == [[], []]
        clock.ahead += EVERY + timedelta(seconds=1)
        fourth = await home.alice.say(f"or was it {KEY} after all", home.chat)
        await bot.until("the next warning", lambda: len(warnings(bot, fourth)) == 1)
