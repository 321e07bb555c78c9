"""The HTTP API, by a raw client. Facts: "REST" in the protocol page, shapes in the official description."""

import asyncio
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from sandbox.handles import Channel
from tests.sandbox.raw import Http, code, ids, posted

HIDE = {"deny": ["view_channel"]}


@pytest.fixture
async def humble(room: Sandbox) -> Channel:
    """A channel of a guild where the bot has no more than @everyone."""
    guild = await room.guild("Humble", bot_permissions=[])
    return await room.channel("plain", guild=guild)


@pytest.mark.cites(
    "openapi get_bot_gateway",
    "openapi get_my_user",
    "openapi list_my_guilds",
    "openapi get_user",
    "openapi get_my_application",
    "openapi get_my_oauth2_application",
    "openapi get_guild",
    "openapi list_guild_channels",
    "openapi list_guild_members",
    "openapi get_guild_member",
    "openapi search_guild_members",
    "openapi list_guild_roles",
    "openapi get_active_guild_threads",
    "openapi get_channel",
    "openapi list_thread_members",
    "openapi list_messages",
    "openapi get_message",
    "openapi list_message_reactions_by_emoji",
    "openapi list_pins",
    "openapi list_public_archived_threads",
    "openapi list_private_archived_threads",
    "openapi list_channel_webhooks",
    "openapi list_application_commands",
    "protocol interactions.5",
)
async def test_gets_conform_to_the_description(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, channel = await ids(room)
    alice = await room.member("alice", display="Alice")
    forum = await room.channel("ideas", type="forum", tags=["bug"])
    await room.channel("Group", type="category")
    message = await alice.say("hello <@1>", channel, attachments=[("a.txt", b"abc")])
    await alice.react(message, "👍")
    thread = await alice.start_thread(message, "talk")
    await alice.open_post(forum, "post", "text")
    await alice.say("reply", channel, reply_to=message)
    await alice.say("hook", channel, webhook="Deploys")
    for path in (
        "/gateway/bot",
        "/users/@me",
        "/users/@me/guilds",
        f"/users/{alice.id}",
        "/applications/@me",
        "/oauth2/applications/@me",
        f"/guilds/{guild}?with_counts=true",
        f"/guilds/{guild}/channels",
        f"/guilds/{guild}/members?limit=10",
        f"/guilds/{guild}/members/{alice.id}",
        f"/guilds/{guild}/members/search?query=al",
        f"/guilds/{guild}/roles",
        f"/guilds/{guild}/threads/active",
        f"/channels/{channel}",
        f"/channels/{thread.id}",
        f"/channels/{thread.id}/thread-members",
        f"/channels/{channel}/messages",
        f"/channels/{channel}/messages/{message.id}",
        f"/channels/{channel}/messages/{message.id}/reactions/%F0%9F%91%8D",
        f"/channels/{channel}/messages/pins",
        f"/channels/{channel}/threads/archived/public",
        f"/channels/{channel}/threads/archived/private",
        f"/channels/{channel}/webhooks",
        f"/applications/{room.application_id}/commands",
    ):
        reply = await http("GET", path)
        assert reply.status == 200, (path, reply.json)
    assert conforms(room.record) == 24


@pytest.mark.cites(
    "openapi create_guild_role",
    "openapi create_guild_channel",
    "openapi update_message",
    "openapi trigger_typing_indicator",
    "openapi create_pin",
    "openapi delete_pin",
    "openapi add_my_message_reaction",
    "openapi delete_my_message_reaction",
    "openapi create_thread_from_message",
    "openapi add_thread_member",
    "openapi get_thread_member",
    "openapi create_thread",
    "openapi update_channel",
    "openapi update_guild_member",
    "openapi update_my_guild_member",
    "openapi set_channel_permission_overwrite",
    "openapi delete_channel_permission_overwrite",
    "openapi delete_channel",
    "openapi create_dm",
    "openapi create_webhook",
    "openapi bulk_delete_messages",
    "openapi delete_guild_member",
)
async def test_writes_conform_to_the_description(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, channel = await ids(room)
    alice = await room.member("alice")
    role = await http("POST", f"/guilds/{guild}/roles", {"name": "helper", "permissions": "0"})
    made = await http("POST", f"/guilds/{guild}/channels", {"name": "new", "type": 0})
    forum = await http("POST", f"/guilds/{guild}/channels", {"name": "ideas", "type": 15})
    first = await posted(http, channel, embeds=[{"title": "t", "fields": [{"name": "n", "value": "v"}]}])
    button = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}
    second = await posted(http, channel, "", components=[button])
    here, there = f"/channels/{channel}", f"/channels/{made.json['id']}"
    pinned, emoji = (
        f"{here}/messages/pins/{first['id']}",
        f"{here}/messages/{first['id']}/reactions/%F0%9F%91%8D",
    )
    post = {"name": "idea", "message": {"content": "text"}}
    for method, path, body, status in (
        ("PATCH", f"{here}/messages/{first['id']}", {"content": "changed"}, 200),
        ("POST", f"{here}/typing", None, 204),
        ("PUT", pinned, None, 204),
        ("DELETE", pinned, None, 204),
        ("PUT", f"{emoji}/@me", None, 204),
        ("DELETE", f"{emoji}/@me", None, 204),
        ("POST", f"{here}/messages/{first['id']}/threads", {"name": "talk"}, 201),
        ("PUT", f"/channels/{first['id']}/thread-members/{alice.id}", None, 204),
        ("GET", f"/channels/{first['id']}/thread-members/{alice.id}", None, 200),
        ("PATCH", f"/channels/{first['id']}", {"archived": True}, 200),
        ("POST", f"{here}/threads", {"name": "quiet", "type": 12}, 201),
        ("POST", f"{here}/threads", {"name": "loud", "type": 11}, 201),
        ("POST", f"/channels/{forum.json['id']}/threads", post, 201),
        ("PUT", f"/guilds/{guild}/members/{alice.id}/roles/{role.json['id']}", None, 204),
        ("PATCH", f"/guilds/{guild}/members/{alice.id}", {"nick": "Al"}, 200),
        ("PATCH", f"/guilds/{guild}/members/@me", {"nick": "Botty"}, 200),
        ("PATCH", there, {"topic": "about"}, 200),
        ("PUT", f"{there}/permissions/{guild}", {"type": 0, "deny": "1024"}, 204),
        ("DELETE", f"{there}/permissions/{guild}", None, 204),
        ("DELETE", there, None, 200),
        ("POST", "/users/@me/channels", {"recipient_id": str(alice.id)}, 200),
        ("POST", f"{here}/webhooks", {"name": "hook"}, 200),
        ("POST", f"{here}/messages/bulk-delete", {"messages": [first["id"], second["id"]]}, 204),
        ("DELETE", f"/guilds/{guild}/members/{alice.id}", None, 204),
    ):
        reply = await http(method, path, body)
        assert reply.status == status, (method, path, reply.json)
    conforms(room.record)


@pytest.mark.cites("protocol rest.5")
async def test_missing_or_wrong_token_is_401(room: Sandbox) -> None:
    for token in (None, "wrong"):
        async with Http(room.api_url, token) as http:
            reply = await http("GET", "/users/@me")
            assert (reply.status, reply.json) == (401, {"message": "401: Unauthorized", "code": 0})


@pytest.mark.cites("protocol rest.5")
async def test_unknown_things_have_their_codes(room: Sandbox, http: Http) -> None:
    guild, channel = await ids(room)
    assert code(await http("GET", "/nowhere/at/all")) == (404, 0)
    assert code(await http("PUT", "/gateway")) == (405, 0)
    assert code(await http("GET", "/channels/123")) == (404, 10003)
    assert code(await http("GET", f"/channels/{channel}/messages/123")) == (404, 10008)
    assert code(await http("GET", "/guilds/123")) == (404, 10004)
    assert code(await http("GET", f"/guilds/{guild}/members/123")) == (404, 10013)
    assert code(await http("GET", "/users/123")) == (404, 10013)
    assert code(await http("GET", "/channels/abc")) == (400, 50035)


@pytest.mark.cites("protocol rest.5")
async def test_missing_access_and_missing_permissions(room: Sandbox, http: Http, humble: Channel) -> None:
    guild = humble.json["guild_id"]
    hidden = await room.channel("hidden", guild=guild, overwrites={"everyone": HIDE})
    silent = await room.channel("silent", guild=guild, overwrites={"everyone": {"deny": ["send_messages"]}})
    assert code(await http("GET", f"/channels/{hidden.id}/messages")) == (403, 50001)
    assert code(await http("POST", f"/channels/{hidden.id}/messages", {"content": "x"})) == (403, 50001)
    assert code(await http("POST", f"/channels/{silent.id}/messages", {"content": "x"})) == (403, 50013)
    owner = await room.member("owner", guild=guild)
    message = await owner.say("mine", silent)
    assert code(await http("DELETE", f"/channels/{silent.id}/messages/{message.id}")) == (403, 50013)
    assert code(await http("POST", f"/guilds/{guild}/channels", {"name": "x"})) == (403, 50013)


@pytest.mark.cites("docs topics/permissions#permission-overwrites")
async def test_overwrites_of_a_member_win_over_roles_and_everyone(
    room: Sandbox, http: Http, humble: Channel
) -> None:
    guild = humble.json["guild_id"]
    send = ["send_messages"]
    rules = {"everyone": {"deny": send}, "bot": {"deny": send}, str(room.bot_user.id): {"allow": send}}
    channel = await room.channel("mine", guild=guild, overwrites=rules)
    assert (await http("POST", f"/channels/{channel.id}/messages", {"content": "x"})).status == 200
    await channel.set_overwrites({"everyone": {"allow": send}, "bot": {"deny": send}})
    assert code(await http("POST", f"/channels/{channel.id}/messages", {"content": "x"})) == (403, 50013)


@pytest.mark.cites(
    "protocol rest.7", "openapi create_thread_from_message", "docs topics/threads#public-private-threads"
)
async def test_thread_of_a_message_has_its_id_and_only_one(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    message = await posted(http, channel)
    path = f"/channels/{channel}/messages/{message['id']}/threads"
    assert (await http("POST", path, {"name": "talk"})).json["id"] == message["id"]
    assert code(await http("POST", path, {"name": "talk"})) == (400, 160004)
    shown = await http("GET", f"/channels/{channel}/messages/{message['id']}")
    assert shown.json["thread"]["name"] == "talk"


@pytest.mark.cites("protocol rest.7", "openapi create_thread")
async def test_forum_post_answers_with_its_message(room: Sandbox, http: Http) -> None:
    forum = await room.channel("ideas", type="forum")
    reply = await http(
        "POST", f"/channels/{forum.id}/threads", {"name": "idea", "message": {"content": "text"}}
    )
    assert reply.json["message"]["content"] == "text"
    assert reply.json["message"]["id"] == reply.json["id"]
    assert code(await http("POST", f"/channels/{forum.id}/messages", {"content": "x"})) == (400, 50008)


@pytest.mark.cites(
    "openapi list_public_archived_threads", "openapi get_active_guild_threads", "protocol rest.5"
)
async def test_archived_threads_are_listed_and_closed(room: Sandbox, http: Http) -> None:
    guild, channel = await ids(room)
    message = await posted(http, channel)
    await http("POST", f"/channels/{channel}/messages/{message['id']}/threads", {"name": "talk"})
    inner = await posted(http, int(message["id"]), "inside")
    await http("PATCH", f"/channels/{message['id']}", {"archived": True, "locked": True})
    assert (await http("GET", f"/guilds/{guild}/threads/active")).json["threads"] == []
    listed = (await http("GET", f"/channels/{channel}/threads/archived/public")).json["threads"]
    assert [item["id"] for item in listed] == [message["id"]]
    edit = await http("PATCH", f"/channels/{message['id']}/messages/{inner['id']}", {"content": "late"})
    assert code(edit) == (400, 50083)


@pytest.mark.cites("docs topics/threads#public-private-threads", "protocol rest.5")
async def test_private_threads_are_seen_by_their_members_only(
    room: Sandbox, http: Http, humble: Channel
) -> None:
    guild = humble.json["guild_id"]
    alice, bob = await room.member("alice", guild=guild), await room.member("bob", guild=guild)
    thread = await alice.start_thread(None, "secret", channel=humble, private=True)
    await alice.say("psst", thread)
    assert code(await http("GET", f"/channels/{thread.id}/messages")) == (403, 50001)
    assert await bob.sees(thread) == []
    await room.call("join_thread", user=room.bot_user.id, thread=thread.id)
    assert (await http("GET", f"/channels/{thread.id}/messages")).json[0]["content"] == "psst"


@pytest.mark.cites("openapi create_dm")
async def test_dm_with_a_member(room: Sandbox, http: Http) -> None:
    alice = await room.member("alice")
    opened = await http("POST", "/users/@me/channels", {"recipient_id": str(alice.id)})
    assert [user["id"] for user in opened.json["recipients"]] == [str(alice.id)]
    await posted(http, int(opened.json["id"]), "hello you")
    assert [message.content for message in await alice.sees(await alice.dm())] == ["hello you"]


@pytest.mark.cites("protocol gateway.7", "openapi list_messages")
async def test_content_of_history_needs_the_intent(room: Sandbox) -> None:
    plain = await room.application("plain", privileged=0)
    await room.invite("plain")
    _, channel = await ids(room)
    alice = await room.member("alice")
    await alice.say("secret", channel)
    async with Http(room.api_url, plain["token"]) as http:
        assert (await http("GET", f"/channels/{channel}/messages")).json[0]["content"] == ""


@pytest.mark.cites("openapi execute_webhook", "openapi create_webhook", "openapi list_channel_webhooks")
async def test_webhook_posts_under_its_name(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "Deploys"})).json
    path = f"/webhooks/{hook['id']}/{hook['token']}"
    silent = await http("POST", path, {"content": "done"})
    assert silent.status == 204
    shown = await http("POST", path + "?wait=true", {"content": "done", "username": "CI"})
    assert (shown.json["author"]["username"], shown.json["webhook_id"]) == ("CI", hook["id"])
    assert code(await http("POST", f"/webhooks/{hook['id']}/wrong", {"content": "x"})) == (401, 50027)
    conforms(room.record)


