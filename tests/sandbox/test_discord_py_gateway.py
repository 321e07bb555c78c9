"""discord.py's own, unmodified client through the gateway."""

import asyncio
import importlib.util
import random
import sys
from typing import Any

import discord
import pytest

from sandbox import Sandbox
from sandbox.record import Entry
from tests.sandbox.clients import Recorder
from tests.sandbox.conftest import Login
from tests.sandbox.pointing import pointed_at


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


async def test_zombie_reconnects(room: Sandbox, login: Login) -> None:
    await room.call("settings", heartbeat_interval=0.4)
    client = Recorder(heartbeat_timeout=0.5)
    await login(client)
    await room.call("settings", heartbeat_interval=41.25)
    room.faults.mute_acks = True
    closed = await room.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "closed", 15)
    room.faults.mute_acks = False
    assert closed["code"] == 4000
    await room.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "resumed", 15)


async def test_wrong_token_and_missing_intent_raise(room: Sandbox) -> None:
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


def without_zstd() -> Any:
    """Return what discord.py unpacks frames with where no zstd library is installed."""
    spec = importlib.util.spec_from_file_location("discord.without_zstd", discord.utils.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "zstandard", None)
        patch.setitem(sys.modules, "compression.zstd", None)
        spec.loader.exec_module(module)
    return module._ActiveDecompressionContext


@pytest.mark.parametrize("compress", ["zlib-stream", "zstd-stream"])
async def test_log_in_with_each_transport_compression(
    room: Sandbox, login: Login, monkeypatch: pytest.MonkeyPatch, compress: str
) -> None:
    if compress == "zlib-stream":
        monkeypatch.setattr(discord.utils, "_ActiveDecompressionContext", without_zstd())
    client = Recorder()
    await login(client)
    assert room.record.of("connection", event="open")[0]["compress"] == compress
    alice = await room.member("alice")
    for number in range(30):
        await alice.say(f"{number} " + "é" * 900, "help")
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    assert [text.partition(" ")[0] for text in client.heard[:30]] == [str(number) for number in range(30)]


@pytest.mark.parametrize(
    ("resumable", "next_event"), [(True, "resumed"), (False, "ready")], ids=["op-9-true", "op-9-false"]
)
async def test_op_9_resumes_or_identifies_again(
    room: Sandbox, client: Recorder, resumable: bool, next_event: str
) -> None:
    alice = await room.member("alice")
    await room.invalidate(resumable=resumable)
    assert await client.next_event() == next_event
    await room.wait_for_reply(to=await alice.say("ping", "help"))


async def test_op_7_reconnects_and_resumes(room: Sandbox, client: Recorder) -> None:
    alice = await room.member("alice")
    await room.reconnect()
    await alice.say("meanwhile", "help")
    assert await client.next_event() == "resumed"
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    assert client.heard[:2] == ["meanwhile", "ping"]


async def test_requested_heartbeat_comes_at_once(room: Sandbox, client: Recorder) -> None:
    mark = room.record.last
    await room.call("ask_heartbeat")
    await room.wait_for(lambda e: e["kind"] == "gateway_in" and e["op"] == 1, 15, mark)


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014])
async def test_fatal_close_code_ends_the_client(room: Sandbox, code: int) -> None:
    client = Recorder()
    with pointed_at(room):
        running = asyncio.create_task(client.start(room.token))
        assert await client.next_event() == "ready"
        await room.kick(code=code)
        async with asyncio.timeout(5):
            error = await asyncio.gather(running, return_exceptions=True)
        await client.close()
    if code == 4014:
        assert isinstance(error[0], discord.PrivilegedIntentsRequired)
    else:
        assert isinstance(error[0], discord.ConnectionClosed)
        assert error[0].code == code


@pytest.mark.parametrize("code", [1000, 1001, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009])
@pytest.mark.parametrize("resumable", [True, False], ids=["resumable", "lost"])
async def test_other_close_code_reconnects(
    room: Sandbox, client: Recorder, code: int, resumable: bool
) -> None:
    alice = await room.member("alice")
    await room.kick(code=code, resumable=resumable)
    assert await client.next_event() == ("resumed" if resumable else "ready")
    await room.wait_for_reply(to=await alice.say("ping", "help"))


async def test_identify_that_comes_too_soon_is_tried_again(
    room: Sandbox, client: Recorder, login: Login
) -> None:
    class Patient(Recorder):
        async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
            """Wait until it was refused once, then for no longer than it takes."""
            if not initial:
                await room.wait_for(is_refusal, 15, mark)
                await room.call("settings", identify_interval=0.0)

    def is_refusal(entry: Entry) -> bool:
        return bool(entry["kind"] == "connection" and entry["event"] == "invalid_session")

    await room.call("settings", identify_interval=60)
    mark = room.record.last
    second = Patient()
    await login(second)
    assert await second.next_event() == "ready"
    assert len([entry for entry in room.record.after(mark) if is_refusal(entry)]) == 1


