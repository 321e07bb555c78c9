"""What happens in the world as gateway events, by a raw websocket, and what faults make of them."""

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Socket, connected


@pytest.mark.cites(
    "docs events/gateway-events#message-create",
    "docs events/gateway-events#message-update",
    "docs events/gateway-events#message-delete",
)
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


@pytest.mark.cites("docs events/gateway-events#message-delete-bulk")
async def test_bulk_deletion_is_one_event(room: Sandbox) -> None:
    alice = await room.member("alice")
    async with await connected(room) as socket:
        ids = await room.say_many(
            [{"author": alice, "content": f"n {i}", "channel": "help"} for i in range(3)]
        )
        await room.call("delete_many", channel="help", messages=ids)
        gone = await socket.until("MESSAGE_DELETE_BULK")
        assert [int(item) for item in gone["ids"]] == ids


@pytest.mark.cites("docs topics/permissions#permission-overwrites")
async def test_hidden_channels_send_no_messages(room: Sandbox) -> None:
    guild = await room.guild("Other")
    other = await room.channel("secret", guild=guild, overwrites={"everyone": {"deny": ["view_channel"]}})
    owner = await room.member("owner", guild=guild)
    async with await connected(room) as socket:
        await owner.say("hush", other)
        assert [payload["t"] for payload in await socket.drained()] == []


@pytest.mark.cites("docs events/gateway-events#receive-events")
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


@pytest.mark.cites("docs events/gateway-events#guild-create", "docs events/gateway-events#guild-delete")
async def test_bot_joining_and_leaving_a_guild_is_told_to_it_alone(room: Sandbox) -> None:
    other = await room.application("other")
    async with await connected(room) as socket, await Socket.open(room.gateway_url) as theirs:
        await theirs.identify(other["token"])
        await theirs.drained()
        guild = await room.guild("New", bots=[])
        assert await socket.drained() == []
        await room.invite("other", guild=guild)
        joined = await theirs.until("GUILD_CREATE")
        assert joined["id"] == str(guild.id)
        assert "unavailable" not in joined
        await room.call("remove_member", member=other["bot_id"], guild=guild.id)
        assert (await theirs.until("GUILD_DELETE"))["id"] == str(guild.id)
        assert await socket.drained() == []


async def test_injected_event_goes_out_as_it_is(room: Sandbox) -> None:
    async with await connected(room) as socket:
        await room.inject("NOBODY_KNOWS_THIS", {"odd": [1, None, "\u0000"]})
        assert await socket.until("NOBODY_KNOWS_THIS") == {"odd": [1, None, "\u0000"]}


@pytest.mark.cites("protocol gateway.8")
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


@pytest.mark.cites("docs events/gateway-events#thread-members-update")
async def test_thread_members_come_with_their_membership_and_a_count_up_to_50(room: Sandbox) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    thread = await alice.start_thread(await alice.say("start", "help"), "talk")
    async with await connected(room) as socket:
        await bob.join_thread(thread)
        joined = await socket.until("THREAD_MEMBERS_UPDATE")
        (added,) = joined["added_members"]
        assert (added["user_id"], added["member"]["user"]["username"]) == (str(bob.id), "bob")
        assert (added["presence"], joined["member_count"]) == (None, 2)
        for number in range(60):
            await (await room.member(f"p{number}")).join_thread(thread)
        await bob.join_thread(thread, join=False)
        left = await socket.until("THREAD_MEMBERS_UPDATE", lambda d: "removed_member_ids" in d)
        assert (left["removed_member_ids"], left["member_count"]) == ([str(bob.id)], 50)
