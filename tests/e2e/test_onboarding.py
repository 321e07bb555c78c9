"""How a server begins: one welcome, wherever it can be said, and the pages of /setup."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from sandbox.gateway import guild_create
from sandbox.handles import Message
from tests.e2e.harness import Home, Running, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")
BotFactory = Callable[..., AbstractAsyncContextManager[Running]]
HELP = "how do I install the driver on my machine?"
HIDDEN: Any = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def greeter(city: Sandbox, running_bot: BotFactory) -> AsyncIterator[Running]:
    """A bot that greets, shared by the tests of this module."""
    async with running_bot(city, welcome=True) as bot:
        yield bot


async def new_server(city: Sandbox, name: str, *, system_channel: bool = True) -> Home:
    """Make a server that the bot isn't in yet; its owner is an account of its own."""
    guild = await city.guild(name, owner=f"owner-{name}", bots=[])
    home = Home(
        city, guild,
        await city.channel("general", guild=guild), await city.channel("help", guild=guild),
        await city.member(f"alice-{name}", guild=guild), await city.member(f"bob-{name}", guild=guild),
        await city.member(f"owner-{name}", guild=guild),
    )  # fmt: skip
    if system_channel:
        city.core.world.guilds[guild.id].settings["system_channel_id"] = str(home.help.id)
    return home


async def joined(home: Home, bot: Running) -> None:
    """Let the bot in, and wait until it knows the server and has thought of greeting it."""
    await home.discord.invite(None, guild=home.guild)
    query = "select 1 from kv where scope = 'onboarding' and key = ?"
    await bot.until("the welcome", lambda: bot.rows(query, str(home.guild.id)))


async def welcome_of(home: Home, bot: Running) -> Message:
    """Return the welcome in the server."""
    await bot.until("the welcome", lambda: home.posts(home.help))
    [post] = home.posts(home.help)
    return await home.discord.message(post["message_id"])


def guild_row(home: Home, bot: Running, columns: str) -> Any:
    [row] = bot.rows(f"select {columns} from guilds where id = ?", home.guild.id)  # noqa: S608  (the test's own)
    return row


async def turned(home: Home, bot: Running, page: Message, label: str, title: str) -> Message:
    """Press a button of the wizard and return the page once its title holds `title`."""
    await home.owner.click(page, label)
    return await until_page(bot, page, title)


async def until_page(bot: Running, page: Message, part: str) -> Message:
    async def look() -> Message | None:
        now = await page.fetch()
        return now if part in str(now.embeds) + now.content else None

    found: Message = await bot.until(part, look)
    return found


class TestWelcome:
    @pytest.mark.usefixtures("hasty")
    async def test_it_is_said_once_where_everyone_sees_it(self, city: Sandbox, greeter: Running) -> None:
        home = await new_server(city, "greeted")
        await joined(home, greeter)
        welcome = await welcome_of(home, greeter)
        assert "/setup" in welcome.content
        assert "Set up" in str(welcome.components)
        await city.kick(resumable=False)
        await greeter.until("the next session", lambda: len(greeter.log.said("In greeted with")) > 1)
        await fence(home, greeter)
        assert len(home.posts(home.help)) == 1

    async def test_a_server_that_was_unavailable_is_not_greeted_again_and_loses_nothing(
        self, city: Sandbox, greeter: Running
    ) -> None:
        home = await new_server(city, "outage")
        await joined(home, greeter)
        await welcome_of(home, greeter)
        city.faults.enforce_nonce = False  # as after some minutes
        await home.owner.slash("config set", channel=home.chat, key="replies.confidence", value="0.9")
        said = await home.alice.say("it was said before the outage", home.chat)
        await greeter.story(said)
        place, hub = city.core.world.guilds[home.guild.id], city.core.hub
        hub.emit("GUILD_DELETE", {"id": str(place.id), "unavailable": True}, guild_id=place.id)
        before = len(greeter.log.said("In outage with"))
        for session in hub.sessions.values():
            hub.send(session, "GUILD_CREATE", guild_create(place, session))
        await greeter.until("it to be back", lambda: len(greeter.log.said("In outage with")) > before)
        await fence(home, greeter)
        city.faults.clear()
        assert len(home.posts(home.help)) == 1
        assert guild_row(home, greeter, "min_confidence, left_at") == (0.9, None)
        assert await greeter.stored(said)

    async def test_without_a_place_to_write_the_owner_gets_it(self, city: Sandbox, greeter: Running) -> None:
        home = await new_server(city, "silent", system_channel=False)
        await joined(home, greeter)
        place = await home.owner.dm()
        await greeter.until("the message", lambda: home.posts(place))
        [post] = home.posts(place)
        assert "**silent**" in post["content"]
        assert "/setup" in post["content"]
        assert home.posts(home.help) == []

    async def test_a_system_channel_it_may_not_write_in_counts_as_none(
        self, city: Sandbox, greeter: Running
    ) -> None:
        home = await new_server(city, "muted")
        await home.help.set_overwrites({"everyone": {"deny": ["SEND_MESSAGES"]}})
        await joined(home, greeter)
        place = await home.owner.dm()
        await greeter.until("the message", lambda: home.posts(place))
        assert home.posts(home.help) == []

    async def test_coming_back_within_the_grace_finds_everything_and_no_second_welcome(
        self, city: Sandbox, greeter: Running
    ) -> None:
        home = await new_server(city, "returned")
        await joined(home, greeter)
        await welcome_of(home, greeter)
        await home.owner.slash("config set", channel=home.chat, key="replies.confidence", value="0.8")
        await city.call("remove_member", member=city.bot_user.id, guild=home.guild.id)
        await greeter.until("it to have left", lambda: guild_row(home, greeter, "left_at")[0])
        await city.invite(None, guild=home.guild)
        await greeter.until("it to be back", lambda: guild_row(home, greeter, "left_at") == (None,))
        await fence(home, greeter)
        assert guild_row(home, greeter, "min_confidence") == (0.8,)
        assert len(home.posts(home.help)) == 1


