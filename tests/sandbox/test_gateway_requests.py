"""What a client asks for over the gateway, by a raw websocket: members, sounds, channel information."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.conftest import Hands
from tests.sandbox.raw import Socket, connected


@pytest.mark.cites("protocol gateway.7", "docs events/gateway-events#request-guild-members")
async def test_member_chunks_carry_their_nonce(room: Sandbox) -> None:
    await room.member("alice")
    guild_id = (await room.state())["guilds"]["Home"]["id"]
    async with await connected(room) as socket:
        await socket.send(8, {"guild_id": str(guild_id), "query": "", "limit": 0, "nonce": "n1"})
        chunk = await socket.until("GUILD_MEMBERS_CHUNK")
        assert (chunk["nonce"], chunk["chunk_index"], chunk["chunk_count"]) == ("n1", 0, 1)
        assert {member["user"]["username"] for member in chunk["members"]} == {"owner", "bot", "alice"}
        await socket.send(8, {"guild_id": str(guild_id), "user_ids": ["123"], "nonce": "n2"})
        assert (await socket.until("GUILD_MEMBERS_CHUNK"))["not_found"] == ["123"]


MEMBERS = "docs events/gateway-events#request-guild-members"
LIMITED = "docs events/gateway-events#rate-limited"


async def home(room: Sandbox, count: int = 0) -> str:
    """Return the guild's id, after `count` members named p0, p1, ... have joined."""
    for number in range(count):
        await room.member(f"p{number}")
    return str((await room.state())["guilds"]["Home"]["id"])


def names(chunk: Any) -> list[str]:
    return [member["user"]["username"] for member in chunk["members"]]


async def chunks(socket: Socket, data: Any) -> list[Any]:
    """Return the chunks that answer a request, without waiting for any that don't come."""
    await socket.send(8, data)
    return [p["d"] for p in await socket.drained() if p["t"] == "GUILD_MEMBERS_CHUNK"]


@pytest.mark.cites(MEMBERS, "docs events/gateway-events#guild-members-chunk")
async def test_all_members_come_a_thousand_a_chunk(room: Sandbox) -> None:
    guild = await home(room, 1005)
    async with await connected(room, 1 | 1 << 1) as socket:
        first, second = await chunks(socket, {"guild_id": guild, "query": "", "limit": 0, "nonce": "all"})
    assert [(c["chunk_index"], c["chunk_count"], c["nonce"]) for c in (first, second)] == [
        (0, 2, "all"),
        (1, 2, "all"),
    ]
    assert len(first["members"]) == 1000
    assert len({*names(first), *names(second)}) == 1007


@pytest.mark.cites(MEMBERS)
@pytest.mark.parametrize(("query", "limit"), [("", 0), ("", 5)])
async def test_all_members_without_their_intent_get_no_answer(room: Sandbox, query: str, limit: int) -> None:
    guild = await home(room)
    async with await connected(room, 1) as socket:
        assert await chunks(socket, {"guild_id": guild, "query": query, "limit": limit}) == []
        (own,) = await chunks(socket, {"guild_id": guild, "user_ids": [str(room.bot_user.id)]})
        assert names(own) == ["bot"]
        (found,) = await chunks(socket, {"guild_id": guild, "query": "own", "limit": 1})
        assert names(found) == ["owner"]


@pytest.mark.cites(MEMBERS)
@pytest.mark.parametrize(
    ("query", "limit", "count"), [("p", 3, 3), ("P1", 50, 41), ("p", 0, 100), ("p", 500, 100), ("zz", 5, 0)]
)
async def test_members_by_prefix_are_at_most_a_hundred(
    room: Sandbox, query: str, limit: int, count: int
) -> None:
    guild = await home(room, 130)
    async with await connected(room, 1) as socket:
        (chunk,) = await chunks(socket, {"guild_id": guild, "query": query, "limit": limit})
        assert len(chunk["members"]) == count
        assert all(name.startswith(query.lower()) for name in names(chunk))


