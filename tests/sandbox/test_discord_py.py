"""discord.py's own, unmodified client through what a bot does."""

import asyncio
import random
from typing import Any

import discord
import pytest
from discord import app_commands

from sandbox import Sandbox
from sandbox.errors import InteractionFailedError
from sandbox.ops import OperationError
from tests.sandbox.conftest import Login


class Recorder(discord.Client):
    """Keeps what it hears; answers "ping" by a reply."""

    def __init__(self, **options: Any) -> None:
        super().__init__(intents=discord.Intents.all(), **({"guild_ready_timeout": 0.05} | options))
        self.heard: list[str] = []
        self.events: asyncio.Queue[str] = asyncio.Queue()
        self.tree = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once: the default waits five seconds."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)
        if message.content == "ping":
            await message.reply("pong")

    async def on_resumed(self) -> None:
        self.events.put_nowait("resumed")

    async def on_ready(self) -> None:
        self.events.put_nowait("ready")

    async def next_event(self) -> str:
        async with asyncio.timeout(5):
            return await self.events.get()


@pytest.fixture
async def client(room: Sandbox, login: Login) -> Recorder:
    made = Recorder()
    await login(made)
    assert await made.next_event() == "ready"
    return made


async def test_log_in_message_and_reply(room: Sandbox, client: Recorder, conforms: Any) -> None:
    alice = await room.member("alice")
    message = await alice.say("ping", "help")
    reply = await room.wait_for_reply(to=message)
    assert (reply.content, reply.author_id) == ("pong", room.bot_user.id)
    assert client.guilds[0].get_member(alice.id) is not None
    conforms(room.record)


async def test_history_threads_reactions_uploads_and_dms(
    room: Sandbox, client: Recorder, conforms: Any
) -> None:
    alice = await room.member("alice")
    first = await alice.say("one", "help")
    heard = asyncio.ensure_future(client.wait_for("guild_channel_create", timeout=3))
    await asyncio.sleep(0)
    forum = await room.channel("ideas", type="forum", tags=["bug"])
    await heard
    channel = client.get_channel(first.channel_id)
    place = client.get_channel(forum.id)
    assert isinstance(channel, discord.TextChannel)
    assert isinstance(place, discord.ForumChannel)
    history = [message async for message in channel.history(limit=10)]
    assert [message.content for message in history] == ["one"]
    thread = await history[0].create_thread(name="talk")
    await thread.send("inside", file=discord.File(__file__, "code.py"))
    await history[0].add_reaction("👍")
    post = await place.create_thread(name="idea", content="text", applied_tags=place.available_tags)
    assert post.message.content == "text"
    quiet = await channel.create_thread(name="quiet")
    await quiet.edit(archived=True)
    assert [t.name async for t in channel.archived_threads(private=True)] == ["quiet"]
    sent = await channel.send("to be changed", embed=discord.Embed(title="Title"))
    await sent.edit(content="changed")
    await sent.pin()
    assert [m.id async for m in channel.pins()] == [sent.id]
    await sent.delete()
    user = await client.fetch_user(alice.id)
    await user.send("psst")
    assert [message.content for message in await alice.sees(await alice.dm())] == ["psst"]
    assert [message.content for message in await alice.sees(thread.id)] == ["", "inside"]
    await thread.delete()
    conforms(room.record)


async def test_resume_after_a_cut_socket_loses_nothing(room: Sandbox, client: Recorder) -> None:
    alice = await room.member("alice")
    await room.kick()
    ids = await room.say_many([{"author": alice, "content": f"n{i}", "channel": "help"} for i in range(20)])
    assert await client.next_event() == "resumed"
    await alice.say("ping", "help")
    await room.wait_for_reply(to=(await alice.sees("help"))[20])
    assert client.heard[:20] == [f"n{i}" for i in range(len(ids))]


@pytest.mark.parametrize("seed", range(4))
async def test_resumable_cuts_in_a_flood_deliver_everything_once(
    room: Sandbox, client: Recorder, seed: int
) -> None:
    alice = await room.member("alice")
    rng = random.Random(seed)  # noqa: S311
    sent = 0
    for _ in range(5):
        for _ in range(rng.randrange(1, 40)):
            await alice.say(f"n{sent}", "help")
            sent += 1
            if rng.random() < 0.2:
                await asyncio.sleep(0)
        if rng.random() < 0.5:
            await room.kick()
        else:
            await room.reconnect()
        assert await client.next_event() == "resumed"
    last = await alice.say("ping", "help")
    await room.wait_for_reply(to=last)
    assert client.heard[: sent + 1] == [*(f"n{i}" for i in range(sent)), "ping"]


async def test_invalid_session_makes_a_new_one(room: Sandbox, client: Recorder) -> None:
    await room.kick(resumable=False)
    assert await client.next_event() == "ready"
    assert len(room.record.of("connection", event="ready")) == 2


async def test_op_7_and_op_9_true_resume(room: Sandbox, client: Recorder) -> None:
    await room.reconnect()
    assert await client.next_event() == "resumed"


async def test_zombie_reconnects(room: Sandbox, login: Login) -> None:
    await room.call("settings", heartbeat_interval=0.4)
    client = Recorder(heartbeat_timeout=0.5)
    await login(client)
    await room.call("settings", heartbeat_interval=41.25)
    room.faults.mute_acks = True
    closed = await room.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "closed", 5)
    room.faults.mute_acks = False
    assert closed["code"] == 4000
    await room.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "resumed", 5)


async def test_429_is_waited_for_and_retried(room: Sandbox, client: Recorder) -> None:
    room.faults.rate_limit("POST /channels/{id}/messages", times=2, retry_after=0.05)
    alice = await room.member("alice")
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    statuses = [e["status"] for e in room.record.requests() if e["method"] == "POST"]
    assert statuses == [429, 429, 200]


async def test_error_after_the_write_is_retried_without_a_second_message(
    room: Sandbox, client: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = asyncio.sleep
    monkeypatch.setattr("discord.http.asyncio.sleep", lambda _: real(0))
    room.faults.fail("POST /channels/{id}/messages", status=502, when="after")
    alice = await room.member("alice")
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    entry = await room.wait_for(lambda e: e["kind"] == "nonce_hit")
    assert entry["message_id"] == room.record.messages(bot=True)[0]["message_id"]
    assert len(room.record.messages(bot=True)) == 1


@pytest.mark.parametrize("order", ["before", "after"])
async def test_own_event_comes_before_or_after_the_answer(
    room: Sandbox, client: Recorder, order: str
) -> None:
    happened: list[str] = []

    async def on_message(message: discord.Message) -> None:
        happened.append("event")

    client.on_message = on_message  # type: ignore[method-assign]
    room.faults.own_events = order
    room.faults.order_gap = 0.05
    channel = client.guilds[0].text_channels[0]
    event = asyncio.create_task(client.wait_for("message", timeout=3))
    await channel.send("mine")
    happened.append("answer")
    await event
    await asyncio.sleep(0)
    assert happened == (["event", "answer"] if order == "before" else ["answer", "event"])


async def test_wrong_token_and_missing_intent_raise(room: Sandbox) -> None:
    from tests.sandbox.pointing import pointed_at

    plain = await room.application("plain", privileged=0)
    with pointed_at(room):
        for token, error in (
            ("wrong", discord.LoginFailure),
            (plain["token"], discord.PrivilegedIntentsRequired),
        ):
            client = Recorder()
            with pytest.raises(error):
                await client.start(token)
            await client.close()


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
