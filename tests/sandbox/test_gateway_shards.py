"""Identify limits and shards, by raw websockets."""

from contextlib import AsyncExitStack
from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.conftest import Hands, guilds_on
from tests.sandbox.raw import Http, Socket, connected


@pytest.mark.cites("docs events/gateway#sharding-sharding-formula")
async def test_guilds_go_to_the_shard_of_their_id(room: Sandbox) -> None:
    await room.guild("Second")
    guilds = (await room.state())["guilds"].values()
    for number in (0, 1):
        async with await Socket.open(room.gateway_url) as socket:
            ready = await socket.identify(room.token, shard=[number, 2])
            mine = {guild["id"] for guild in guilds if (guild["id"] >> 22) % 2 == number}
            assert {int(guild["id"]) for guild in ready["guilds"]} == mine


@pytest.mark.cites("docs events/gateway#sharding-sharding-formula")
async def test_messages_go_to_the_shard_of_their_guild_and_dms_to_shard_0(room: Sandbox) -> None:
    alice = await room.member("alice")
    guild_id = (await room.state())["guilds"]["Home"]["id"]
    mine = (guild_id >> 22) % 2
    async with (
        await Socket.open(room.gateway_url) as home,
        await Socket.open(room.gateway_url) as other,
    ):
        await home.identify(room.token, shard=[mine, 2])
        await other.identify(room.token, shard=[1 - mine, 2])
        await home.drained()
        await other.drained()
        await alice.say("in the guild", "help")
        assert [payload["d"]["content"] for payload in await home.drained()] == ["in the guild"]
        assert await other.drained() == []
        await alice.say("in private", await alice.dm())
        zero, one = (home, other) if mine == 0 else (other, home)
        assert [payload["d"]["content"] for payload in await zero.drained()] == ["in private"]
        assert await one.drained() == []


FAR = "docs events/gateway#sharding-max-concurrency"


async def ask(room: Sandbox, socket: Socket, token: str | None = None, **more: Any) -> None:
    await socket.send(2, {"token": token or room.token, "intents": 1, "properties": {}, **more})


@pytest.mark.cites(
    "protocol gateway.7", "docs events/gateway#identifying", "docs events/gateway-events#identify", FAR
)
async def test_second_identify_within_five_seconds_gets_op_9_false(room: Sandbox, hands: Hands) -> None:
    room.core.identify_interval = Sandbox().core.identify_interval
    async with await connected(room), await Socket.open(room.gateway_url) as second:
        await second.until_op(10)
        hands.ahead = 4.9
        await ask(room, second)
        assert await second.until_op(9) is False
        hands.ahead = 5.0
        await ask(room, second)
        await second.until("READY")


@pytest.mark.cites(FAR)
async def test_each_bucket_of_shards_may_identify_at_once(room: Sandbox, hands: Hands) -> None:
    await room.call("settings", identify_interval=5.0, max_concurrency=2)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(await Socket.open(room.gateway_url)) for _ in range(4)]
        for number in (0, 1):
            await sockets[number].identify(room.token, shard=[number, 4])
        for number in (2, 3):
            await ask(room, sockets[number], shard=[number, 4])
            assert await sockets[number].until_op(9) is False
        hands.ahead = 5.0
        for number in (2, 3):
            await ask(room, sockets[number], shard=[number, 4])
            await sockets[number].until("READY")


@pytest.mark.cites(FAR)
async def test_another_application_has_its_own_buckets_and_resuming_needs_none(
    room: Sandbox, hands: Hands
) -> None:
    other = await room.application("other")
    await room.call("settings", identify_interval=5.0)
    async with await connected(room) as socket, await connected(room, token=other["token"], intents=1):
        await room.kick()
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(room.token, socket)
            await back.until("RESUMED")


@pytest.mark.cites("openapi get_bot_gateway", "docs events/gateway#session-start-limit-object")
async def test_session_start_limit_counts_down_and_begins_anew_after_a_day(
    room: Sandbox, http: Http, hands: Hands
) -> None:
    await room.call("settings", identify_interval=5.0, max_concurrency=3, session_starts=4, shards=7)

    async def limit() -> Any:
        reply = await http("GET", "/gateway/bot")
        assert (reply.json["url"], reply.json["shards"]) == (room.gateway_url, 7)
        return reply.json["session_start_limit"]

    assert await limit() == {"total": 4, "remaining": 4, "reset_after": 0, "max_concurrency": 3}
    async with await connected(room):
        assert await limit() == {"total": 4, "remaining": 3, "reset_after": 86_400_000, "max_concurrency": 3}
        async with await Socket.open(room.gateway_url) as refused:
            await ask(room, refused)
            assert await refused.until_op(9) is False
        hands.ahead = 60.0
        assert await limit() == {"total": 4, "remaining": 3, "reset_after": 86_340_000, "max_concurrency": 3}
        hands.ahead = 86_401.0
        assert await limit() == {"total": 4, "remaining": 4, "reset_after": 0, "max_concurrency": 3}