async def test_events_keep_their_order_when_they_are_late(room: Sandbox, login: Login) -> None:
    room.faults.event_latency = 0.05
    client = Recorder()
    await login(client)
    alice = await room.member("alice")
    for number in range(5):
        await alice.say(str(number), "help")
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    assert client.heard == ["0", "1", "2", "3", "4", "ping"]


@pytest.mark.parametrize("seed", range(3))
async def test_randomly_dropped_sockets_lose_nothing(room: Sandbox, client: Recorder, seed: int) -> None:
    alice = await room.member("alice")
    room.faults.seed(seed)
    room.faults.drop_sockets = 0.1
    said = [str(number) for number in range(60)]
    for text in said:
        await alice.say(text, "help")
        await asyncio.sleep(0)
    room.faults.drop_sockets = 0.0
    await room.wait_for_reply(to=await alice.say("ping", "help"))
    assert client.heard[:61] == [*said, "ping"]
    assert any("drop_socket" in entry["settings"] for entry in room.record.of("fault"))


def bare(**on: bool) -> Recorder:
    """Return a client with these intents and no others."""
    return Recorder(intents=discord.Intents(**on), chunk_guilds_at_startup=False)


async def test_chunking_brings_every_member_of_a_large_guild(room: Sandbox, login: Login) -> None:
    for number in range(1100):
        await room.member(f"p{number}")
    client = bare(guilds=True, members=True)
    await login(client)
    guild = client.guilds[0]
    assert [member.name for member in guild.members] == ["bot"]
    assert len(await guild.chunk()) == 1102
    assert guild.chunked


async def test_members_are_queried_by_name_and_by_id(room: Sandbox, login: Login) -> None:
    alice, alan = await room.member("alice"), await room.member("alan")
    await room.member("bob")
    client = bare(guilds=True)
    await login(client)
    guild = client.guilds[0]
    assert {member.name for member in await guild.query_members("al")} == {"alice", "alan"}
    assert len(await guild.query_members("al", limit=1)) == 1
    by_id = await guild.query_members(user_ids=[alan.id, alice.id, 12345])
    assert [member.id for member in by_id] == [alan.id, alice.id]


async def test_content_needs_its_intent(room: Sandbox, login: Login) -> None:
    client = bare(guilds=True, messages=True)
    await login(client)
    alice = await room.member("alice")
    await alice.say("secret", "help", attachments=[("a.txt", b"x")])
    await alice.say(f"{room.bot_user.mention} hello", "help")
    await alice.say("in private", await alice.dm())
    own = await client.guilds[0].text_channels[0].send("my own")
    await client.wait_for("message", check=lambda m: m.id == own.id, timeout=15)
    assert client.heard == ["", f"{room.bot_user.mention} hello", "in private", "my own"]


@pytest.mark.parametrize(
    ("intent", "event"),
    [
        ("guild_reactions", "raw_reaction_add"),
        ("guild_typing", "raw_typing"),
        ("members", "member_join"),
        ("guild_messages", "message"),
        ("dm_messages", "message"),
        ("guilds", "guild_channel_create"),
    ],
)
async def test_events_need_their_intent(room: Sandbox, login: Login, intent: str, event: str) -> None:
    alice = await room.member("alice")
    message = await alice.say("before", "help")
    client = bare(**{"guilds": True, intent: True})
    await login(client)
    waiting = asyncio.create_task(client.wait_for(event, timeout=15))
    await asyncio.sleep(0)
    mark = room.record.last
    if intent != "dm_messages":
        await alice.say("in the guild", "help")
    if intent != "guild_messages":
        await alice.say("in private", await alice.dm())
    await alice.react(message, "👍")
    await alice.type("help")
    await room.member("bob")
    await room.channel("more")
    await waiting
    sent = {entry["event"] for entry in room.record.after(mark) if entry["kind"] == "gateway_out"}
    names = {
        "raw_reaction_add": "MESSAGE_REACTION_ADD",
        "raw_typing": "TYPING_START",
        "member_join": "GUILD_MEMBER_ADD",
        "message": "MESSAGE_CREATE",
        "guild_channel_create": "CHANNEL_CREATE",
    }
    assert sent == {names[event], "CHANNEL_CREATE"}


async def test_threads_of_a_gained_channel_are_known_at_once(room: Sandbox, login: Login) -> None:
    app = await room.application("plain")
    await room.invite("plain", permissions=[])
    owner = await room.member("owner")
    channel = await room.channel("secret", overwrites={"everyone": {"deny": ["view_channel"]}})
    thread = await owner.start_thread(await owner.say("start", channel), "talk")
    client = Recorder()
    await login(client, app["token"])
    assert list(client.guilds[0].threads) == []
    joined = asyncio.create_task(client.wait_for("thread_join", timeout=15))
    await asyncio.sleep(0)
    await channel.set_overwrites({})
    assert (await joined).id == thread.id
    assert [known.name for known in client.guilds[0].threads] == ["talk"]
