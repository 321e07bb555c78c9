"""Threads and forum posts: time, invitations, tags, members; webhooks that write in them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.clocks import Clock
from tests.sandbox.raw import Http, Socket, code, connected, ids, posted

WEBHOOKS = 1 << 5


@pytest.fixture
async def later() -> AsyncIterator[tuple[Clock, Sandbox]]:
    """A sandbox whose clock the test moves from the start, ids included."""
    clock = Clock()
    async with Sandbox(clock=clock) as room:
        await room.guild("Home", bot_permissions=["administrator"])
        await room.channel("help")
        yield clock, room


@pytest.mark.cites("docs topics/threads#active-archived-threads")
async def test_a_thread_is_archived_when_its_time_is_over(
    later: tuple[Clock, Sandbox], conforms: Any
) -> None:
    clock, room = later
    guild, channel = await ids(room)
    async with Http(room.api_url, room.token) as http:
        message = await posted(http, channel)
        body = {"name": "talk", "auto_archive_duration": 60}
        await http("POST", f"/channels/{channel}/messages/{message['id']}/threads", body)
        clock.time += 50 * 60
        await posted(http, int(message["id"]), "still here")
        clock.time += 50 * 60
        assert len((await http("GET", f"/guilds/{guild}/threads/active")).json["threads"]) == 1
        clock.time += 11 * 60
        assert (await room.call("archive_idle"))["archived"] == [int(message["id"])]
        shown = (await http("GET", f"/channels/{channel}/threads/archived/public")).json["threads"]
        assert shown[0]["thread_metadata"]["archived"] is True
        joining = await http("PUT", f"/channels/{message['id']}/thread-members/{room.bot_user.id}")
        assert code(joining) == (400, 50083)
        await posted(http, int(message["id"]), "awake")
        awake = (await http("GET", f"/channels/{message['id']}")).json
        assert awake["thread_metadata"]["archived"] is False
        clock.time += 61 * 60
        assert (await http("GET", f"/channels/{message['id']}")).json["thread_metadata"]["archived"] is True
    conforms(room.record)


@pytest.mark.cites(
    "docs topics/threads#editing-deleting-threads",
    "docs topics/threads#public-private-threads",
    "docs resources/channel#add-thread-member",
    "openapi add_thread_member",
)
async def test_moderators_lock_and_starters_invite(room: Sandbox, http: Http) -> None:
    guild = await room.guild("Humble", bot_permissions=[])
    channel = await room.channel("plain", guild=guild)
    alice, owner = await room.member("alice", guild=guild), await room.member("owner", guild=guild)
    mine = (await http("POST", f"/channels/{channel.id}/threads", {"name": "mine", "invitable": False})).json
    assert (await http("PUT", f"/channels/{mine['id']}/thread-members/{alice.id}")).status == 204
    assert code(await http("PATCH", f"/channels/{mine['id']}", {"locked": True})) == (403, 50013)
    assert (await http("PATCH", f"/channels/{mine['id']}", {"name": "ours"})).json["name"] == "ours"
    theirs = await owner.start_thread(None, "theirs", channel=channel, private=True)
    await room.call("join_thread", user=room.bot_user.id, thread=theirs.id)
    assert (await http("PUT", f"/channels/{theirs.id}/thread-members/{alice.id}")).status == 204
    room.core.world.channels[theirs.id].invitable = False
    again = await http("PUT", f"/channels/{theirs.id}/thread-members/{alice.id}")
    assert code(again) == (403, 50013)
    assert code(await http("PATCH", f"/channels/{theirs.id}", {"name": "x"})) == (403, 50013)
    listed = (await http("GET", f"/channels/{mine['id']}/thread-members?with_member=true")).json
    assert {item["member"]["user"]["username"] for item in listed} == {"bot", "alice"}


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json", "docs topics/threads#forums")
async def test_forum_tags_are_known_required_and_moderated(room: Sandbox, http: Http, conforms: Any) -> None:
    guild = await room.guild("Humble", bot_permissions=[])
    forum = await room.channel("ideas", guild=guild, type="forum", tags=["bug", "done"])
    tags = {tag["name"]: tag["id"] for tag in forum.json["available_tags"]}
    stored = room.core.world.channels[forum.id]
    stored.available_tags[1]["moderated"] = True
    path, post = f"/channels/{forum.id}/threads", {"name": "p", "message": {"content": "x"}}
    made = await http("POST", path, post | {"applied_tags": [tags["bug"]]})
    assert made.json["applied_tags"] == [tags["bug"]]
    assert code(await http("POST", path, post | {"applied_tags": [tags["done"]]})) == (403, 50013)
    assert code(await http("POST", path, post | {"applied_tags": ["5"]})) == (404, 10087)
    assert code(await http("POST", path, post | {"applied_tags": [tags["bug"]] * 6})) == (400, 50035)
    stored.flags = 1 << 4
    assert code(await http("POST", path, post)) == (400, 40067)
    assert code(await http("PATCH", f"/channels/{made.json['id']}", {"applied_tags": []})) == (400, 40067)
    assert len(room.core.world.guilds[guild.id].threads()) == 1
    conforms(room.record)


@pytest.mark.cites("docs topics/threads#public-private-threads", "openapi create_thread")
async def test_a_threads_type_goes_by_its_channel(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    news = await room.channel("news", type="news")
    inside = ""
    for place, kind in ((channel, 11), (news.id, 10)):
        message = await posted(http, place)
        path = f"/channels/{place}/messages/{message['id']}/threads"
        made = (await http("POST", path, {"name": "talk"})).json
        assert (made["id"], made["type"], made["parent_id"]) == (message["id"], kind, str(place))
        inside = made["id"]
    path = f"/channels/{channel}/threads"
    assert (await http("POST", path, {"name": "x"})).json["type"] == 12
    assert (await http("POST", path, {"name": "x", "type": 11})).json["type"] == 11
    assert code(await http("POST", f"/channels/{news.id}/threads", {"name": "x", "type": 12})) == (400, 50024)
    assert code(await http("POST", f"/channels/{inside}/threads", {"name": "x"})) == (400, 50024)
    conforms(room.record)


@pytest.mark.cites("docs topics/threads#thread-membership", "openapi join_thread", "openapi leave_thread")
async def test_who_is_in_a_thread_is_told_once_and_shown(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    thread = await alice.start_thread(await alice.say("start", channel), "talk")
    path = f"/channels/{thread.id}/thread-members"
    assert "member" not in (await http("GET", f"/channels/{thread.id}")).json
    async with await connected(room, 1) as socket:
        for _ in range(2):
            assert (await http("PUT", f"{path}/@me")).status == 204
        joined = (await socket.until("THREAD_MEMBERS_UPDATE"))["added_members"]
        assert [item["user_id"] for item in joined] == [str(room.bot_user.id)]
        shown = (await http("GET", f"/channels/{thread.id}")).json
        assert (shown["member"]["user_id"], shown["member_count"]) == (str(room.bot_user.id), 2)
        assert {item["user_id"] for item in (await http("GET", path)).json} == {
            str(alice.id),
            str(room.bot_user.id),
        }
        for _ in range(2):
            assert (await http("DELETE", f"{path}/@me")).status == 204
        left = await socket.until("THREAD_MEMBERS_UPDATE")
        assert (left["removed_member_ids"], left["member_count"]) == ([str(room.bot_user.id)], 1)
        assert await socket.drained() == []
    conforms(room.record)


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json")
async def test_threads_and_their_members_are_limited(
    room: Sandbox, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    monkeypatch.setattr("sandbox.actions.threads.MAX_ACTIVE", 1)
    monkeypatch.setattr("sandbox.actions.threads.MAX_MEMBERS", 1)
    path = f"/channels/{channel}/threads"
    made = await http("POST", path, {"name": "one", "type": 11})
    assert code(await http("POST", path, {"name": "two", "type": 11})) == (400, 160006)
    assert code(await http("PUT", f"/channels/{made.json['id']}/thread-members/{alice.id}")) == (400, 30033)


@pytest.mark.cites(
    "openapi create_webhook",
    "openapi update_webhook",
    "docs events/gateway-events#webhooks-update",
    "openapi get_guild_webhooks",
    "openapi get_webhook",
    "openapi get_webhook_by_token",
    "openapi update_webhook_by_token",
    "openapi delete_webhook_by_token",
    "docs resources/webhook#create-webhook",
)
async def test_webhooks_are_made_changed_and_deleted(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, channel = await ids(room)
    other = await room.channel("other")
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, 1 | WEBHOOKS)
        hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "CI"})).json
        assert (await socket.until("WEBHOOKS_UPDATE"))["channel_id"] == str(channel)
    by_id, by_token = f"/webhooks/{hook['id']}", f"/webhooks/{hook['id']}/{hook['token']}"
    moved = await http("PATCH", by_id, {"name": "Builds", "channel_id": str(other.id)})
    assert (moved.json["name"], moved.json["channel_id"]) == ("Builds", str(other.id))
    async with Http(room.api_url, None) as anyone:
        assert (await anyone("PATCH", by_token, {"name": "CD"})).json["name"] == "CD"
        assert "user" not in (await anyone("GET", by_token)).json
        assert code(await anyone("PATCH", f"{by_id}/wrong", {"name": "x"})) == (401, 50027)
        assert code(await anyone("GET", by_id)) == (401, 0)
    assert [item["name"] for item in (await http("GET", f"/guilds/{guild}/webhooks")).json] == ["CD"]
    assert code(await http("POST", f"/channels/{channel}/webhooks", {"name": "Clyde"})) == (400, 50035)
    assert (await http("GET", by_id)).json["user"]["username"] == "bot"
    assert (await http("DELETE", by_token)).status == 204
    assert code(await http("GET", by_id)) == (404, 10015)
    conforms(room.record)


@pytest.mark.cites("openapi execute_webhook", "docs resources/webhook#execute-webhook")
async def test_webhooks_write_in_threads_and_open_posts(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    forum = await room.channel("ideas", type="forum")
    message = await posted(http, channel)
    await http("POST", f"/channels/{channel}/messages/{message['id']}/threads", {"name": "talk"})
    hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "CI"})).json
    path = f"/webhooks/{hook['id']}/{hook['token']}"
    made = await http("POST", f"{path}?wait=true&thread_id={message['id']}", {"content": "in"})
    assert made.json["channel_id"] == message["id"]
    there = f"{path}/messages/{made.json['id']}"
    assert code(await http("GET", there)) == (404, 10008)
    assert (await http("PATCH", f"{there}?thread_id={message['id']}", {"content": "on"})).json[
        "content"
    ] == "on"
    assert (await http("DELETE", f"{there}?thread_id={message['id']}")).status == 204
    assert code(await http("POST", f"{path}?thread_id={forum.id}", {"content": "x"})) == (404, 10003)
    assert code(await http("POST", path, {"content": "x", "thread_name": "t"})) == (400, 220003)
    idea = (await http("POST", f"/channels/{forum.id}/webhooks", {"name": "CI"})).json
    posting = f"/webhooks/{idea['id']}/{idea['token']}?wait=true"
    assert code(await http("POST", posting, {"content": "x"})) == (400, 220001)
    opened = (await http("POST", posting, {"content": "x", "thread_name": "t"})).json
    assert opened["id"] == opened["channel_id"]
    conforms(room.record)
