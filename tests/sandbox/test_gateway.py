"""The gateway's connections, by a raw websocket: hello, identify, heartbeats, compression, close codes."""

import sys
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Socket, connected

IDENTIFY = "docs events/gateway-events#identify"


@pytest.mark.cites("protocol pointing.1", "protocol gateway.2", "protocol gateway.3", IDENTIFY)
@pytest.mark.parametrize("compress", ["zlib-stream", "zstd-stream", ""], ids=["zlib", "zstd", "plain"])
async def test_identify_gets_ready_then_full_guilds(room: Sandbox, compress: str) -> None:
    alice = await room.member("alice")
    await alice.say("first", "help")
    async with await Socket.open(room.gateway_url, compress=compress) as socket:
        ready = await socket.identify(room.token)
        assert socket.sequence == 1
        assert ready["resume_gateway_url"] == room.gateway_url
        assert ready["application"] == {"id": str(room.application_id), "flags": room.app.privileged}
        assert ready["guilds"][0]["unavailable"] is True
        guild = await socket.until("GUILD_CREATE")
        channel = guild["channels"][0]
        assert (channel["name"], channel["position"]) == ("help", 0)
        assert channel["last_message_id"] == (await alice.sees("help"))[-1].json["id"]
        assert {member["user"]["username"] for member in guild["members"]} == {"owner", "bot", "alice"}
        assert {role["name"] for role in guild["roles"]} == {"@everyone", "bot"}


@pytest.mark.cites("protocol gateway.1")
async def test_every_heartbeat_is_acknowledged_before_identify_too(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        assert (await socket.receive())["d"]["heartbeat_interval"] > 0
        for _ in range(3):
            await socket.send(1, None)
            assert (await socket.receive())["op"] == 11


@pytest.mark.cites(
    "protocol gateway.6", "docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"
)
async def test_wrong_token_closes_with_4004(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.send(2, {"token": "wrong", "intents": 0, "properties": {}})
        assert await socket.close_code() == 4004


@pytest.mark.cites("protocol gateway.6", "docs events/gateway#privileged-intents")
async def test_privileged_intent_not_enabled_closes_with_4014(room: Sandbox) -> None:
    plain = await room.application("plain", privileged=0)
    async with await Socket.open(room.gateway_url) as socket:
        await socket.send(2, {"token": plain["token"], "intents": 1 << 15, "properties": {}})
        assert await socket.close_code() == 4014


@pytest.mark.cites(
    "protocol gateway.6", "docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"
)
@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 99, "d": None}, 4001),
        ({"op": 2, "d": {"intents": 1}}, 4002),
        ({"op": 2, "d": None}, 4002),
        ({"op": "x"}, 4002),
        ([], 4002),
        ({"op": 8, "d": {}}, 4003),
        ({"op": 2, "d": {"token": "TOKEN", "intents": 1, "shard": [2, 2]}}, 4010),
        ({"op": 2, "d": {"token": "TOKEN", "intents": 1 << 40}}, 4013),
        ({"op": 1, "d": "x" * 5000}, 4002),
    ],
    ids=["opcode", "no-token", "null", "op-type", "list", "too-early", "shard", "intents", "too-long"],
)
async def test_bad_frames_close_with_their_code(room: Sandbox, frame: Any, code: int) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        if (
            isinstance(frame, dict)
            and isinstance(frame.get("d"), dict)
            and frame["d"].get("token") == "TOKEN"
        ):
            frame["d"]["token"] = room.token
        await socket.socket.send_json(frame)
        assert await socket.close_code() == code


