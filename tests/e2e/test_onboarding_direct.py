"""The welcome in private, where nobody can be told in the server: to who invited the bot, or its owner."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.models import AutoReply
from sandbox import Sandbox
from sandbox.handles import Message
from tests.e2e.harness import Home, Running
from tests.e2e.test_onboarding import HIDDEN, guild_row, new_server, turned, until_page
from tests.e2e.tickets.test_forged import press

pytestmark = pytest.mark.asyncio(loop_scope="module")
BotFactory = Callable[..., AbstractAsyncContextManager[Running]]
AUDITOR = ["VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY", "VIEW_AUDIT_LOG"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def greeter(city: Sandbox, running_bot: BotFactory) -> AsyncIterator[Running]:
    """A bot that greets, shared by the tests of this module."""
    async with running_bot(city, welcome=True) as bot:
        yield bot


async def invited(home: Home, bot: Running, **more: Any) -> None:
    """Let the bot in, and wait until its welcome is over."""
    await home.discord.invite(None, guild=home.guild, **more)
    query = "select 1 from kv where scope = 'onboarding' and key = ? and value like '%welcomed%'"
    await bot.until("the welcome", lambda: bot.rows(query, str(home.guild.id)))


async def written_to(home: Home, who: Any) -> list[Message]:
    """Return what the bot has written to somebody."""
    return [await home.discord.message(each["message_id"]) for each in home.posts(await who.dm())]


async def test_who_invited_it_gets_the_welcome(city: Sandbox, greeter: Running) -> None:
    home = await new_server(city, "by alice", system_channel=False)
    await invited(home, greeter, permissions=AUDITOR, by=home.alice)
    [welcome] = await written_to(home, home.alice)
    assert "**by alice**" in welcome.content
    assert "Set up" in str(welcome.components)
    assert await written_to(home, home.owner) == []


async def test_where_it_may_not_look_the_owner_gets_it(city: Sandbox, greeter: Running) -> None:
    home = await new_server(city, "unlooked", system_channel=False)
    await invited(home, greeter, by=home.alice)
    assert await written_to(home, home.alice) == []
    assert len(await written_to(home, home.owner)) == 1


async def test_where_who_invited_it_takes_no_messages_the_owner_gets_it(
    city: Sandbox, greeter: Running
) -> None:
    home = await new_server(city, "closed", system_channel=False)
    await city.call("set_user", user=home.alice.id, takes_dms=False)
    await invited(home, greeter, permissions=AUDITOR, by=home.alice)
    assert len(await written_to(home, home.owner)) == 1


async def test_what_nobody_could_be_told_stands_above_setup_once(city: Sandbox, greeter: Running) -> None:
    home = await new_server(city, "unreachable", system_channel=False)
    await city.call("set_user", user=home.owner.id, takes_dms=False)
    await invited(home, greeter)
    first = await home.owner.slash("setup", channel=home.chat)
    assert "**Hi, I'm" in first.content
    assert "1 of 4" in str(first.json)
    assert "Hi, I'm" not in (await home.owner.slash("setup", channel=home.chat)).content


async def test_a_greeted_server_is_not_greeted_by_setup(city: Sandbox, greeter: Running) -> None:
    home = await new_server(city, "greeted already")
    await invited(home, greeter)
    assert "Hi, I'm" not in (await home.owner.slash("setup", channel=home.chat)).content


class TestWizard:
    async def at(self, city: Sandbox, greeter: Running, name: str) -> tuple[Home, Message]:
        """Return a server and its welcome in the owner's direct messages."""
        home = await new_server(city, name, system_channel=False)
        role = await city.role("Support Team", guild=home.guild)
        await invited(home, greeter, by=home.owner)
        home.staff = await city.channel("staff-room", guild=home.guild, overwrites=HIDDEN)
        [welcome] = await written_to(home, home.owner)
        self.role = role
        return home, welcome

    async def test_its_pages_set_up_the_server(self, city: Sandbox, greeter: Running) -> None:
        home, welcome = await self.at(city, greeter, "from afar")
        page = (await home.owner.click(welcome, "Set up")).message
        assert page is not None
        assert "from afar · " in str(page.embeds)
        await home.owner.choose(page, "Also watch (private channels, for example)", [str(home.staff.id)])  # type: ignore[union-attr]
        page = await until_page(greeter, page, "I watch 3 channels")
        page = await turned(home, greeter, page, "Next", "2 of 4")
        await home.owner.choose(page, "Staff role", [str(self.role.id)])
        await home.owner.choose(page, "Answers", ["suggest"])
        page = await turned(home, greeter, page, "Next", "3 of 4")
        await home.owner.choose(page, "Channel for the summary", [str(home.help.id)])
        query = "select channel_id from summary_settings where guild_id = ?"
        await greeter.until("it", lambda: greeter.rows(query, home.guild.id) == [(home.help.id,)])
        page = await turned(home, greeter, page, "Next", "4 of 4")
        assert "All ticket settings" not in str(page.components)
        page = await turned(home, greeter, page, "Next", "Ready")
        assert "@Support Team" in str(page.embeds)
        await turned(home, greeter, page, "Done", "All set")
        assert guild_row(home, greeter, "auto_reply, staff_channel_id") == (
            AutoReply.SUGGEST, home.staff.id,  # type: ignore[union-attr]
        )  # fmt: skip
        query = "select staff_role_id from ticket_settings where guild_id = ?"
        assert greeter.rows(query, home.guild.id) == [(self.role.id,)]
        history = await home.owner.slash("config history", channel=home.chat)
        assert home.owner.mention in str(history.json), "it is known who chose"

    async def test_who_may_is_asked_at_each_press(self, city: Sandbox, greeter: Running) -> None:
        home = await new_server(city, "demoted", system_channel=False)
        boss = await city.role("Boss", guild=home.guild, permissions=["MANAGE_GUILD"])
        await city.call("set_member", member=home.alice.id, guild=home.guild.id, roles=[boss.id])
        await invited(home, greeter, permissions=AUDITOR, by=home.alice)
        [welcome] = await written_to(home, home.alice)
        page = (await home.alice.click(welcome, "Set up")).message
        assert page is not None
        await city.call("set_member", member=home.alice.id, guild=home.guild.id, roles=[])
        told = await home.alice.choose(page, "What I watch", ["chosen"])
        assert "Manage Server" in (await told.followup()).content
        assert "Manage Server" in (await home.alice.click(welcome, "Set up")).content
        assert guild_row(home, greeter, "watch_default") == ("public",)

    async def test_a_strangers_made_up_press_changes_nothing(self, city: Sandbox, greeter: Running) -> None:
        home, _ = await self.at(city, greeter, "not yours")
        elsewhere, theirs = await self.at(city, greeter, "theirs")
        for name in ("begin", "forum", "go/watch/replies"):
            told = await press(elsewhere.owner, theirs, f"setup/{home.guild.id}/{name}")
            said = told.content if name == "begin" else (await told.followup()).content
            assert "Manage Server" in said
        query = "select value from kv where scope = 'onboarding' and key = ?"
        assert "pages" not in str(greeter.rows(query, str(home.guild.id)))

    async def test_after_it_was_removed_the_button_says_so(self, city: Sandbox, greeter: Running) -> None:
        home, welcome = await self.at(city, greeter, "left behind")
        await city.call("remove_member", member=city.bot_user.id, guild=home.guild.id)
        await greeter.until("it to have left", lambda: guild_row(home, greeter, "left_at")[0])
        assert "not in that server" in (await home.owner.click(welcome, "Set up")).content


async def test_the_button_works_after_a_restart(
    city: Sandbox, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with Sandbox() as discord:
        discord.core.identify_interval = 0.0
        home = await new_server(discord, "restarted afar", system_channel=False)
        await discord.invite(None, guild=home.guild)
        async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
            query = "select 1 from kv where scope = 'onboarding' and value like '%welcomed%'"
            await bot.until("the welcome", lambda: bot.rows(query))
            [welcome] = await written_to(home, home.owner)
        async with running_bot(discord, welcome=True, folder=tmp_path) as bot:
            page = (await home.owner.click(welcome, "Set up")).message
            assert page is not None
            await turned(home, bot, page, "Next", "2 of 4")
        assert len(await written_to(home, home.owner)) == 1
