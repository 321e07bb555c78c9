"""The welcome and the pages of /setup over restarts."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from bot.services.onboarding import OnboardingService
from cogs.onboarding.welcome import Welcome
from sandbox import Sandbox
from tests.e2e.harness import Running, fence
from tests.e2e.test_onboarding import new_server, turned, welcome_of

BotFactory = Callable[..., AbstractAsyncContextManager[Running]]


async def welcomed(bot: Running) -> None:
    """Wait until a welcome is over."""
    query = "select 1 from kv where scope = 'onboarding' and value like '%welcomed%'"
    await bot.until("the welcome", lambda: bot.rows(query))


async def test_a_server_joined_while_the_bot_was_off_is_greeted_once_at_the_next_start(
    discord: Sandbox, running_bot: BotFactory, tmp_path: Path
) -> None:
    home = await new_server(discord, "joined unheard")
    await discord.invite(None, guild=home.guild)
    for _ in range(2):
        async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
            await welcome_of(home, bot)
            await fence(home, bot)
    assert len(home.posts(home.help)) == 1


async def test_buttons_and_pages_work_after_a_restart(
    discord: Sandbox, running_bot: BotFactory, tmp_path: Path
) -> None:
    home = await new_server(discord, "restarted")
    await discord.invite(None, guild=home.guild)
    async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
        welcome = await welcome_of(home, bot)
        await bot.until("the commands", lambda: bool(discord.app.commands))
        page = (await home.owner.slash("setup", channel=home.chat)).message
        assert page is not None
    async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
        await fence(home, bot)
        await turned(home, bot, page, "Next", "2 of 4")
        fresh = await home.owner.click(welcome, "Set up")
        assert "1 of 4" in str(fresh.json)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("system_channel", [True, False], ids=["server", "direct"])
async def test_a_welcome_that_a_stop_interrupted_is_said_once(
    discord: Sandbox, running_bot: BotFactory, tmp_path: Path, when: Any, system_channel: bool
) -> None:
    """The post fails, before or after Discord has taken it, and the bot stops; nonces are forgotten since."""
    discord.faults.enforce_nonce = False
    home = await new_server(discord, f"interrupted {when}", system_channel=system_channel)
    place = home.help if system_channel else await home.owner.dm()
    await discord.invite(None, guild=home.guild)
    discord.faults.fail(f"POST /channels/{place.id}/messages", times=1, status=503, when=when)
    async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
        await bot.until("the failure", lambda: bot.log.said("is greeted at the next start"))
    assert len(home.posts(place)) == (when == "after")
    for _ in range(2):
        async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
            await welcomed(bot)
            await fence(home, bot)
    assert len(home.posts(place)) == 1


async def test_one_that_may_have_been_said_unseen_is_left_to_setup(
    discord: Sandbox, running_bot: BotFactory, tmp_path: Path
) -> None:
    discord.faults.enforce_nonce = False
    home = await new_server(discord, "blind")
    await home.help.set_overwrites({"everyone": {"deny": ["READ_MESSAGE_HISTORY"]}})
    await discord.invite(None, guild=home.guild)
    discord.faults.fail(f"POST /channels/{home.help.id}/messages", times=1, status=503, when="after")
    discord.faults.fail("GET /channels/*/messages", times=1, status=403)
    async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
        await bot.until("the failure", lambda: bot.log.said("is greeted at the next start"))
    async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
        await bot.until("the end of it", lambda: bot.log.said("can be greeted"))
        assert "Hi, I'm" in (await home.owner.slash("setup", channel=home.chat)).content
    assert len(home.posts(home.help)) == 1


async def test_two_processes_and_two_joins_at_once_give_one_welcome(
    discord: Sandbox, running_bot: BotFactory
) -> None:
    """The other process is a second cog with a service of its own: they share the database alone."""
    home = await new_server(discord, "twice")
    async with running_bot(discord, welcome=True) as bot:
        client: Any = bot.application._admin.owner.bot
        own = client.services.onboarding
        other = Welcome(client, OnboardingService(own._database, own._clock, client.services.guilds))
        client.add_listener(other.on_guild_join, "on_guild_join")
        await discord.invite(None, guild=home.guild)
        await welcome_of(home, bot)
        await discord.call("remove_member", member=discord.bot_user.id, guild=home.guild.id)
        await discord.invite(None, guild=home.guild)
        await fence(home, bot)
        await other.cog_unload()
    assert len(home.posts(home.help)) == 1
