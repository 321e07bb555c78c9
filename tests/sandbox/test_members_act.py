"""What members do, as the driver does it for them: seen by a raw client, refused as Discord refuses it."""

import asyncio
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.errors import ApiError
from sandbox.ops import OperationError
from tests.sandbox.raw import Http, Socket, connected

GUILDS_AND_MESSAGES = (1 << 0) | (1 << 9) | (1 << 11) | (1 << 15)


async def register(room: Sandbox, http: Http, *commands: dict[str, Any]) -> None:
    bodies = [{"description": "d"} | item if item.get("type", 1) == 1 else item for item in commands]
    reply = await http("PUT", f"/applications/{room.application_id}/commands", bodies)
    assert reply.status == 200, reply.json


async def started(room: Sandbox, op: str, **args: Any) -> dict[str, Any]:
    """Return the interaction an operation starts, as a raw client receives it."""
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, 1)
        await room.call(op, **args)
        body: dict[str, Any] = await socket.until("INTERACTION_CREATE")
        return body


@pytest.mark.cites("docs interactions/receiving-and-responding#interaction-object-resolved-data-structure")
async def test_a_file_option_is_resolved_and_lies_on_the_cdn(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    await register(
        room, http, {"name": "read", "options": [{"type": 11, "name": "file", "description": "d"}]}
    )
    alice = await room.member("alice")
    file = {"filename": "a b.txt", "content_b64": "aGVsbG8="}
    body = await started(room, "slash", user=alice.id, command="read", channel="help", options={"file": file})
    (given,) = body["data"]["options"]
    resolved = body["data"]["resolved"]["attachments"][given["value"]]
    assert given["type"] == 11
    assert (resolved["id"], resolved["filename"], resolved["size"]) == (given["value"], "a b.txt", 5)
    assert resolved["content_type"] == "text/plain"
    async with Http("", None) as anyone, anyone._session.get(resolved["url"]) as answer:
        assert await answer.read() == b"hello"
    conforms(room.record)


@pytest.mark.usefixtures("clock")
async def test_a_handle_gives_a_file_as_name_and_bytes(room: Sandbox, http: Http) -> None:
    await register(
        room, http, {"name": "read", "options": [{"type": 11, "name": "file", "description": "d"}]}
    )
    alice = await room.member("alice")
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, 1)
        asked = asyncio.create_task(alice.slash("read", channel="help", file=("x.bin", b"\x00\x01")))
        body = await socket.until("INTERACTION_CREATE")
        answer = {"type": 4, "data": {"content": "read"}}
        await http("POST", f"/interactions/{body['id']}/{body['token']}/callback", answer)
        assert (await asked).content == "read"
    (resolved,) = body["data"]["resolved"]["attachments"].values()
    assert (resolved["filename"], resolved["size"]) == ("x.bin", 2)


@pytest.mark.parametrize("value", ["text", 5, {"filename": "a"}, None])
async def test_a_file_option_takes_only_a_file(room: Sandbox, http: Http, value: Any) -> None:
    await register(
        room, http, {"name": "read", "options": [{"type": 11, "name": "file", "description": "d"}]}
    )
    alice = await room.member("alice")
    with pytest.raises(OperationError, match="takes a file"):
        await room.call("slash", user=alice.id, command="read", channel="help", options={"file": value})


@pytest.mark.cites(
    "docs interactions/application-commands#application-command-object-application-command-option-structure"
)
async def test_a_channel_option_takes_its_types_and_what_the_member_sees(room: Sandbox, http: Http) -> None:
    option = {"type": 7, "name": "where", "description": "d", "channel_types": [0, 5]}
    await register(room, http, {"name": "track", "options": [option]})
    alice = await room.member("alice")
    hidden = await room.channel("staff", overwrites={"everyone": {"deny": ["view_channel"]}})
    await room.channel("talk", type="voice")
    base = {"user": alice.id, "command": "track", "channel": "help"}
    with pytest.raises(OperationError, match="not of a type"):
        await room.call("slash", **base, options={"where": "talk"})
    with pytest.raises(OperationError, match="sees no channel"):
        await room.call("slash", **base, options={"where": hidden.id})
    body = await started(room, "slash", **base, options={"where": "help"})
    (shown,) = body["data"]["resolved"]["channels"].values()
    assert shown["name"] == "help"
    assert shown["permissions"] == body["member"]["permissions"]


