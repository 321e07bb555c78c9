"""discord.py's own, unmodified client through commands and interactions."""

from typing import Any

import discord
import pytest
from discord import app_commands

from sandbox import Sandbox
from sandbox.errors import InteractionFailedError
from sandbox.ops import OperationError
from tests.sandbox.clients import Recorder
from tests.sandbox.conftest import Login


class Buttons(discord.ui.View):
    @discord.ui.button(label="Press")
    async def press(self, interaction: discord.Interaction, _: discord.ui.Button[Any]) -> None:
        await interaction.response.edit_message(content="pressed", view=None)

    @discord.ui.button(label="Form")
    async def form(self, interaction: discord.Interaction, _: discord.ui.Button[Any]) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.select(placeholder="Colour", options=[discord.SelectOption(label="Red", value="r")])
    async def colour(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(f"chose {select.values[0]}", ephemeral=True)


class Form(discord.ui.Modal, title="Report"):
    what: discord.ui.TextInput[Any] = discord.ui.TextInput(label="What happened?")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"noted: {self.what.value}", ephemeral=True)


@pytest.fixture
async def commanding(room: Sandbox, login: Login) -> Recorder:
    client = Recorder()
    group = app_commands.Group(name="channels", description="Channels.")

    @group.command(name="track", description="Track one.")
    async def track(interaction: discord.Interaction, where: discord.TextChannel, by: discord.Member) -> None:
        await interaction.response.send_message(f"tracking {where.name} for {by.name}", ephemeral=True)

    @client.tree.command(name="slow", description="Think first.")
    async def slow(interaction: discord.Interaction, times: app_commands.Range[int, 1, 5] = 1) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send(f"thought {times}")
        await interaction.followup.send("and more", ephemeral=True)

    @client.tree.command(name="panel", description="Buttons.")
    async def panel(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("choose", view=Buttons())

    @client.tree.command(name="silent", description="Never answers.")
    async def silent(interaction: discord.Interaction) -> None:
        return

    @client.tree.command(name="pick", description="Completes.")
    async def pick(interaction: discord.Interaction, fruit: str) -> None:
        await interaction.response.send_message(fruit)

    @pick.autocomplete("fruit")
    async def fruits(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f, value=f) for f in ("apple", "pear") if f.startswith(current)]

    @client.tree.context_menu(name="Quote")
    async def quote(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"> {message.content}")

    @client.tree.context_menu(name="Who")
    async def who(interaction: discord.Interaction, member: discord.Member) -> None:
        await interaction.response.send_message(
            f"{member.display_name} in {member.guild.name}", ephemeral=True
        )

    @client.tree.command(name="whole", description="Everything an answer can become.")
    async def whole(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("draft")
        await interaction.edit_original_response(content="first")
        assert (await interaction.original_response()).content == "first"
        follow = await interaction.followup.send("follow", wait=True)
        await follow.edit(content="followed")
        await interaction.delete_original_response()

    client.tree.add_command(group)
    await login(client)
    await client.tree.sync()
    return client


async def test_slash_command_with_resolved_options_answers_ephemerally(
    room: Sandbox, commanding: Recorder, conforms: Any
) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    answer = await alice.slash("channels track", channel="help", where="help", by=bob)
    assert (answer.content, answer.ephemeral) == ("tracking help for bob", True)
    assert [message.content for message in await alice.sees("help")] == ["tracking help for bob"]
    assert await bob.sees("help") == []
    channel = commanding.guilds[0].text_channels[0]
    assert [message async for message in channel.history()] == []
    conforms(room.record)


async def test_deferred_answer_is_filled_by_the_first_followup(
    room: Sandbox, commanding: Recorder, conforms: Any
) -> None:
    alice = await room.member("alice")
    answer = await alice.slash("slow", channel="help", times=3)
    assert answer.content == "thought 3"
    more = await answer.followup()
    assert (more.content, more.ephemeral) == ("and more", True)
    conforms(room.record)


async def test_buttons_selects_and_forms(room: Sandbox, commanding: Recorder, conforms: Any) -> None:
    alice = await room.member("alice")
    panel = (await alice.slash("panel", channel="help")).message
    assert panel is not None
    chosen = await alice.choose(panel, "Colour", ["Red"])
    assert (chosen.content, chosen.ephemeral) == ("chose r", True)
    form = await alice.click(panel, "Form")
    assert form.modal is not None
    assert form.modal.title == "Report"
    done = await alice.submit(form.modal, {"What happened?": "it broke"})
    assert done.content == "noted: it broke"
    pressed = await alice.click(panel, "Press")
    assert pressed.content == "pressed"
    assert (await panel.fetch()).components == []
    conforms(room.record)


async def test_autocomplete_and_context_menu(room: Sandbox, commanding: Recorder, conforms: Any) -> None:
    alice = await room.member("alice")
    choices = await alice.autocomplete("pick", "fruit", "p", channel="help")
    assert [choice["value"] for choice in choices] == ["pear"]
    message = await alice.say("words", "help")
    assert (await alice.menu("Quote", message)).content == "> words"
    conforms(room.record)


async def test_command_that_never_answers_fails_for_the_member(room: Sandbox, commanding: Recorder) -> None:
    room.core.interaction_deadline = 0.1
    alice = await room.member("alice")
    with pytest.raises(InteractionFailedError):
        await alice.slash("silent", channel="help")


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("nope", {}, "no command"),
        ("channels", {}, "subcommands"),
        ("channels lose", {}, "no subcommand"),
        ("channels track", {"where": "help"}, "needs the option 'by'"),
        ("slow", {"times": 9}, "does not allow 9"),
        ("slow", {"times": "many"}, "whole number"),
        ("slow", {"other": 1}, "no option 'other'"),
    ],
)
async def test_wrong_use_of_a_command_is_refused(
    room: Sandbox, commanding: Recorder, command: str, options: dict[str, Any], words: str
) -> None:
    alice = await room.member("alice")
    with pytest.raises(OperationError, match=words):
        await alice.slash(command, channel="help", options=options)