class TestWizard:
    role: Any

    @pytest_asyncio.fixture(loop_scope="module")
    async def home(self, city: Sandbox, greeter: Running, request: pytest.FixtureRequest) -> Home:
        home = await new_server(city, request.node.name[-60:])
        await joined(home, greeter)
        self.role = await city.role("Support Team", guild=home.guild)
        home.staff = await city.channel("staff-room", guild=home.guild, overwrites=HIDDEN)
        return home

    async def test_next_next_done_is_a_good_configuration(self, home: Home, greeter: Running) -> None:
        welcome = await welcome_of(home, greeter)
        answer = await home.owner.click(welcome, "Set up")
        page = answer.message
        assert page is not None
        assert answer.ephemeral
        for title in ("2 of 4", "3 of 4", "4 of 4", "Ready"):
            page = await turned(home, greeter, page, "Next", title)
        told = str(page.embeds)
        assert f"<#{home.staff.id}>" in told  # type: ignore[union-attr]
        assert "What happens next" in told
        assert "What I still need" not in told
        page = await turned(home, greeter, page, "Done", "All set")
        assert not page.components
        assert guild_row(home, greeter, "auto_reply, watch_default, staff_channel_id") == (
            "on", "public", home.staff.id,  # type: ignore[union-attr]
        )  # fmt: skip
        query = "select staff_role_id from ticket_settings where guild_id = ?"
        assert greeter.rows(query, home.guild.id) == [(self.role.id,)]
        query = "select is_on, channel_id, admin_ids, at from summary_settings where guild_id = ?"
        [(is_on, channel_id, admins, at)] = greeter.rows(query, home.guild.id)
        assert (is_on, channel_id, at) == (1, None, "08:00")
        assert str(home.owner.id) in admins
        message = await home.alice.say(HELP, home.chat)
        await home.discord.wait_for_reply(to=message)

    async def test_only_managers_may_press(self, home: Home, greeter: Running) -> None:
        welcome = await welcome_of(home, greeter)
        answer = await home.alice.click(welcome, "Set up")
        assert answer.ephemeral
        assert "Manage Server" in answer.content

    async def test_only_chosen_channels_are_watched_and_new_ones_follow(
        self, home: Home, greeter: Running
    ) -> None:
        page = (await home.owner.slash("setup", channel=home.chat)).message
        assert page is not None
        await home.owner.choose(page, "What I watch", ["chosen"])
        page = await until_page(greeter, page, "I watch no channel yet")
        await home.owner.choose(page, "Channels and categories to watch", [home.chat.id])
        page = await until_page(greeter, page, "I watch 1 channel:")
        new = await home.discord.channel("brand-new", guild=home.guild)
        ignored = await home.bob.say("nobody hears this", new)
        heard = await home.bob.say("but this is heard", home.chat)
        await greeter.story(heard)
        assert not await greeter.stored(ignored)
        await home.owner.choose(page, "What I watch", ["public"])
        await until_page(greeter, page, "every one that everyone can read")
        await greeter.story(await home.bob.say("now it is heard here, too", new))

    async def test_what_was_taken_back_is_not_proposed_again(self, home: Home, greeter: Running) -> None:
        page = (await home.owner.slash("setup", channel=home.chat, step="replies")).message
        assert page is not None
        assert "My suggestions" in str(page.embeds)
        await home.owner.choose(page, "Staff role", [])
        await until_page(greeter, page, "only members with Manage Server count as staff")
        again = (await home.owner.slash("setup", channel=home.chat, step="replies")).message
        assert again is not None
        assert "My suggestions" not in str(again.embeds)
        assert "only members with Manage Server count as staff" in str(again.embeds)
        query = "select staff_role_id from ticket_settings where guild_id = ?"
        assert greeter.rows(query, home.guild.id) == [(None,)]
        assert guild_row(home, greeter, "staff_channel_id") == (home.staff.id,)  # type: ignore[union-attr]

    async def test_the_summary_goes_where_and_when_it_was_chosen(self, home: Home, greeter: Running) -> None:
        page = (await home.owner.slash("setup", channel=home.chat, step="summaries")).message
        assert page is not None
        await home.owner.choose(page, "Channel for the summary", [home.help.id])
        query = "select is_on, channel_id, admin_ids from summary_settings where guild_id = ?"
        await greeter.until(
            "the channel", lambda: greeter.rows(query, home.guild.id) == [(1, home.help.id, None)]
        )
        await home.owner.choose(page, "Daily summary", ["none"])
        await greeter.until("none", lambda: greeter.rows(query, home.guild.id)[0][0] == 0)
        page = await turned(home, greeter, await page.fetch(), "Next", "4 of 4")
        assert greeter.rows(query, home.guild.id)[0][0] == 0, "going on proposes nothing that was declined"

    async def test_tickets_are_a_step_of_it(self, home: Home, greeter: Running) -> None:
        page = (await home.owner.slash("setup", channel=home.chat, step="summaries")).message
        assert page is not None
        page = await turned(home, greeter, page, "Next", "4 of 4")
        settings = (await home.owner.click(page, "All ticket settings")).message
        assert settings is not None
        assert "Who reads tickets" in str(settings.components) + str(settings.embeds)

    async def test_what_it_lacks_is_told_with_the_fix(self, home: Home, greeter: Running) -> None:
        locked: Any = {"everyone": {"deny": ["SEND_MESSAGES"]}}
        await home.help.set_overwrites(locked)
        page = (await home.owner.slash("setup", channel=home.chat, step="summaries")).message
        assert page is not None
        page = await turned(home, greeter, page, "Next", "4 of 4")
        page = await turned(home, greeter, page, "Next", "Ready")
        told = str(page.embeds)
        assert "What I still need" in told
        assert "**Send Messages**" in told
        assert f"<#{home.help.id}>" in told

    async def test_the_owner_is_told_once_that_the_summarys_channel_is_gone(
        self, home: Home, greeter: Running
    ) -> None:
        doomed = await home.discord.channel("daily", guild=home.guild)
        await home.owner.slash("setsummary channel", channel=home.chat, options={"channel": doomed})
        place = await home.owner.dm()
        before = len(home.posts(place))
        await doomed.delete()
        await greeter.until("the message", lambda: len(home.posts(place)) > before)
        await greeter.until(
            "the switch",
            lambda: (
                greeter.rows("select is_on from summary_settings where guild_id = ?", home.guild.id) == [(0,)]
            ),
        )
        await fence(home, greeter)
        [told] = home.posts(place)[before:]
        assert "was deleted" in told["content"]

    async def test_two_admins_at_once_see_each_others_choices(self, home: Home, greeter: Running) -> None:
        second = await home.discord.role("Boss", guild=home.guild, permissions=["MANAGE_GUILD"])
        boss = await home.person("boss", roles=[second])
        first_page = (await home.owner.slash("setup", channel=home.chat, step="replies")).message
        other_page = (await boss.slash("setup", channel=home.chat, step="replies")).message
        assert first_page is not None
        assert other_page is not None
        await home.owner.choose(first_page, "Staff channel", [home.chat.id])
        await until_page(greeter, first_page, "would be public")
        await boss.choose(other_page, "Answers", ["off"])
        await until_page(greeter, other_page, "would be public")
        assert guild_row(home, greeter, "auto_reply, staff_channel_id") == ("off", home.chat.id)