@pytest.mark.cites(MEMBERS)
async def test_members_by_id_are_at_most_a_hundred_and_strangers_are_named(room: Sandbox) -> None:
    guild = await home(room, 110)
    ids = [
        str(user) for name, user in (await room.state())["guilds"]["Home"]["members"].items() if "p" in name
    ]
    async with await connected(room, 1) as socket:
        (chunk,) = await chunks(socket, {"guild_id": guild, "user_ids": [*ids, "12345"]})
        assert [member["user"]["id"] for member in chunk["members"]] == ids[:100]
        assert chunk["not_found"] == ["12345"]
        (one,) = await chunks(socket, {"guild_id": guild, "user_ids": int(ids[0])})
        assert len(one["members"]) == 1


@pytest.mark.cites(MEMBERS)
@pytest.mark.parametrize(
    ("nonce", "kept"), [("x" * 32, True), ("x" * 33, False), ("ä" * 17, False), (7, False), (None, False)]
)
async def test_nonce_of_more_than_32_bytes_is_ignored(room: Sandbox, nonce: Any, kept: bool) -> None:
    guild = await home(room)
    async with await connected(room) as socket:
        (chunk,) = await chunks(socket, {"guild_id": guild, "user_ids": ["1"], "nonce": nonce})
        assert chunk.get("nonce") == (nonce if kept else None)


@pytest.mark.cites(MEMBERS)
@pytest.mark.parametrize(("intents", "told"), [(1 | 1 << 8, True), (1, False)])
async def test_presences_need_their_intent(room: Sandbox, intents: int, told: bool) -> None:
    guild = await home(room)
    async with await connected(room, intents) as socket:
        (chunk,) = await chunks(socket, {"guild_id": guild, "user_ids": ["1"], "presences": True})
        assert ("presences" in chunk) is told


@pytest.mark.cites(MEMBERS)
async def test_only_the_first_guild_of_a_list_counts_and_a_strange_one_is_silent(room: Sandbox) -> None:
    guild = await home(room)
    strange = await room.guild("Strange", bots=[])
    async with await connected(room) as socket:
        (chunk,) = await chunks(socket, {"guild_id": [guild, str(strange.id)], "query": "", "limit": 0})
        assert chunk["guild_id"] == guild
        assert await chunks(socket, {"guild_id": str(strange.id), "query": "", "limit": 0}) == []


@pytest.mark.cites(LIMITED, "docs change-log#introducing-rate-limit-when-requesting-all-guild-members")
async def test_all_members_can_be_asked_for_once_in_30_seconds_and_guild(room: Sandbox, hands: Hands) -> None:
    guild = await home(room)
    other = await room.guild("Other")
    request = {"guild_id": guild, "query": "", "limit": 0, "nonce": "again"}
    async with await connected(room) as socket:
        assert len(await chunks(socket, request)) == 1
        hands.ahead = 10.0
        await socket.send(8, request)
        limited = await socket.until("RATE_LIMITED")
        assert limited == {
            "opcode": 8,
            "retry_after": 20.0,
            "meta": {"guild_id": guild, "nonce": "again"},
        }
        assert len(await chunks(socket, request | {"guild_id": str(other.id)})) == 1
        assert len(await chunks(socket, request | {"limit": 5})) == 1
        hands.ahead = 30.0
        assert len(await chunks(socket, request)) == 1


@pytest.mark.cites("docs events/gateway-events#request-soundboard-sounds")
async def test_soundboard_sounds_are_none_for_each_guild(room: Sandbox) -> None:
    guild = await home(room)
    async with await connected(room) as socket:
        await socket.send(31, {"guild_ids": [guild, "123"]})
        told = [p["d"] for p in await socket.drained()]
        assert told == [{"guild_id": guild, "soundboard_sounds": []}]


@pytest.mark.cites(
    "docs topics/opcodes-and-status-codes#gateway-gateway-opcodes",
    "docs events/gateway-events#request-channel-info",
)
async def test_channel_info_is_empty(room: Sandbox) -> None:
    guild = await home(room)
    async with await connected(room) as socket:
        await socket.send(43, {"guild_id": guild, "fields": ["status", "voice_start_time"]})
        assert await socket.until("CHANNEL_INFO") == {"guild_id": guild, "channels": []}