@pytest.mark.cites("docs interactions/receiving-and-responding#interaction-object-interaction-context-types")
async def test_direct_messages_offer_the_bots_own_commands_that_are_for_them(
    room: Sandbox, http: Http
) -> None:
    home = (await room.state())["guilds"]["Home"]["id"]
    await register(
        room,
        http,
        {"name": "both"},
        {"name": "here-only", "contexts": [0]},
        {"name": "old-here-only", "dm_permission": False},
        {"name": "direct-only", "contexts": [1]},
    )
    await http(
        "POST",
        f"/applications/{room.application_id}/guilds/{home}/commands",
        {
            "name": "guilds-own",
            "description": "d",
        },
    )
    other = await room.application("other")
    async with Http(room.api_url, other["token"]) as theirs:
        await theirs(
            "PUT", f"/applications/{other['id']}/commands", [{"name": "foreign", "description": "d"}]
        )
    alice = await room.member("alice")
    direct = await alice.dm()

    async def offered(channel: Any) -> set[str]:
        return {item["name"] for item in await room.call("picker", user=alice.id, channel=channel)}

    assert await offered(direct.id) == {"both", "direct-only"}
    assert await offered("help") == {"both", "here-only", "old-here-only", "guilds-own"}
    for name in ("here-only", "foreign"):
        with pytest.raises(OperationError, match="can't be used"):
            await room.call("slash", user=alice.id, command=name, channel=direct.id)
    body = await started(room, "slash", user=alice.id, command="both", channel=direct.id)
    assert (body["context"], body["user"]["username"], "member" in body) == (1, "alice", False)


@pytest.mark.cites("protocol interactions.2")
async def test_a_command_in_a_thread_says_which_thread(room: Sandbox, http: Http) -> None:
    await register(room, http, {"name": "close"})
    alice = await room.member("alice")
    thread = await alice.start_thread(await alice.say("hm", "help"), "hm")
    body = await started(room, "slash", user=alice.id, command="close", channel=thread.id)
    assert (body["channel_id"], body["channel"]["type"]) == (str(thread.id), 11)


@pytest.mark.cites("docs interactions/application-commands#agerestricted-commands")
async def test_age_restricted_commands_need_such_a_channel(room: Sandbox, http: Http) -> None:
    await register(room, http, {"name": "spicy", "nsfw": True})
    alice = await room.member("alice")
    assert await room.call("picker", user=alice.id, channel="help") == []
    await room.call("edit_channel", channel="help", changes={"nsfw": True})
    assert len(await room.call("picker", user=alice.id, channel="help")) == 1


@pytest.mark.cites(
    "docs interactions/receiving-and-responding#interaction-object-application-command-data-structure"
)
async def test_menus_of_one_name_are_told_apart_by_kind(room: Sandbox, http: Http) -> None:
    await register(room, http, {"name": "Info", "type": 2}, {"name": "Info", "type": 3})
    alice = await room.member("alice")
    message = await alice.say("hi", "help")
    base = {"user": alice.id, "command": "Info", "channel": "help"}
    on_user = await started(room, "menu", **base, target=alice.id, kind=2)
    on_message = await started(room, "menu", **base, target=message.id, kind=3)
    assert (on_user["data"]["type"], on_user["data"]["target_id"]) == (2, str(alice.id))
    assert (on_message["data"]["type"], on_message["data"]["target_id"]) == (3, str(message.id))


@pytest.mark.cites("protocol rest.6")
async def test_a_reply_may_leave_its_target_unpinged(room: Sandbox) -> None:
    alice, bob = await room.member("alice"), await room.member("bob")
    first = await alice.say("one", "help")
    quiet = {"parse": ["users", "roles", "everyone"], "replied_user": False}
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, GUILDS_AND_MESSAGES)
        await bob.say("loud", "help", reply_to=first)
        loud = await socket.until("MESSAGE_CREATE")
        await bob.say("quiet", "help", reply_to=first, allowed_mentions=quiet)
        still = await socket.until("MESSAGE_CREATE")
    assert [user["username"] for user in loud["mentions"]] == ["alice"]
    assert (still["mentions"], still["message_reference"]["message_id"]) == ([], str(first.id))


async def test_uploading_takes_its_permission(room: Sandbox) -> None:
    alice = await room.member("alice")
    bare = await room.channel("bare", overwrites={"everyone": {"deny": ["attach_files"]}})
    with pytest.raises(ApiError, match="50013"):
        await alice.say("look", bare, attachments=[("a.txt", b"x")])
    await alice.say("look", bare)


@pytest.mark.cites("openapi trigger_typing_indicator")
async def test_typing_shows_only_where_the_member_may_write(room: Sandbox) -> None:
    alice = await room.member("alice")
    read_only = await room.channel("rules", overwrites={"everyone": {"deny": ["send_messages"]}})
    hidden = await room.channel("staff", overwrites={"everyone": {"deny": ["view_channel"]}})
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, GUILDS_AND_MESSAGES)
        with pytest.raises(ApiError, match="50013"):
            await alice.type(read_only)
        with pytest.raises(ApiError, match="50001"):
            await alice.type(hidden)
        await alice.type("help")
        seen = await socket.until("TYPING_START")
    assert seen["user_id"] == str(alice.id)
    assert [entry["user_id"] for entry in room.record if entry["kind"] == "typing"] == [alice.id]