@pytest.mark.cites("docs events/gateway#identifying")
async def test_identifying_too_often_in_a_day_ends_all_sessions_and_resets_the_token(
    room: Sandbox, http: Http
) -> None:
    await room.call("settings", session_starts=2)
    old = room.token
    async with await connected(room) as first, await connected(room) as second:
        async with await Socket.open(room.gateway_url) as third:
            await ask(room, third)
            assert await third.close_code() == 4004
        assert await first.close_code() == 1006
        assert await second.close_code() == 1006
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(old, first)
            assert await back.close_code() == 4004
    assert room.token != old
    assert (await http("GET", "/users/@me")).status == 401
    async with await connected(room):
        pass


@pytest.mark.cites("docs events/gateway-events#ready")
async def test_ready_carries_the_shard_when_there_is_one(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        assert "shard" not in await socket.identify(room.token)
    async with await Socket.open(room.gateway_url) as socket:
        assert (await socket.identify(room.token, shard=[1, 3]))["shard"] == [1, 3]


@pytest.mark.cites("docs events/gateway#sharding", "protocol gateway.6")
async def test_too_many_guilds_for_a_session_close_with_4011(room: Sandbox, hands: Hands) -> None:
    await room.call("settings", guilds_per_shard=1)
    first = (await room.state())["guilds"]["Home"]["id"]
    while ((await room.guild("More")).id ^ first) >> 22 & 1 == 0:
        await room.call("remove_member", member="bot", guild="More")
        hands.ahead += 0.001
    async with await Socket.open(room.gateway_url) as socket:
        await ask(room, socket)
        assert await socket.close_code() == 4011
    for number in (0, 1):
        async with await Socket.open(room.gateway_url) as socket:
            assert len((await socket.identify(room.token, shard=[number, 2]))["guilds"]) == 1


@pytest.mark.cites("docs events/gateway#sharding-sharding-formula")
async def test_every_guilds_events_come_once_and_to_its_shard_alone(room: Sandbox, hands: Hands) -> None:
    guilds = await guilds_on(room, hands, 3)
    async with AsyncExitStack() as stack:
        sockets = []
        for number in range(3):
            socket = await stack.enter_async_context(await Socket.open(room.gateway_url))
            ready = await socket.identify(room.token, shard=[number, 3])
            assert {int(item["id"]) for item in ready["guilds"]} == {
                guild_id for guild_id in guilds if (guild_id >> 22) % 3 == number
            }
            created = [p["d"]["id"] for p in await socket.drained() if p["t"] == "GUILD_CREATE"]
            assert len(created) == len(ready["guilds"])
            sockets.append(socket)
        for guild_id, channel in guilds.items():
            owner = await room.member("owner", guild=guild_id)
            await owner.say(f"in {guild_id}", channel)
        for number, socket in enumerate(sockets):
            heard = [p["d"]["content"] for p in await socket.drained() if p["t"] == "MESSAGE_CREATE"]
            assert heard == [f"in {guild_id}" for guild_id in guilds if (guild_id >> 22) % 3 == number]


@pytest.mark.cites("docs events/gateway#sharding")
async def test_sessions_of_different_shard_counts_live_side_by_side(room: Sandbox) -> None:
    alice = await room.member("alice")
    guild_id = (await room.state())["guilds"]["Home"]["id"]
    async with AsyncExitStack() as stack:
        sockets = []
        for shard in ([0, 1], [0, 1], [(guild_id >> 22) % 5, 5]):
            socket = await stack.enter_async_context(await Socket.open(room.gateway_url))
            await socket.identify(room.token, shard=shard)
            await socket.drained()
            sockets.append(socket)
        await alice.say("to all of you", "help")
        for socket in sockets:
            assert [p["d"]["content"] for p in await socket.drained()] == ["to all of you"]


@pytest.mark.cites("openapi get_gateway")
async def test_gateways_address_is_told_to_anyone(room: Sandbox) -> None:
    async with Http(room.api_url, None) as stranger:
        assert (await stranger("GET", "/gateway")).json == {"url": room.gateway_url}
        assert (await stranger("GET", "/gateway/bot")).status == 401


@pytest.mark.parametrize(("name", "value"), [("max_concurrency", 0), ("shards", 0), ("session_starts", -1)])
async def test_setting_that_makes_no_sense_is_refused(room: Sandbox, name: str, value: float) -> None:
    before = getattr(room.core, name)
    with pytest.raises(ValueError, match=name):
        await room.call("settings", **{name: value})
    assert getattr(room.core, name) == before
