"""Who is listened to and where; the owner's commands as the owner uses them."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Answer
from sandbox.ops import OperationError
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running, a_discord, a_home, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}

HELP = "how do I install the driver on my machine?"
HIDDEN = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}


async def choose(town: Home, what: str, channel: Any) -> Answer:
    """Let the owner use /channels track, ignore or reset."""
    return await town.owner.slash(f"channels {what}", channel=town.help, options={"channel": channel})


async def is_unheard(town: Home, bot: Running, message: Any) -> bool:
    """Whether a message is neither stored nor answered, once everything before has been through."""
    await fence(town, bot)
    return not await bot.stored(message) and not town.replies(message)


class TestPlaces:
    async def test_a_private_channel_is_watched_once_the_owner_says_so(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        secret = await city.channel(
            "secret", guild=town.guild, overwrites={**HIDDEN, "alice": {"allow": ["VIEW_CHANNEL"]}}
        )
        assert await is_unheard(town, watchman, await town.alice.say(HELP, secret))
        answer = await choose(town, "track", secret)
        assert answer.ephemeral
        await city.wait_for_reply(to=await town.alice.say(HELP, secret))
        await choose(town, "reset", secret)
        assert await is_unheard(town, watchman, await town.alice.say(HELP, secret))

    async def test_an_ignored_channel_and_its_threads_are_left_alone(
        self, town: Home, watchman: Running
    ) -> None:
        thread = await town.bob.start_thread(await town.bob.say("one", town.help), "one")
        await choose(town, "ignore", town.help)
        assert await is_unheard(town, watchman, await town.alice.say(HELP, town.help))
        assert await is_unheard(town, watchman, await town.alice.say(HELP, thread))
        await choose(town, "reset", town.help)
        await town.discord.wait_for_reply(to=await town.alice.say(HELP, thread))

    async def test_a_thread_can_be_tracked_where_its_channel_is_ignored(
        self, town: Home, city: Sandbox
    ) -> None:
        thread = await town.bob.start_thread(await town.bob.say("one", town.help), "one")
        await choose(town, "ignore", town.help)
        await choose(town, "track", thread)
        await city.wait_for_reply(to=await town.alice.say(HELP, thread))

    async def test_a_whole_category_can_be_ignored(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        category = await city.channel("off topic", guild=town.guild, type="category")
        inside = await city.channel("memes", guild=town.guild, parent=category)
        await choose(town, "ignore", category)
        assert await is_unheard(town, watchman, await town.alice.say(HELP, inside))

    async def test_a_channel_closed_to_everyone_is_no_longer_watched(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        await city.wait_for_reply(to=await town.alice.say(HELP, town.help))
        await town.help.set_overwrites({**HIDDEN, "bob": {"allow": ["VIEW_CHANNEL"]}})
        assert await is_unheard(town, watchman, await town.bob.say(HELP, town.help))

    async def test_a_private_thread_is_not_watched_and_can_be_tracked(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        thread = await town.alice.start_thread(None, "private", channel=town.help, private=True)
        await city.call("join_thread", user=city.bot_user.id, thread=thread.id)
        assert await is_unheard(town, watchman, await town.alice.say(HELP, thread))
        await choose(town, "track", thread)
        await city.wait_for_reply(to=await town.alice.say(HELP, thread))

    async def test_forum_posts_are_answered_inside(self, town: Home, city: Sandbox) -> None:
        forum = await city.channel("questions", guild=town.guild, type="forum")
        post, first = await town.alice.open_post(forum, "Driver", HELP)
        assert (await city.wait_for_reply(to=first)).channel_id == post.id

    async def test_news_and_voice_chat_are_watched_too(self, town: Home, city: Sandbox) -> None:
        for kind in ("news", "voice"):
            place = await city.channel(kind, guild=town.guild, type=kind)
            person = await town.person(kind)
            assert (await city.wait_for_reply(to=await person.say(HELP, place))).channel_id == place.id

    async def test_the_chat_of_a_locked_voice_channel_is_not_heard(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        allowed = {"everyone": {"deny": ["CONNECT"]}}
        locked = await city.channel("locked", guild=town.guild, type="voice", overwrites=allowed)
        assert await is_unheard(town, watchman, await town.alice.say(HELP, locked))


class TestWriters:
    async def test_other_bots_and_webhooks_are_never_answered(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        robot = await town.person("robot", bot=True)
        said = [
            await robot.say(HELP, town.help),
            await town.alice.say(HELP, town.help, webhook="CI"),
        ]
        for message in said:
            assert await is_unheard(town, watchman, message)

    async def test_two_bots_do_not_talk_to_each_other(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        robot = await town.person("parrot", bot=True)
        reply = await city.wait_for_reply(to=await town.alice.say(HELP, town.help))
        for _ in range(3):
            echo = await robot.say(HELP, town.help, reply_to=reply)
            assert await is_unheard(town, watchman, echo)
        assert len(town.posts(town.help)) == 1

    async def test_system_messages_are_not_stored(self, town: Home, city: Sandbox, watchman: Running) -> None:
        opening = await town.alice.say("drivers", town.help)
        await town.alice.start_thread(opening, HELP)
        await fence(town, watchman)
        stored = watchman.rows("select message_id from signals where place_id = ?", town.help.id)
        assert stored == [(opening.id,)]

    async def test_members_with_an_ignored_role_are_stored_and_not_answered(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        role = await city.role("helpers", guild=town.guild)
        carol = await town.person("carol", roles=[role])
        await town.owner.slash("config role", channel=town.help, options={"role": role, "ignored": True})
        message = await carol.say(HELP, town.help)
        story = await watchman.story(message)
        assert story["observer"]["intent"] == "help_request"
        assert "role" in story["orchestrator"]["reason"]
        assert town.replies(message) == []
        await town.owner.slash("config role", channel=town.help, options={"role": role, "ignored": False})
        await city.wait_for_reply(to=await carol.say(HELP, town.help))

    @pytest.mark.parametrize("how", ["mention", "reply"])
    async def test_what_is_said_to_another_member_is_left_to_them(
        self, town: Home, watchman: Running, how: str
    ) -> None:
        other = await town.bob.say("I did that once", town.help)
        if how == "mention":
            message = await town.alice.say(f"{town.bob.mention} {HELP}", town.help)
        else:
            message = await town.alice.say(HELP, town.help, reply_to=other)
        story = await watchman.story(message)
        assert "another member" in story["orchestrator"]["reason"]
        assert town.replies(message) == []

    async def test_what_is_said_to_the_bot_is_answered(self, town: Home, city: Sandbox) -> None:
        await city.wait_for_reply(to=await town.alice.say(f"{city.bot_user.mention} {HELP}", town.help))

    async def test_a_member_who_replies_to_themselves_is_answered(self, town: Home, city: Sandbox) -> None:
        first = await town.alice.say("so I bought a new card", town.help)
        await city.wait_for_reply(to=await town.alice.say(HELP, town.help, reply_to=first))

    async def test_direct_messages_are_not_read_by_default(self, town: Home, watchman: Running) -> None:
        message = await town.alice.say(HELP, await town.alice.dm())
        assert await is_unheard(town, watchman, message)


class TestCommands:
    @pytest.mark.parametrize(
        ("command", "options"),
        [
            ("channels track", {"channel": "help"}),
            ("channels ignore", {"channel": "help"}),
            ("channels reset", {"channel": "help"}),
            ("channels tip", {"channel": "help", "text": "x"}),
            ("channels list", {}),
            ("config show", {}),
            ("config autoreply", {"mode": "off"}),
            ("config staff", {"channel": "help"}),
            ("config timezone", {"zone": "UTC"}),
            ("config quiet", {"hours": "22:00-07:00"}),
            ("config confidence", {"value": 0.1}),
            ("config role", {"role": "everyone", "ignored": True}),
            ("config languages", {"languages": "all"}),
            ("audit message", {"message": "123456789012345678"}),
            ("audit correct", {"message": "123456789012345678", "intent": "other"}),
        ],
    )  # fmt: skip
    async def test_members_are_refused(
        self, town: Home, city: Sandbox, watchman: Running, command: str, options: dict[str, Any]
    ) -> None:
        before = watchman.rows("select * from guilds where id = ?", town.guild.id)
        given = {name: town.help.id if value == "help" else value for name, value in options.items()}
        with pytest.raises(OperationError, match="doesn't see"):
            await town.alice.slash(command, channel=town.help, options=given)
        # A server's owner may show the commands to everyone: the bot's own check must hold then.
        stored = _command(city, command.split(maxsplit=1)[0])
        needed = stored.pop("default_member_permissions")
        try:
            answer = await town.alice.slash(command, channel=town.help, options=given)
        finally:
            stored["default_member_permissions"] = needed
        assert answer.ephemeral
        assert "Manage Server" in answer.content
        assert watchman.rows("select * from guilds where id = ?", town.guild.id) == before

    async def test_a_manager_who_does_not_own_the_server_may(self, town: Home, city: Sandbox) -> None:
        role = await city.role("managers", guild=town.guild, permissions=["MANAGE_GUILD"])
        carol = await town.person("carol", roles=[role])
        answer = await carol.slash("config show", channel=town.help)
        assert answer.ephemeral

    async def test_show_tells_what_was_set(self, town: Home) -> None:
        async def config(name: str, **options: Any) -> str:
            answer = await town.owner.slash(f"config {name}", channel=town.help, options=options)
            assert answer.ephemeral
            return answer.content

        assert "Europe/Berlin" in await config("timezone", zone="Europe/Berlin")
        assert "22:00-07:00" in await config("quiet", hours="22:00-07:00")
        assert "0.85" in await config("confidence", value=0.85)
        assert "off" in await config("autoreply", mode="off")
        assert "German" in await config("languages", languages="de")
        assert f"<#{town.chat.id}>" in await config("staff", channel=town.chat.id)
        shown = await _settings(town)
        assert shown["Time zone"] == "Europe/Berlin"
        assert shown["Quiet hours"] == "22:00-07:00"
        assert shown["Answers from confidence"] == "0.85"
        assert shown["Auto-replies"] == "off"
        assert shown["Answered languages"] == "English, German"
        assert shown["Staff channel"] == f"<#{town.chat.id}>"
        await config("quiet")
        await config("staff")
        await config("confidence")
        shown = await _settings(town)
        assert shown["Quiet hours"] == "there are none"
        assert shown["Staff channel"] == "nothing is escalated"
        assert shown["Answers from confidence"] == "0.60"

    @pytest.mark.parametrize(
        ("command", "options", "says"),
        [
            pytest.param("config timezone", {"zone": "Mars/Olympus"}, "Europe/Berlin", id="zone"),
            pytest.param("config timezone", {"zone": "../../etc/passwd"}, "Europe/Berlin", id="path as zone"),
            pytest.param("config quiet", {"hours": "25:00-26:00"}, "22:00-07:00", id="hours"),
            pytest.param("config quiet", {"hours": "07:00-07:00"}, "different", id="no hours"),
            pytest.param("config confidence", {"value": 2.0}, "0 to 1", id="confidence"),
            pytest.param("config languages", {"languages": "de, Klingon"}, "German", id="language"),
            pytest.param("audit message", {"message": "yesterday"}, "link", id="no id"),
            pytest.param("audit message", {"message": "123456789012345678"}, "on record", id="unknown"),
        ],
    )
    async def test_a_wrong_value_is_answered_with_how_to_write_it(
        self, town: Home, command: str, options: dict[str, Any], says: str
    ) -> None:
        answer = await town.owner.slash(command, channel=town.help, options=options)
        told = answer.content + "".join(message.content for message in answer.followups)
        assert says in told
        assert answer.ephemeral

    async def test_zones_are_offered_while_typing(self, town: Home) -> None:
        choices = await town.owner.autocomplete("config timezone", "zone", "berl", channel=town.help)
        assert [choice["value"] for choice in choices] == ["Europe/Berlin"]
        many = await town.owner.autocomplete("config timezone", "zone", "", channel=town.help)
        assert 0 < len(many) <= 25
        assert await town.owner.autocomplete("config timezone", "zone", "x" * 90, channel=town.help) == []

    async def test_list_shows_the_choices_of_this_server_only(self, town: Home, city: Sandbox) -> None:
        other = await a_home(city, f"{town.guild.name} twin")
        await choose(other, "ignore", other.chat)
        await choose(town, "track", town.help)
        text = str((await _embed(town, "channels list"))["description"])
        assert f"<#{town.help.id}>: watched" in text
        assert str(other.chat.id) not in text
        await choose(town, "reset", town.help)
        assert str(town.help.id) not in str((await _embed(town, "channels list"))["description"])

    async def test_audit_tells_what_became_of_a_message(
        self, town: Home, city: Sandbox, watchman: Running
    ) -> None:
        message = await town.alice.say(HELP, town.help)
        reply = await city.wait_for_reply(to=message)
        await watchman.story(message)
        link = f"https://discord.com/channels/{town.guild.id}/{town.help.id}/{message.id}"
        for given in (link, str(message.id)):
            answer = await town.owner.slash("audit message", channel=town.help, options={"message": given})
            embed = _first_embed(answer)
            text = str(embed)
            assert answer.ephemeral
            assert embed["url"] == link
            assert "help\\_request" in text or "help_request" in text
            assert "responded" in text
            assert str(reply.id) in text

    async def test_autoreply_off_observes_and_keeps_quiet(self, town: Home, watchman: Running) -> None:
        await town.owner.slash("config autoreply", channel=town.help, options={"mode": "off"})
        message = await town.alice.say(HELP, town.help)
        story = await watchman.story(message)
        assert story["observer"]["intent"] == "help_request"
        assert "off" in story["orchestrator"]["reason"]
        assert town.replies(message) == []
        await town.owner.slash("config autoreply", channel=town.help, options={"mode": "on"})
        await town.discord.wait_for_reply(to=await town.bob.say(HELP, town.help))

    async def test_the_confidence_asked_for_decides(self, town: Home, watchman: Running) -> None:
        await town.owner.slash("config confidence", channel=town.help, options={"value": 1.0})
        message = await town.alice.say(HELP, town.help)
        assert "confident" in (await watchman.story(message))["orchestrator"]["reason"]
        assert town.replies(message) == []


async def test_direct_messages_are_answered_where_the_owner_wants_it(
    city: Sandbox, town: Home, running_bot: BotFactory
) -> None:
    async with a_discord() as discord:
        home = await a_home(discord)
        async with running_bot(discord, ingest={"direct_messages": True}) as bot:
            dm = await home.alice.dm()
            message = await home.alice.say(HELP, dm)
            reply = await discord.wait_for_reply(to=message)
            assert reply.channel_id == dm.id
            assert (await bot.story(message))["message"]["guild_id"] is None


def _command(city: Sandbox, name: str) -> dict[str, Any]:
    return next(
        command
        for group in city.app.commands.values()
        for command in group.values()
        if command["name"] == name
    )


def _first_embed(answer: Answer) -> dict[str, Any]:
    messages = [*([answer.message] if answer.message else []), *answer.followups]
    return next(embed for message in messages for embed in message.embeds)


async def _embed(town: Home, command: str) -> dict[str, Any]:
    answer = await town.owner.slash(command, channel=town.help)
    assert answer.ephemeral
    return _first_embed(answer)


async def _settings(town: Home) -> dict[str, str]:
    """What `/config show` says of each setting, by its title."""
    fields = (await _embed(town, "config show"))["fields"]
    lines = [line.replace("**", "") for field in fields for line in field["value"].splitlines()]
    return dict(line.split(": ", 1) for line in lines)