@pytest.mark.cites(
    "protocol interactions.4",
    "openapi bulk_set_application_commands",
    "openapi bulk_set_guild_application_commands",
)
async def test_commands_are_overwritten_in_bulk_and_keep_their_ids(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    guild, _ = await ids(room)
    base = f"/applications/{room.application_id}"
    forms = [{"name": "ping", "description": "Ping."}, {"name": "Report", "type": 3}]
    first = (await http("PUT", base + "/commands", forms)).json
    second = (await http("PUT", base + "/commands", forms[:1])).json
    assert [c["name"] for c in first] == ["ping", "Report"]
    assert second[0]["id"] == first[0]["id"]
    mine = await http("PUT", f"{base}/guilds/{guild}/commands", forms)
    assert mine.json[0]["guild_id"] == str(guild)
    assert code(await http("PUT", base + "/commands", [{"name": "Bad Name", "description": "x"}])) == (
        400,
        50035,
    )
    assert code(await http("GET", "/applications/1/commands")) == (403, 20012)
    conforms(room.record)


@pytest.mark.cites("protocol rest.3")
async def test_answers_carry_rate_limit_headers(room: Sandbox, http: Http) -> None:
    guild, channel = await ids(room)
    first = (await http("GET", f"/channels/{channel}")).headers
    second = (await http("GET", f"/channels/{channel}")).headers
    assert int(second["X-RateLimit-Remaining"]) == int(first["X-RateLimit-Remaining"]) - 1
    assert first["X-RateLimit-Bucket"] == second["X-RateLimit-Bucket"]
    assert float(first["X-RateLimit-Reset"]) > 1_000_000_000
    other = await room.channel("other")
    fresh = (await http("GET", f"/channels/{other.id}")).headers
    assert fresh["X-RateLimit-Remaining"] == first["X-RateLimit-Remaining"]
    assert (await http("GET", f"/guilds/{guild}")).headers["X-RateLimit-Bucket"] != first[
        "X-RateLimit-Bucket"
    ]


@pytest.mark.cites("protocol rest.3")
async def test_real_limit_answers_429(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    room.core.rates["GET /channels/{channel_id}"] = (1, 30.0)
    await http("GET", f"/channels/{channel}")
    reply = await http("GET", f"/channels/{channel}")
    assert reply.status == 429
    assert 0 < reply.json["retry_after"] <= 30
    assert reply.headers["Via"]
    conforms(room.record)


@pytest.mark.cites("protocol rest.3")
async def test_429_on_demand(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    room.faults.rate_limit("POST /channels/{id}/messages", times=2, retry_after=0.5, is_global=True)
    reply = await http("POST", f"/channels/{channel}/messages", {"content": "x"})
    assert (reply.status, reply.json["retry_after"], reply.json["global"]) == (429, 0.5, True)
    assert (reply.headers["X-RateLimit-Scope"], reply.headers["X-RateLimit-Global"]) == ("global", "true")
    assert (await http("GET", f"/channels/{channel}")).status == 200
    room.faults.clear()
    assert (await http("POST", f"/channels/{channel}/messages", {"content": "x"})).status == 200


@pytest.mark.cites("protocol rest.4")
@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
async def test_5xx_before_or_after_the_write(room: Sandbox, http: Http, when: str, made: int) -> None:
    _, channel = await ids(room)
    room.faults.fail("POST /channels/*/messages", status=503, when=when)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {room.token}"}) as session:
        url = f"{room.api_url}/channels/{channel}/messages"
        async with session.post(url, json={"content": "x"}) as reply:
            assert reply.status == 503
    assert len(room.record.messages()) == made
    assert room.record.requests()[-1]["answered"] is (when == "before")


@pytest.mark.cites("protocol rest.4")
async def test_connection_dropped_after_the_write(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    room.faults.drop("POST /channels/*/messages")
    with pytest.raises(aiohttp.ClientError):
        await http("POST", f"/channels/{channel}/messages", {"content": "x", "nonce": "n"})
    assert [entry["nonce"] for entry in room.record.messages()] == ["n"]


async def test_latency_delays_answers(room: Sandbox, http: Http) -> None:
    loop = asyncio.get_running_loop()
    room.faults.latency = 0.1
    before = loop.time()
    await http("GET", "/users/@me")
    assert loop.time() - before >= 0.1
