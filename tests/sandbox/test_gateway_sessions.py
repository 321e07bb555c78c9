"""Gateway sessions, by a raw websocket: resume, invalid sessions, what the server asks for, cut sockets."""

import asyncio
from contextlib import suppress

import pytest

from sandbox import Sandbox
from tests.sandbox.conftest import Hands
from tests.sandbox.raw import DEADLINE, Socket, connected


@pytest.mark.cites("protocol gateway.4", "docs events/gateway#resuming")
async def test_resume_replays_what_was_missed_then_resumed(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        await room.kick()
        assert await socket.close_code() == 1006
        ids = await room.say_many([{"author": alice, "content": str(i), "channel": "help"} for i in range(5)])
        async with await Socket.open(room.gateway_url) as back:
            back.sequence = socket.sequence
            await back.receive()
            await back.send(6, {"token": room.token, "session_id": socket.session_id, "seq": socket.sequence})
            seen = [int((await back.until("MESSAGE_CREATE"))["id"]) for _ in ids]
            assert seen == ids
            await back.until("RESUMED")
            await alice.say("live again", "help")
            assert (await back.until("MESSAGE_CREATE"))["content"] == "live again"


@pytest.mark.cites("protocol gateway.4", "docs events/gateway-events#invalid-session")
async def test_resume_of_an_unknown_session_gets_op_9_false(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.receive()
        await socket.send(6, {"token": room.token, "session_id": "gone", "seq": 1})
        assert await socket.until_op(9) is False
        await socket.send(2, {"token": room.token, "intents": 1, "properties": {}})
        await socket.until("READY")


@pytest.mark.cites(
    "protocol gateway.6", "docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"
)
async def test_resume_too_far_ahead_closes_with_4007(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.kick()
        async with await Socket.open(room.gateway_url) as back:
            await back.receive()
            await back.send(6, {"token": room.token, "session_id": socket.session_id, "seq": 999})
            assert await back.close_code() == 4007


@pytest.mark.cites("protocol gateway.4", "docs events/gateway#resuming")
async def test_resume_after_more_than_the_buffer_holds_gets_op_9_false(room: Sandbox) -> None:
    await room.call("settings", replay_limit=3)
    alice = await room.member("alice")
    async with await connected(room) as socket:
        await room.kick()
        await room.say_many([{"author": alice, "content": str(i), "channel": "help"} for i in range(5)])
        async with await Socket.open(room.gateway_url) as back:
            await back.receive()
            await back.send(6, {"token": room.token, "session_id": socket.session_id, "seq": socket.sequence})
            assert await back.until_op(9) is False


@pytest.mark.cites("docs events/gateway#initiating-a-disconnect")
async def test_client_that_says_goodbye_with_1000_ends_its_session(room: Sandbox) -> None:
    socket = await connected(room)
    await socket.socket.close(code=1000)
    await room.wait_disconnected()
    async with socket, await Socket.open(room.gateway_url) as back:
        await back.receive()
        await back.send(6, {"token": room.token, "session_id": socket.session_id, "seq": 1})
        assert await back.until_op(9) is False


@pytest.mark.cites("protocol gateway.1", "protocol gateway.4")
async def test_server_asks_to_reconnect_and_for_a_heartbeat(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.call("ask_heartbeat")
        assert (await socket.receive())["op"] == 1
        await room.reconnect()
        assert (await socket.receive())["op"] == 7
        await room.invalidate(resumable=True)
        payload = await socket.receive()
        assert (payload["op"], payload["d"]) == (9, True)


@pytest.mark.cites("docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes")
async def test_close_code_is_chosen_by_the_test(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.kick(code=4000)
        assert await socket.close_code() == 4000


@pytest.mark.cites("protocol gateway.5")
async def test_a_zombie_hears_no_acknowledgement_closes_with_4000_and_resumes(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        room.faults.mute_acks, mark = True, room.record.last
        await socket.send(1, socket.sequence)
        await room.wait_for(lambda e: e["kind"] == "gateway_in" and e["op"] == 1, DEADLINE, mark)
        await room.call("ask_heartbeat")
        assert (await socket.receive())["op"] == 1  # not 11
        await socket.close()
    await room.wait_disconnected()
    missed = await alice.say("while you were away", "help")
    room.faults.mute_acks = False
    async with await Socket.open(room.gateway_url) as back:
        await back.resume(room.token, socket)
        assert (await back.until("MESSAGE_CREATE"))["id"] == str(missed.id)
        await back.until("RESUMED")
        await back.send(1, back.sequence)
        await back.until_op(11)


async def test_dead_sessions_are_forgotten(room: Sandbox) -> None:
    for _ in range(6):
        socket = await connected(room)
        async with socket:
            pass
        await room.wait_disconnected()
    assert len(room.core.hub.sessions) <= 4


@pytest.mark.cites("protocol gateway.4")
async def test_two_sockets_of_one_session_leave_the_newer(room: Sandbox) -> None:
    async with await connected(room) as old, await Socket.open(room.gateway_url) as new:
        await new.receive()
        new.sequence = old.sequence
        await new.send(6, {"token": room.token, "session_id": old.session_id, "seq": old.sequence})
        await new.until("RESUMED")
        async with asyncio.timeout(2):
            assert await old.close_code() == 1006


@pytest.mark.cites("docs events/gateway#initiating-a-disconnect")
@pytest.mark.parametrize(("code", "kept"), [(1000, False), (1001, False), (4000, True), (4900, True)])
async def test_code_a_client_closes_with_decides_whether_its_session_lives(
    room: Sandbox, code: int, kept: bool
) -> None:
    socket = await connected(room)
    await socket.socket.close(code=code)
    await room.wait_disconnected()
    async with socket, await Socket.open(room.gateway_url) as back:
        await back.resume(room.token, socket)
        if kept:
            await back.until("RESUMED")
        else:
            assert await back.until_op(9) is False


@pytest.mark.cites("docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes")
@pytest.mark.parametrize("code", [1000, 1001, *range(4000, 4006), *range(4007, 4015)])
async def test_server_can_close_with_any_code_resumable_or_not(room: Sandbox, code: int) -> None:
    async with await connected(room) as socket:
        await room.kick(code=code)
        assert await socket.close_code() == code
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(room.token, socket)
            await back.until("RESUMED")
            await room.kick(code=code, resumable=False)
            assert await back.close_code() == code
            async with await Socket.open(room.gateway_url) as last:
                await last.resume(room.token, back)
                assert await last.until_op(9) is False


@pytest.mark.cites("protocol gateway.4", "docs events/gateway-events#resume")
async def test_session_is_resumed_by_its_own_application_only(room: Sandbox) -> None:
    other = await room.application("other")
    async with await connected(room) as socket:
        await room.kick()
        async with await Socket.open(room.gateway_url) as thief:
            await thief.resume(other["token"], socket)
            assert await thief.until_op(9) is False
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(room.token, socket)
            await back.until("RESUMED")


@pytest.mark.cites("docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes")
@pytest.mark.parametrize("sequence", [-1, 999])
async def test_resume_at_a_number_that_never_was_closes_with_4007(room: Sandbox, sequence: int) -> None:
    async with await connected(room) as socket:
        await room.kick()
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(room.token, socket, sequence)
            assert await back.close_code() == 4007


@pytest.mark.cites("docs events/gateway#initiating-a-disconnect")
@pytest.mark.parametrize(("seconds", "kept"), [(299, True), (301, False)])
async def test_session_waits_some_minutes_for_its_client(
    room: Sandbox, hands: Hands, seconds: float, kept: bool
) -> None:
    async with await connected(room) as socket:
        hands.ahead += 10_000
        assert await socket.drained() == []
        await room.kick()
        hands.ahead += seconds
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(room.token, socket)
            if not kept:
                assert await back.until_op(9) is False
                return
            await back.until("RESUMED")
            hands.ahead += 10_000
            async with await Socket.open(room.gateway_url) as later:
                await later.resume(room.token, back)
                await later.until("RESUMED")


@pytest.mark.cites("protocol gateway.4", "docs events/gateway-events#invalid-session")
@pytest.mark.parametrize("resumable", [True, False])
async def test_invalidated_session_can_or_cannot_be_resumed_and_its_socket_is_out(
    room: Sandbox, resumable: bool
) -> None:
    async with await connected(room) as socket:
        await room.invalidate(resumable=resumable)
        assert await socket.until_op(9) is resumable
        await socket.send(3, {"since": None, "activities": [], "status": "dnd", "afk": False})
        assert await socket.close_code() == 4003
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(room.token, socket)
            if resumable:
                await back.until("RESUMED")
            else:
                assert await back.until_op(9) is False


@pytest.mark.cites("protocol gateway.4")
async def test_socket_cut_again_while_it_catches_up_misses_nothing(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        await room.kick()
        ids = await room.say_many([{"author": alice, "content": str(i), "channel": "help"} for i in range(9)])
        async with await Socket.open(room.gateway_url) as back:
            await back.resume(room.token, socket)
            seen = [int((await back.until("MESSAGE_CREATE"))["id"]) for _ in range(4)]
            await room.kick()
            async with await Socket.open(room.gateway_url) as last:
                await last.resume(room.token, back)
                seen += [int((await last.until("MESSAGE_CREATE"))["id"]) for _ in range(5)]
                assert seen == ids


async def test_event_latency_delays_ready_guilds_replay_and_resumed(room: Sandbox) -> None:
    alice = await room.member("alice")
    room.faults.event_latency = 0.1
    now = asyncio.get_running_loop().time
    async with await Socket.open(room.gateway_url) as socket:
        start = now()
        await socket.identify(room.token)
        assert now() - start >= 0.1
        await socket.until("GUILD_CREATE")
        start = now()
        await alice.say("late", "help")
        await socket.until("MESSAGE_CREATE")
        assert now() - start >= 0.1
        await room.kick()
        await alice.say("missed", "help")
        async with await Socket.open(room.gateway_url) as back:
            start = now()
            await back.resume(room.token, socket)
            await back.until("MESSAGE_CREATE")
            assert now() - start >= 0.1
            await back.until("RESUMED")


async def drops(seed: int, lost: float) -> list[tuple[str, bool]]:
    """Return how the sockets of a sandbox of that seed were cut during forty messages: told once, or lost."""
    async with Sandbox() as room:
        room.core.identify_interval = 0.0
        await room.guild("Home", bot_permissions=["administrator"])
        await room.channel("help")
        alice = await room.member("alice")
        socket = await connected(room)
        room.faults.seed(seed)
        room.faults.drop_sockets, room.faults.lose_sessions = 0.2, lost
        heard: list[str] = []
        for number in range(40):
            await alice.say(str(number), "help")
        room.faults.clear()
        cuts = [entry["settings"] for entry in room.record.of("fault") if "drop_socket" in entry["settings"]]
        async with socket:
            with suppress(ConnectionError):
                while True:
                    payload = await socket.receive()
                    heard += [payload["d"]["content"]] if payload["t"] == "MESSAGE_CREATE" else []
            async with await Socket.open(room.gateway_url) as back:
                await back.resume(room.token, socket)
                if lost:
                    assert await back.until_op(9) is False
                else:
                    while len(heard) < 40:
                        heard.append((await back.until("MESSAGE_CREATE"))["content"])
                    assert heard == [str(number) for number in range(40)]
        sent = room.record.of("gateway_out", event="MESSAGE_CREATE", live=True)
        return [(str(len(sent)), cut["resumable"]) for cut in cuts]


@pytest.mark.parametrize("lost", [0.0, 1.0], ids=["resumable", "lost"])
async def test_dropped_sockets_are_the_same_for_the_same_seed(lost: float) -> None:
    first, again, other = await drops(5, lost), await drops(5, lost), await drops(6, lost)
    assert len(first) == 1
    assert first[0][1] is (lost == 0.0)
    assert first == again
    assert first != other
