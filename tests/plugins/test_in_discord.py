"""Plugins in a whole bot: switched on, their commands, events, buttons, forms and menus."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.db.database import Database
from bot.db.engine import create_engine
from bot.services.clock import SystemClock
from bot.services.plugins.servers import PluginServers
from sandbox import Sandbox
from sandbox.ops.registry import OperationError
from tests.e2e.conftest import BotFactory, running_bot
from tests.e2e.harness import Home, Running, a_discord, a_home
from tests.plugins.support import write_plugin

__all__ = ["running_bot"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

GREETER = '''
    """Greets."""

    from bot.plugin_api import (
        Button, Call, Card, Form, FormField, Kind, Level, MessageDeleted, MessageEdited, MessageObserved,
        Option, PluginContext,
    )


    async def setup(ctx: PluginContext) -> None:
        async def greet(call: Call) -> None:
            times = call.options["times"] or 1
            await call.reply(f"Hello {call.text('whom')} " * times, private=False)

        async def board(call: Call) -> None:
            card = Card(title="Board", text="@everyone look", fields=())
            await call.reply(card=card, buttons=[Button("sign", "Sign", "b1")], private=False)

        async def sign(call: Call) -> None:
            await call.show(Form("signed", "Sign", (FormField("words", "Words"),), call.value))

        async def signed(call: Call) -> None:
            await call.reply(f"{call.value}: {call.written['words']}")

        async def close(call: Call) -> None:
            await call.update("closed")

        async def about(call: Call) -> None:
            await call.reply(f"It says {call.message.content}")

        async def poke(call: Call) -> None:
            await call.reply(f"Poked {call.member_id}")

        async def heard(event: MessageObserved) -> None:
            if "ping" in event.content:
                await ctx.messages.post(
                    event.guild_id, event.channel_id, "pong @everyone", reply_to=event.message_id,
                    buttons=[Button("close", "Close", style="danger")],
                )

        async def edited(event: MessageEdited) -> None:
            await ctx.messages.post(event.guild_id, event.channel_id, f"now: {event.content}")

        async def deleted(event: MessageDeleted) -> None:
            await ctx.messages.post(event.guild_id, event.channel_id, f"gone: {event.message_id}")

        async def names(guild_id: int, user_id: int, typed: str) -> list[str]:
            return [each for each in ("Ann", "Bob") if each.startswith(typed)]

        ctx.command("greet", "Greets", greet, options=[
            Option("times", "How often", Kind.NUMBER, required=False, most=3),
            Option("whom", "Whom", suggest=names),
        ])
        ctx.command("board show", "Shows the board", board)
        ctx.command("board wipe", "Wipes the board", board, level=Level.SUPPORT)
        ctx.message_menu("What does it say?", about)
        ctx.member_menu("Poke", poke)
        ctx.button("sign", sign)
        ctx.button("close", close, level=Level.SUPPORT)
        ctx.form("signed", signed)
        ctx.on(MessageObserved, heard)
        ctx.on(MessageEdited, edited)
        ctx.on(MessageDeleted, deleted)
'''
POLITE = """
    from pydantic import BaseModel, Field

    class Config(BaseModel):
        word: str = Field("thanks", description="What counts", max_length=8)

    async def setup(ctx):
        async def words(call):
            await call.reply("old words")
        ctx.command("words", "Says words", words)

    async def delete_user_data(ctx, guild_id, user_id):
        pass