@pytest.mark.cites("openapi add_my_message_reaction", "docs resources/message#create-reaction")
async def test_reacting_takes_seeing_and_the_first_of_a_kind_its_permission(room: Sandbox) -> None:
    alice, owner = await room.member("alice"), await room.member("owner")
    calm = await room.channel("calm", overwrites={"everyone": {"deny": ["add_reactions"]}})
    blind = await room.channel("blind", overwrites={"everyone": {"deny": ["read_message_history"]}})
    hidden = await room.channel("staff", overwrites={"everyone": {"deny": ["view_channel"]}})
    message = await owner.say("nice?", calm)
    thread = await owner.start_thread(await owner.say("old", "help"), "old")
    inside = await owner.say("old too", thread)
    await thread.edit(archived=True)
    async with await connected(room, 1 | 1 << 10) as socket:
        for place, code in ((calm, "50013"), (blind, "50013"), (hidden, "50001")):
            with pytest.raises(ApiError, match=code):
                await alice.react(await owner.say("nice?", place), "👍")
        with pytest.raises(ApiError, match="50083"):
            await alice.react(inside, "👍")
        assert await socket.drained() == []
        await owner.react(message, "👍")
        await alice.react(message, "👍")
        for person in (owner, alice):
            assert (await socket.until("MESSAGE_REACTION_ADD"))["user_id"] == str(person.id)


@pytest.mark.cites("openapi create_pin", "docs topics/permissions#permissions-bitwise-permission-flags")
async def test_pinning_takes_its_permission_and_tells(room: Sandbox) -> None:
    alice, owner = await room.member("alice"), await room.member("owner")
    message = await alice.say("keep this", "help")
    with pytest.raises(ApiError, match="50013"):
        await alice.pin(message)
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, GUILDS_AND_MESSAGES)
        await owner.pin(message)
        assert (await socket.until("MESSAGE_UPDATE"))["pinned"] is True
        await owner.pin(message, add=False)
        assert (await socket.until("MESSAGE_UPDATE"))["pinned"] is False


@pytest.mark.cites("docs topics/threads#permissions", "docs topics/threads#editing-deleting-threads")
async def test_who_may_rename_archive_and_lock_a_thread(room: Sandbox) -> None:
    alice, bob, owner = await room.member("alice"), await room.member("bob"), await room.member("owner")
    thread = await alice.start_thread(await alice.say("hm", "help"), "hm")
    async with await connected(room, GUILDS_AND_MESSAGES) as socket:
        await thread.edit(by=alice, name="better")
        for who, changes in ((bob, {"name": "mine"}), (bob, {"archived": True}), (alice, {"locked": True})):
            with pytest.raises(ApiError, match="50013"):
                await thread.edit(by=who, **changes)
        await thread.edit(by=alice, archived=True)
        with pytest.raises(ApiError, match="50083"):
            await thread.edit(by=alice, name="while away")
        await thread.edit(by=bob, archived=False)
        await thread.edit(by=owner, locked=True, archived=True)
        for who in (alice, bob):
            with pytest.raises(ApiError, match="50013"):
                await thread.edit(by=who, archived=False)
        await thread.edit(by=owner, locked=False, archived=False)
        with pytest.raises(ApiError, match="50035"):
            await thread.edit(by=owner, name="x" * 101)
        told = [event["d"] for event in await socket.drained() if event["t"] == "THREAD_UPDATE"]
    states = [(item["thread_metadata"]["archived"], item["thread_metadata"]["locked"]) for item in told]
    assert states == [(False, False), (True, False), (False, False), (True, True), (False, False)]
    assert {item["name"] for item in told} == {"better"}


async def test_editing_and_deleting_a_channel_takes_manage_channels(room: Sandbox) -> None:
    alice, owner = await room.member("alice"), await room.member("owner")
    place = await room.channel("spare")
    with pytest.raises(ApiError, match="50013"):
        await place.edit(by=alice, topic="x")
    with pytest.raises(ApiError, match="50013"):
        await room.call("delete_channel", channel=place.id, by=alice.id)
    await place.edit(by=owner, topic="x")
    await room.call("delete_channel", channel=place.id, by=owner.id)
    assert "spare" not in (await room.state())["guilds"]["Home"]["channels"]


@pytest.mark.cites("docs topics/threads#public-private-threads")
async def test_threads_start_only_where_they_may(room: Sandbox) -> None:
    alice = await room.member("alice")
    message = await alice.say("hm", "help")
    news = await room.channel("news", type="news")
    async with await connected(room, GUILDS_AND_MESSAGES) as socket:
        thread = await alice.start_thread(message, "hm")
        inside = await alice.say("in it", thread)
        with pytest.raises(ApiError, match="50024"):
            await alice.start_thread(inside, "nested")
        with pytest.raises(ApiError, match="50024"):
            await alice.start_thread(None, "secret", channel=news, private=True)
        with pytest.raises(ApiError, match="50035"):
            await alice.start_thread(None, "", channel="help")
        with pytest.raises(OperationError, match="private thread"):
            await alice.start_thread(await alice.say("two", "help"), "x", private=True)
        hidden = await alice.start_thread(None, "secret", channel="help", private=True)
        told = [event["d"] for event in await socket.drained() if event["t"] == "THREAD_CREATE"]
    assert [(item["id"], item["type"]) for item in told] == [(str(message.id), 11), (str(hidden.id), 12)]
    assert await (await room.member("bob")).sees(hidden) == []
