"""The welcome and the pages of /setup over restarts."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from sandbox import Sandbox
from tests.e2e.harness import Running, fence
from tests.e2e.test_onboarding import new_server, turned, welcome_of

BotFactory = Callable[..., AbstractAsyncContextManager[Running]]


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