@pytest.mark.cites("docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes")
async def test_text_that_is_no_json_closes_with_4002_and_an_old_version_with_4012(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.socket.send_str("{nonsense")
        assert await socket.close_code() == 4002
    async with await Socket.open(room.gateway_url, version=6) as socket:
        assert await socket.close_code() == 4012


@pytest.mark.cites("docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes")
async def test_second_identify_closes_with_4005(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await socket.send(2, {"token": room.token, "intents": 0, "properties": {}})
        assert await socket.close_code() == 4005


@pytest.mark.cites("protocol gateway.7", "docs events/gateway#rate-limiting")
async def test_more_than_120_payloads_a_minute_close_with_4008(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        for _ in range(121):
            await socket.send(1, None)
        assert await socket.close_code() == 4008


@pytest.mark.cites("protocol gateway.6", "docs events/gateway#sending-heartbeats")
async def test_silent_client_is_closed_with_4009(room: Sandbox, pass_time: Callable[[float], None]) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        interval = (await socket.receive())["d"]["heartbeat_interval"] / 1000
        pass_time(interval * 2.1)
        assert await socket.close_code() == 4009


@pytest.mark.cites("protocol gateway.2", "docs events/gateway#transport-compression")
@pytest.mark.parametrize("compress", ["zlib-stream", "zstd-stream"], ids=["zlib", "zstd"])
async def test_every_message_of_a_stream_is_flushed_and_one_context_serves_all(
    room: Sandbox, compress: str
) -> None:
    alice = await room.member("alice")
    for number in range(40):
        await room.channel(f"channel-{number}", topic="".join(map(str, range(number, 300))))
    async with await Socket.open(room.gateway_url, compress=compress) as socket:
        await socket.identify(room.token)
        await socket.drained()
        for number in range(30):
            await alice.say(f"{number} " + "ä" * 1500, "help")
            assert (await socket.until("MESSAGE_CREATE"))["content"].startswith(f"{number} ")
        assert socket.packed == socket.sequence + 2  # HELLO and the acknowledgement are no events
    assert room.record.of("connection", event="open", compress=compress)


@pytest.mark.cites("docs events/gateway#connecting-gateway-url-query-string-params")
@pytest.mark.parametrize("query", ["compress=lz4", "compress=zlib", "encoding=etf"])
async def test_unknown_compression_or_encoding_is_refused_at_the_upgrade(room: Sandbox, query: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{room.gateway_url}?v=10&{query}")
    assert refused.value.status == 400


async def test_zstd_stream_is_refused_where_its_library_is_missing(
    room: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await Socket.open(room.gateway_url, compress="zstd-stream")
    assert refused.value.status == 400


@pytest.mark.cites("docs events/gateway#payload-compression")
@pytest.mark.parametrize("asked", [True, False], ids=["asked", "not-asked"])
async def test_payload_compression_packs_large_frames_one_by_one(room: Sandbox, asked: bool) -> None:
    alice = await room.member("alice")
    async with await Socket.open(room.gateway_url, compress="") as socket:
        await socket.identify(room.token, compress=asked)
        await socket.until("GUILD_CREATE")
        assert (socket.packed > 0) is asked
        for words in ("short", "long" * 400):
            before = socket.packed
            await alice.say(words, "help")
            assert (await socket.until("MESSAGE_CREATE"))["content"] == words
            assert (socket.packed > before) is (asked and words != "short")


@pytest.mark.cites("docs events/gateway#sending-heartbeats")
async def test_client_that_talks_but_sends_no_heartbeat_is_closed_with_4009(
    room: Sandbox, pass_time: Callable[[float], None]
) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        pass_time(room.core.heartbeat_interval * 1.5)
        await socket.send(3, {"since": None, "activities": [], "status": "online", "afk": False})
        await room.wait_for(lambda entry: entry["kind"] == "gateway_in" and entry["op"] == 3)
        pass_time(room.core.heartbeat_interval * 0.6)
        assert await socket.close_code() == 4009


@pytest.mark.cites("protocol gateway.1", "docs events/gateway#sending-heartbeats")
async def test_heartbeats_keep_a_connection_open(room: Sandbox, pass_time: Callable[[float], None]) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        await socket.drained()
        for _ in range(3):
            pass_time(room.core.heartbeat_interval * 1.5)
            await socket.send(1, socket.sequence)
            assert (await socket.receive())["op"] == 11


@pytest.mark.cites("docs topics/opcodes-and-status-codes#gateway-gateway-opcodes")
async def test_presence_and_voice_state_are_taken(room: Sandbox) -> None:
    guild = (await room.state())["guilds"]["Home"]["id"]
    async with await connected(room) as socket:
        await socket.send(3, {"since": None, "activities": [], "status": "dnd", "afk": False})
        await socket.send(4, {"guild_id": str(guild), "channel_id": None, "self_mute": 0, "self_deaf": 0})
        assert await socket.drained() == []


@pytest.mark.cites(
    "docs events/gateway-events#guild-create", "docs events/gateway-events#request-guild-members"
)
@pytest.mark.parametrize(
    ("intents", "members", "told", "large"),
    [
        (1 | 1 << 1, 3, {"bot"}, False),
        (1 | 1 << 8, 3, {"owner", "bot", "alice", "p0", "p1", "p2"}, False),
        (1 | 1 << 8, 60, {"bot", "alice"}, True),
    ],
    ids=["without-presences", "small", "large"],
)
async def test_first_members_depend_on_the_presences_intent_and_the_guilds_size(
    room: Sandbox, intents: int, members: int, told: set[str], large: bool
) -> None:
    await room.role("helper")
    await room.member("alice", roles=["helper"])
    for number in range(members):
        await room.member(f"p{number}")
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, intents, large_threshold=10)
        guild = await socket.until("GUILD_CREATE")
        assert {member["user"]["username"] for member in guild["members"]} == told
        assert (guild["large"], guild["member_count"]) == (large, members + 3)
