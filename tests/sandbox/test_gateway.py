"""The gateway, by a raw websocket. Facts: "Gateway" in the protocol page."""

import asyncio
from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import ALL_INTENTS, Socket


async def connected(room: Sandbox, intents: int = ALL_INTENTS, **more: Any) -> Socket:
    socket = await Socket.open(room.gateway_url)
    await socket.identify(room.token, intents, **more)
    await socket.drained()
    return socket


@pytest.mark.parametrize("compress", [True, False], ids=["zlib-stream", "plain"])
async def test_identify_gets_ready_then_full_guilds(room: Sandbox, compress: bool) -> None:
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


async def test_every_heartbeat_is_acknowledged_before_identify_too(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        assert (await socket.receive())["d"]["heartbeat_interval"] > 0
        for _ in range(3):
            await socket.send(1, None)
            assert (await socket.receive())["op"] == 11


async def test_wrong_token_closes_with_4004(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.send(2, {"token": "wrong", "intents": 0, "properties": {}})
        assert await socket.close_code() == 4004


async def test_privileged_intent_not_enabled_closes_with_4014(room: Sandbox) -> None:
    plain = await room.application("plain", privileged=0)
    async with await Socket.open(room.gateway_url) as socket:
        await socket.send(2, {"token": plain["token"], "intents": 1 << 15, "properties": {}})
        assert await socket.close_code() == 4014


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


async def test_text_that_is_no_json_closes_with_4002_and_an_old_version_with_4012(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.socket.send_str("{nonsense")
        assert await socket.close_code() == 4002
    async with await Socket.open(room.gateway_url, version=6) as socket:
        assert await socket.close_code() == 4012


async def test_second_identify_closes_with_4005(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await socket.send(2, {"token": room.token, "intents": 0, "properties": {}})
        assert await socket.close_code() == 4005


async def test_more_than_120_payloads_a_minute_close_with_4008(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        for _ in range(121):
            await socket.send(1, None)
        assert await socket.close_code() == 4008


async def test_silent_client_is_closed_with_4009(room: Sandbox) -> None:
    await room.call("settings", heartbeat_interval=0.05)
    async with await Socket.open(room.gateway_url) as socket:
        assert await socket.close_code() == 4009


async def test_member_message_edit_and_deletion_arrive_in_order(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        message = await alice.say("hello", "help")
        await alice.edit(message, "hello there")
        await alice.delete(message)
        created = await socket.until("MESSAGE_CREATE")
        assert created["content"] == "hello"
        assert created["guild_id"]
        assert "user" not in created["member"]
        edited = await socket.until("MESSAGE_UPDATE")
        assert (edited["content"], edited["id"]) == ("hello there", created["id"])
        assert edited["edited_timestamp"] is not None
        assert (await socket.until("MESSAGE_DELETE"))["id"] == created["id"]


async def test_bulk_deletion_is_one_event(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        ids = await room.say_many(
            [{"author": alice, "content": f"n {i}", "channel": "help"} for i in range(3)]
        )
        await room.call("delete_many", channel="help", messages=ids)
        gone = await socket.until("MESSAGE_DELETE_BULK")
        assert [int(item) for item in gone["ids"]] == ids


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


async def test_resume_of_an_unknown_session_gets_op_9_false(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.receive()
        await socket.send(6, {"token": room.token, "session_id": "gone", "seq": 1})
        assert await socket.until_op(9) is False
        await socket.send(2, {"token": room.token, "intents": 1, "properties": {}})
        await socket.until("READY")


async def test_resume_too_far_ahead_closes_with_4007(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.kick()
        async with await Socket.open(room.gateway_url) as back:
            await back.receive()
            await back.send(6, {"token": room.token, "session_id": socket.session_id, "seq": 999})
            assert await back.close_code() == 4007


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


async def test_client_that_says_goodbye_with_1000_ends_its_session(room: Sandbox) -> None:
    socket = await connected(room)
    await socket.socket.close(code=1000)
    await room.wait_disconnected()
    async with socket, await Socket.open(room.gateway_url) as back:
        await back.receive()
        await back.send(6, {"token": room.token, "session_id": socket.session_id, "seq": 1})
        assert await back.until_op(9) is False


async def test_server_asks_to_reconnect_and_for_a_heartbeat(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.call("ask_heartbeat")
        assert (await socket.receive())["op"] == 1
        await room.reconnect()
        assert (await socket.receive())["op"] == 7
        await room.invalidate(resumable=True)
        payload = await socket.receive()
        assert (payload["op"], payload["d"]) == (9, True)


async def test_close_code_is_chosen_by_the_test(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.kick(code=4000)
        assert await socket.close_code() == 4000


async def test_events_need_their_intent(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room, intents=1) as socket:
        await alice.say("hello", "help")
        await room.member("bob")
        await room.channel("more")
        events = [payload["t"] for payload in await socket.drained()]
        assert events == ["CHANNEL_CREATE"]


async def test_content_is_stripped_without_its_intent_except_where_the_bot_is_meant(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room, intents=(1 << 0) | (1 << 9) | (1 << 12)) as socket:
        await alice.say("secret", "help", attachments=[("a.txt", b"x")])
        hidden = await socket.until("MESSAGE_CREATE")
        assert (hidden["content"], hidden["attachments"]) == ("", [])
        await alice.say(f"{room.bot_user.mention} hi", "help")
        assert (await socket.until("MESSAGE_CREATE"))["content"].endswith("hi")
        await alice.say("in private", await alice.dm())
        private = await socket.until("MESSAGE_CREATE")
        assert private["content"] == "in private"
        assert "guild_id" not in private


async def test_hidden_channels_send_no_messages(room: Sandbox) -> None:
    guild = await room.guild("Other")
    other = await room.channel("secret", guild=guild, overwrites={"everyone": {"deny": ["view_channel"]}})
    owner = await room.member("owner", guild=guild)
    async with await connected(room) as socket:
        await owner.say("hush", other)
        assert [payload["t"] for payload in await socket.drained()] == []


async def test_guilds_go_to_the_shard_of_their_id(room: Sandbox) -> None:
    await room.guild("Second")
    guilds = (await room.state())["guilds"].values()
    for number in (0, 1):
        async with await Socket.open(room.gateway_url) as socket:
            ready = await socket.identify(room.token, shard=[number, 2])
            mine = {guild["id"] for guild in guilds if (guild["id"] >> 22) % 2 == number}
            assert {int(guild["id"]) for guild in ready["guilds"]} == mine


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


async def test_world_changes_are_told(room: Sandbox) -> None:
    async with await connected(room) as socket:
        role = await room.role("helper")
        assert (await socket.until("GUILD_ROLE_CREATE"))["role"]["id"] == str(role.id)
        alice = await room.member("alice")
        assert (await socket.until("GUILD_MEMBER_ADD"))["user"]["id"] == str(alice.id)
        await room.call("set_member", member="alice", roles=["helper"])
        assert (await socket.until("GUILD_MEMBER_UPDATE"))["roles"] == [str(role.id)]
        channel = await room.channel("news", type="news")
        assert (await socket.until("CHANNEL_CREATE"))["type"] == 5
        await channel.edit(topic="all of it")
        assert (await socket.until("CHANNEL_UPDATE"))["topic"] == "all of it"
        message = await alice.say("start", "help")
        thread = await alice.start_thread(message, "talk")
        created = await socket.until("THREAD_CREATE")
        assert (created["id"], created["newly_created"]) == (str(message.id), True)
        await thread.edit(archived=True)
        assert (await socket.until("THREAD_UPDATE"))["thread_metadata"]["archived"] is True
        await thread.delete()
        assert (await socket.until("THREAD_DELETE"))["id"] == str(thread.id)
        await channel.delete()
        assert (await socket.until("CHANNEL_DELETE"))["id"] == str(channel.id)
        await alice.react(message, "👍")
        assert (await socket.until("MESSAGE_REACTION_ADD"))["type"] == 0
        await alice.type("help")
        assert (await socket.until("TYPING_START"))["user_id"] == str(alice.id)
        await room.call("remove_member", member="alice")
        assert (await socket.until("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(alice.id)


async def test_bot_joining_and_leaving_a_guild_is_told_to_it_alone(room: Sandbox) -> None:
    other = await room.application("other")
    async with await connected(room) as socket, await Socket.open(room.gateway_url) as theirs:
        await theirs.identify(other["token"])
        await theirs.drained()
        guild = await room.guild("New", bots=[])
        assert await socket.drained() == []
        await room.invite("other", guild=guild)
        assert (await theirs.until("GUILD_CREATE"))["id"] == str(guild.id)
        await room.call("remove_member", member=other["bot_id"], guild=guild.id)
        assert (await theirs.until("GUILD_DELETE"))["id"] == str(guild.id)
        assert await socket.drained() == []


async def test_injected_event_goes_out_as_it_is(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.inject("NOBODY_KNOWS_THIS", {"odd": [1, None, "\u0000"]})
        assert await socket.until("NOBODY_KNOWS_THIS") == {"odd": [1, None, "\u0000"]}


async def test_duplicated_events_come_twice_with_their_own_numbers(room: Sandbox) -> None:
    alice = await room.member("alice")
    room.faults.duplicate_events = 1.0
    async with await connected(room) as socket:
        await alice.say("once", "help")
        first, second = await socket.until("MESSAGE_CREATE"), await socket.until("MESSAGE_CREATE")
        assert first == second


async def test_reordered_events_swap_with_the_next(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        room.faults.reorder = 1.0
        await alice.say("one", "help")
        room.faults.reorder = 0.0
        await alice.say("two", "help")
        seen = [(await socket.until("MESSAGE_CREATE"))["content"] for _ in range(2)]
        assert seen == ["two", "one"]


async def test_last_held_event_is_not_lost(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        room.faults.reorder = 1.0
        await alice.say("alone", "help")
        assert (await socket.until("MESSAGE_CREATE"))["content"] == "alone"


async def test_muted_acknowledgements_make_a_zombie(room: Sandbox) -> None:
    async with await connected(room) as socket:
        room.faults.mute_acks = True
        await socket.send(1, socket.sequence)
        await room.record.wait(
            lambda e: e["kind"] == "gateway_in" and e["op"] == 1, after=room.record.last - 1
        )
        await room.call("ask_heartbeat")
        assert (await socket.receive())["op"] == 1


async def test_dead_sessions_are_forgotten(room: Sandbox) -> None:
    for _ in range(6):
        socket = await connected(room)
        async with socket:
            pass
        await room.wait_disconnected()
    assert len(room.core.hub.sessions) <= 4


async def test_two_sockets_of_one_session_leave_the_newer(room: Sandbox) -> None:
    async with await connected(room) as old, await Socket.open(room.gateway_url) as new:
        await new.receive()
        new.sequence = old.sequence
        await new.send(6, {"token": room.token, "session_id": old.session_id, "seq": old.sequence})
        await new.until("RESUMED")
        async with asyncio.timeout(2):
            assert await old.close_code() == 1006
