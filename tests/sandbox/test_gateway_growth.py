"""What clients leave behind, or don't read, doesn't add up in a sandbox that runs for days."""

from collections.abc import Callable

import pytest

from sandbox import Sandbox, sessions
from tests.sandbox.conftest import Hands
from tests.sandbox.raw import Socket, connected

SHARDS = 8
LARGE = 2000  # characters


async def test_expired_sessions_are_forgotten_and_told_nothing(room: Sandbox, hands: Hands) -> None:
    for number in range(SHARDS):
        async with await connected(room, shard=[number, SHARDS]):
            pass
        await room.wait_disconnected()
    hub, alice = room.core.hub, await room.member("alice")
    hands.ahead += room.core.session_timeout
    await alice.say("they may still come back", "help")
    assert len(hub.sessions) == SHARDS
    hands.ahead += 1
    mark = room.record.last
    await alice.say("nobody is there", "help")
    assert len(hub.sessions) == 0
    assert "gateway_out" not in {entry["kind"] for entry in room.record.after(mark)}


async def test_dead_clients_are_forgotten_by_the_next_one(room: Sandbox, hands: Hands) -> None:
    for number in range(SHARDS):
        async with await connected(room, shard=[number, SHARDS]):
            pass
        await room.wait_disconnected()
    hands.ahead += room.core.session_timeout + 1
    async with await connected(room):
        assert len(room.core.hub.sessions) == 1


async def test_a_client_that_reads_nothing_is_cut_off_and_may_come_back(
    room: Sandbox, monkeypatch: pytest.MonkeyPatch, pass_time: Callable[[float], None]
) -> None:
    monkeypatch.setattr(sessions, "MAX_BEHIND", 4 << 20)
    alice = await room.member("alice")
    line = {"author": alice, "content": "y" * LARGE, "channel": "help"}
    socket = await Socket.open(room.gateway_url, compress="")
    async with socket:
        await socket.identify(room.token)
        await socket.drained()
        await room.say_many([line] * 9000)  # more than the buffers of both ends take
        (session,) = room.core.hub.live()
        pass_time(sessions.MAX_LAG + 1)
        last = await alice.say("too late", "help")
        await room.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "closed")
        assert session.connection is None
        assert session.id in room.core.hub.sessions
    async with await Socket.open(room.gateway_url) as back:
        await back.resume(room.token, socket)
        assert await back.until("MESSAGE_CREATE", lambda data: data["id"] == str(last.id))
        await back.until("RESUMED")


async def test_a_client_that_reads_may_get_much_at_once(
    room: Sandbox, monkeypatch: pytest.MonkeyPatch, pass_time: Callable[[float], None]
) -> None:
    monkeypatch.setattr(sessions, "MAX_BEHIND", 1 << 20)
    alice = await room.member("alice")
    line = {"author": alice, "content": "y" * LARGE, "channel": "help"}
    async with await connected(room) as socket:
        for _ in range(2):
            made = await room.say_many([line] * 1000)
            while (await socket.until("MESSAGE_CREATE"))["id"] != str(made[-1]):
                pass
            pass_time(sessions.MAX_LAG + 1)
