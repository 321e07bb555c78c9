"""What the bot must never read later, what it must erase later, and what it must not miss."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.gateway import guild_create
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, TestClock, fence

HELP = "how do I install the driver on my machine?"
QUIET: dict[str, Any] = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}


async def test_what_is_said_while_a_channel_is_ignored_is_never_read(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path, **QUIET) as bot:
        await bot.story(await home.bob.say("before", home.help))
        await home.owner.slash("channels ignore", channel=home.chat, options={"channel": home.help})
        private = await home.alice.say("not for the bot", home.help)
        await home.owner.slash("channels reset", channel=home.chat, options={"channel": home.help})
    missed = await home.alice.say("for the bot", home.help)
    async with running_bot(discord, folder=tmp_path, **QUIET) as bot:
        await bot.story(missed)
        await bot.gaps_closed()
        assert not await bot.stored(private)


async def test_a_deletion_early_in_a_long_absence_is_found(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path, **QUIET) as bot:
        written = await home.alice.say("my address is 12 Elm Street", home.help)
        await bot.story(written)
        await bot.story(await home.bob.say("hello", home.help))
    await home.alice.delete(written)
    clock = TestClock()
    clock.ahead = timedelta(hours=2)
    await home.bob.say("later on", home.help, ts=datetime.now(UTC) + timedelta(hours=1, minutes=30))
    query = "select content from signals where message_id = ? and deleted_at is not null"
    async with running_bot(discord, folder=tmp_path, clock=clock, **QUIET) as bot:
        await bot.until("the text to be erased", lambda: bot.rows(query, written.id) == [("",)])


async def test_a_missed_question_of_an_ignored_role_stays_unanswered(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    role = await discord.role("Staff", guild=home.guild)
    carol = await home.person("carol", roles=[role])
    async with running_bot(discord, folder=tmp_path, **QUIET) as bot:
        await bot.until("the commands", lambda: bool(discord.app.commands))
        options = {"role": role, "ignored": True}
        await home.owner.slash("config role", channel=home.help, options=options)
        await bot.story(await home.bob.say("before", home.help))
    missed = await carol.say(HELP, home.help)
    async with running_bot(discord, folder=tmp_path, **QUIET) as bot:
        story = await bot.story(missed)
        assert story["orchestrator"]["reason"] == "author has an ignored role"
        assert home.replies(missed) == []


async def test_an_outage_of_the_guild_inside_a_session_is_caught_up(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with running_bot(discord, **QUIET) as bot:
        await bot.story(await home.bob.say("before", home.help))
        await discord.inject("GUILD_DELETE", {"id": str(home.guild.id), "unavailable": True})
        hub: Any = discord.core.hub
        real, hub.emit = hub.emit, lambda *_args, **_values: None
        missed = await home.alice.say(HELP, home.help)
        hub.emit = real
        guild, session = discord.core.world.guilds[home.guild.id], next(iter(hub.sessions.values()))
        await discord.inject("GUILD_CREATE", guild_create(guild, session))
        await bot.story(await home.bob.say("after", home.help))
        await bot.until("the missed message", lambda: bool(bot.rows(
            "select 1 from signals where message_id = ?", missed.id
        )))  # fmt: skip
        await bot.gaps_closed()


async def test_a_server_that_comes_back_after_a_restart_keeps_its_choices(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path, **QUIET) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        await home.owner.slash("channels ignore", channel=home.chat, options={"channel": home.help})
        await discord.inject("GUILD_DELETE", {"id": str(home.guild.id)})
        gone = "select 1 from guilds where left_at is not null"
        await bot.until("the departure", lambda: bool(bot.rows(gone)))
    async with running_bot(discord, folder=tmp_path, **QUIET) as bot:  # invited again
        said = await home.alice.say(HELP, home.help)
        await fence(home, bot)
        assert not await bot.stored(said)
        assert home.replies(said) == []


async def test_new_threads_leave_no_gaps(discord: Sandbox, home: Home, running_bot: BotFactory) -> None:
    async with running_bot(discord, **QUIET) as bot:
        for number in range(3):
            topic = await home.bob.say(f"topic {number}", home.help)
            thread = await home.bob.start_thread(topic, f"topic {number}")
            await bot.story(await home.alice.say("hi all", thread))
        assert bot.rows("select reason from gaps where reason = 'recheck'") == []
        assert bot.rows("select count(*) from gaps") == [(0,)]