"""
MAY = ("messages.read", "messages.send", "commands.add")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city() -> AsyncIterator[Sandbox]:
    async with a_discord() as sandbox:
        await sandbox.guild("First")
        yield sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(
    city: Sandbox, running_bot: BotFactory, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    folder = tmp_path_factory.mktemp("plugins")
    write_plugin(folder, "greeter", GREETER, *MAY)
    write_plugin(folder, "polite", POLITE, "commands.add", statement="Counts thanks.")
    write_plugin(folder, "broken", "\nimport os\n")
    async with running_bot(city, plugins={"folder": folder}) as bot:
        await bot.until("the commands to be registered", lambda: bool(city.app.commands))
        yield bot


@pytest_asyncio.fixture(loop_scope="module")
async def town(city: Sandbox, bot: Running, request: pytest.FixtureRequest) -> Home:
    return await a_home(city, request.node.name[:90])


async def told(town: Home, command: str, **options: Any) -> str:
    """Return what the owner is told."""
    answer = await town.owner.slash(command, channel=town.help, options=options)
    followup = await answer.followup() if not answer.message else answer.message
    return followup.content


async def test_what_managers_set_stands_in_the_history_of_settings(town: Home, bot: Running) -> None:
    await told(town, "plugins enable", plugin="polite")
    await told(town, "plugins config", plugin="polite", key="word", value="<#cheers")
    answer = await town.owner.slash("config history", channel=town.help)
    shown = str([each.embeds for each in (answer.message, *answer.followups) if each is not None])
    assert f"`plugins.polite.word`: default → <#cheers (<@{town.owner.id}>)" in shown.replace("\\", "")
    assert f"`plugins.polite`: off → on (<@{town.owner.id}>)" in shown
    offered = await town.owner.autocomplete("config history", "key", "polite", channel=town.help)
    assert [each["value"] for each in offered] == ["plugins.polite", "plugins.polite.word"]
    offered = await town.owner.autocomplete("config history", "key", "timezone", channel=town.help)
    assert [each["value"] for each in offered] == ["server.timezone"]


async def enabled(town: Home) -> Home:
    assert "`/greet`" in await told(town, "plugins enable", plugin="greeter")
    return town


async def test_a_plugin_works_where_it_is_switched_on_and_nowhere_else(town: Home, city: Sandbox) -> None:
    other = await a_home(city, "elsewhere")
    await enabled(town)
    answer = await town.alice.slash("greet", channel=town.help, options={"whom": "Bob", "times": 2})
    assert answer.content == "Hello Bob Hello Bob"
    with pytest.raises(OperationError, match="no command"):
        await other.alice.slash("greet", channel=other.help, options={"whom": "Bob"})
    ping = await other.alice.say("ping", other.chat)
    ours = await town.alice.say("ping", town.chat)
    await city.wait_for_reply(to=ours)
    assert other.replies(ping) == []


async def test_edits_and_deletions_reach_it_each_once(town: Home, bot: Running) -> None:
    await enabled(town)
    message = await town.alice.say("first words", town.chat)
    await message.edit("other words, key sk-" + "a1B2" * 10)
    await message.edit("last words")
    await message.delete()

    async def posts() -> list[str]:
        return [each.content for each in await town.chat.history()]

    await bot.until("the deletion to be told", lambda: _holds(posts, f"gone: {message.id}"))
    told_of = await posts()
    assert told_of[0].startswith("now: other words")
    assert "a1B2a1B2" not in told_of[0], "secrets are redacted"
    assert told_of[1:] == ["now: last words", f"gone: {message.id}"]


async def _holds(posts: Any, words: str) -> bool:
    return words in await posts()


async def test_a_plugin_that_another_process_switched_on_has_its_commands(
    town: Home, bot: Running, city: Sandbox
) -> None:
    database = Database(create_engine(f"sqlite+aiosqlite:///{bot.folder / 'lookout.db'}"))
    await PluginServers(database, SystemClock()).switch("greeter", town.guild.id, on=True)
    await database.close()
    await bot.until("the commands", lambda: town.guild.id in city.app.commands)
    answer = await town.alice.slash("greet", channel=town.help, options={"whom": "Bob"})
    assert answer.content == "Hello Bob"


async def test_switching_it_off_takes_its_commands_away(town: Home) -> None:
    await enabled(town)
    assert "is off in this server" in await told(town, "plugins disable", plugin="greeter")
    with pytest.raises(OperationError, match="no command"):
        await town.alice.slash("greet", channel=town.help, options={"whom": "Bob"})


async def test_what_it_posts_rings_nobody_and_its_buttons_know_who_may(town: Home, city: Sandbox) -> None:
    await enabled(town)
    ping = await town.alice.say("ping", town.chat)
    pong = await city.wait_for_reply(to=ping)
    [entry] = town.replies(ping)
    assert "@everyone" not in pong.content
    assert not entry["message"].get("mention_everyone") if "message" in entry else True
    assert "Only this server's support staff" in (await town.alice.click(pong, "Close")).content
    await town.owner.click(pong, "Close")
    assert (await pong.fetch()).content == "closed"


async def test_buttons_and_forms_reach_it(town: Home) -> None:
    await enabled(town)
    board = await town.alice.slash("board show", channel=town.help)
    assert board.message is not None
    assert "@everyone" not in board.message.embeds[0]["description"]
    form = await town.bob.click(board.message, "Sign")
    sent = await town.bob.submit(form, {"words": "Bob was here"})
    assert sent.content == "b1: Bob was here"
    assert sent.ephemeral


async def test_levels_hold_for_commands(town: Home) -> None:
    await enabled(town)
    refused = await town.alice.slash("board wipe", channel=town.help)
    assert "Only this server's support staff" in refused.content
    assert (await town.owner.slash("board wipe", channel=town.help)).message


async def test_menus_of_messages_and_members_reach_it(town: Home) -> None:
    await enabled(town)
    message = await town.bob.say("the words of Bob", town.chat)
    assert (await town.alice.menu("What does it say?", message)).content == "It says the words of Bob"
    assert (await town.alice.menu("Poke", town.bob, channel=town.chat)).content == f"Poked {town.bob.id}"


async def test_options_offer_what_the_plugin_suggests(town: Home) -> None:
    await enabled(town)
    offered = await town.alice.autocomplete("greet", "whom", "A", channel=town.help)
    assert [each["value"] for each in offered] == ["Ann"]


async def test_members_may_not_switch_plugins(town: Home, city: Sandbox) -> None:
    [command] = [each for each in city.app.commands[None].values() if each["name"] == "plugins"]
    options = [{"name": "enable", "type": 1, "options": [{"name": "plugin", "type": 3, "value": "greeter"}]}]
    forged = {"id": command["id"], "name": "plugins", "type": 1, "options": options}
    refused = await town.alice.forge(forged, channel=town.help)
    assert refused.content.startswith("You need the permission **Manage Server**")


async def test_settings_are_shown_and_changed(town: Home) -> None:
    assert "no settings" in await told(town, "plugins config", plugin="greeter")
    await told(town, "plugins enable", plugin="polite")
    told_now = await told(town, "plugins config", plugin="polite", key="word", value="merci")
    assert told_now == "`word` is **merci** now."
    long = await told(town, "plugins config", plugin="polite", key="word", value="x" * 9)
    assert "`word` can't be that" in long
    shown = await town.owner.slash("plugins config", channel=town.help, options={"plugin": "polite"})
    assert shown.message is not None
    assert "`word` = **merci** (changed here)" in shown.message.embeds[0]["description"]
    assert "back at its default, **thanks**" in await told(
        town, "plugins config", plugin="polite", key="word", value="default"
    )


async def test_the_list_and_the_info_say_how_plugins_are(town: Home) -> None:
    await enabled(town)
    listed = await town.owner.slash("plugins list", channel=town.help)
    assert listed.message is not None
    text = listed.message.embeds[0]["description"]
    assert "● **Greeter** `greeter` 1.0: About Greeter." in text
    assert "⚠ **Broken** `broken`" in text
    assert "failed: plugin.py:2 imports os, which plugins may not: reaches into the bot" in text
    info = await town.owner.slash("plugins info", channel=town.help, options={"plugin": "polite"})
    assert info.message is not None
    fields = {each["name"]: each["value"] for each in info.message.embeds[0]["fields"]}
    assert fields["What it keeps of members"] == "Counts thanks."
    assert fields["State"] == "runs"
    assert "There is no plugin `nope`." in await told(town, "plugins info", plugin="nope")
    status = await town.owner.slash("status", channel=town.help)
    assert "broken is failed" in str((status.message or await status.followup()).embeds)


async def test_who_runs_the_bot_reloads_and_switches_off(town: Home, bot: Running, city: Sandbox) -> None:
    await told(town, "plugins enable", plugin="polite")
    folder = bot.settings.plugins.folder
    file = folder / "polite" / "plugin.py"
    file.write_text(file.read_text().replace("old words", "new words"))
    assert "loaded anew and runs" in await told(town, "plugins reload", plugin="polite")
    assert (await town.alice.slash("words", channel=town.help)).content == "new words"
    assert "off in all servers" in await told(town, "plugins switch", plugin="polite", on=False)
    await bot.until(
        "the command to go",
        lambda: "words" not in [each["name"] for each in city.app.commands.get(town.guild.id, {}).values()],
    )
    assert "`polite` is off" in await told(town, "plugins enable", plugin="polite")
    assert "runs again" in await told(town, "plugins switch", plugin="polite", on=True)
    await bot.until(
        "the command to come back",
        lambda: "words" in [each["name"] for each in city.app.commands.get(town.guild.id, {}).values()],
    )