async def test_commands_are_synced_globally_and_to_a_guild(
    room: Sandbox, commanding: Recorder, conforms: Any
) -> None:
    guild = commanding.guilds[0]

    @commanding.tree.command(name="local", description="Here only.", guild=guild)
    async def local(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("here")

    assert [command.name for command in await commanding.tree.sync(guild=guild)] == ["local"]
    known = {command.name for command in await commanding.tree.fetch_commands()}
    assert known == {"channels", "slow", "panel", "silent", "pick", "whole", "Quote", "Who"}
    alice = await room.member("alice")
    assert (await alice.slash("local", channel="help")).content == "here"
    (stored,) = await commanding.tree.fetch_commands(guild=guild)
    await stored.edit(description="Not elsewhere.")
    assert (await commanding.tree.fetch_command(stored.id, guild=guild)).description == "Not elsewhere."
    await stored.delete()
    assert await commanding.tree.fetch_commands(guild=guild) == []
    conforms(room.record)


async def test_answer_is_edited_followed_up_and_deleted(
    room: Sandbox, commanding: Recorder, conforms: Any
) -> None:
    alice = await room.member("alice")
    answer = await alice.slash("whole", channel="help")
    await room.wait_for(lambda e: e["kind"] == "message_edit" and e["content"] == "first")
    follow = await room.wait_for(lambda e: e["kind"] == "message" and e["content"] == "follow")
    await room.wait_for(lambda e: e["kind"] == "message_edit" and e["content"] == "followed")
    gone = await room.wait_for(lambda e: e["kind"] == "message_delete")
    assert answer.message is not None
    assert gone["message_id"] == answer.message.id
    assert [message.content for message in await alice.sees("help")] == ["followed"]
    assert follow["interaction_id"] is not None
    conforms(room.record)


async def test_user_context_menu_gets_the_member(room: Sandbox, commanding: Recorder, conforms: Any) -> None:
    alice, bob = await room.member("alice"), await room.member("bob", display="Bob")
    answer = await alice.menu("Who", bob, channel="help")
    assert (answer.content, answer.ephemeral) == ("Bob in Home", True)
    conforms(room.record)
