"""Making, reading, changing and deleting one thing after another, by a raw client."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Http, code, ids, posted


async def steps(http: Http, *wanted: tuple[str, str, Any, int]) -> list[Any]:
    """Send requests one after another; return their answers."""
    answers = []
    for method, path, body, status in wanted:
        reply = await http(method, path, body)
        assert reply.status == status, (method, path, reply.json)
        answers.append(reply.json)
    return answers


@pytest.mark.cites(
    "openapi create_application_command",
    "openapi get_application_command",
    "openapi update_application_command",
    "openapi delete_application_command",
    "openapi list_application_commands",
    "openapi create_guild_application_command",
    "openapi get_guild_application_command",
    "openapi update_guild_application_command",
    "openapi delete_guild_application_command",
    "openapi list_guild_application_commands",
)
@pytest.mark.parametrize("in_guild", [False, True], ids=["global", "guild"])
async def test_command_is_made_read_changed_and_deleted(
    room: Sandbox, http: Http, conforms: Any, in_guild: bool
) -> None:
    guild, _ = await ids(room)
    place = f"/guilds/{guild}" if in_guild else ""
    base = f"/applications/{room.application_id}{place}/commands"
    command = {"name": "ping", "description": "Ping.", "type": 1}
    made = (await http("POST", base, command)).json
    one = f"{base}/{made['id']}"
    again, found, changed, _, left = await steps(
        http,
        ("POST", base, command, 200),
        ("GET", one, None, 200),
        ("PATCH", one, {"description": "Pong."}, 200),
        ("DELETE", one, None, 204),
        ("GET", base, None, 200),
    )
    assert again["id"] == found["id"] == changed["id"] == made["id"]
    assert (changed["name"], changed["description"]) == ("ping", "Pong.")
    assert left == []
    assert code(await http("GET", one)) == (404, 10063)
    conforms(room.record)


@pytest.mark.cites("openapi get_guild_role", "openapi update_guild_role", "openapi delete_guild_role")
async def test_role_is_read_changed_and_deleted(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, _ = await ids(room)
    role = (await http("POST", f"/guilds/{guild}/roles", {"name": "helper"})).json
    room.core.world.guilds[guild].roles[int(role["id"])].position = 0  # below the bot's own
    one = f"/guilds/{guild}/roles/{role['id']}"
    found, changed, _ = await steps(
        http, ("GET", one, None, 200), ("PATCH", one, {"name": "staff"}, 200), ("DELETE", one, None, 204)
    )
    assert (found["name"], changed["name"]) == ("helper", "staff")
    assert code(await http("GET", one)) == (404, 10011)
    conforms(room.record)


@pytest.mark.cites("openapi delete_user_message_reaction", "openapi delete_all_message_reactions")
async def test_reactions_of_others_are_taken_away(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    alice, bob = await room.member("alice"), await room.member("bob")
    message = await alice.say("hello", channel)
    for person in (alice, bob):
        await person.react(message, "👍")
    one = f"/channels/{channel}/messages/{message.id}"
    thumb = f"{one}/reactions/%F0%9F%91%8D"
    _, left, _, none = await steps(
        http,
        ("DELETE", f"{thumb}/{alice.id}", None, 204),
        ("GET", thumb, None, 200),
        ("DELETE", f"{one}/reactions", None, 204),
        ("GET", one, None, 200),
    )
    assert [user["username"] for user in left] == ["bob"]
    assert not none.get("reactions")
    conforms(room.record)


@pytest.mark.cites(
    "openapi join_thread",
    "openapi leave_thread",
    "openapi delete_thread_member",
    "openapi list_my_private_archived_threads",
)
async def test_thread_is_joined_left_and_listed_where_it_is_private(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    thread = (await http("POST", f"/channels/{channel}/threads", {"name": "quiet", "type": 12})).json
    members = f"/channels/{thread['id']}/thread-members"
    await steps(
        http,
        ("PUT", f"{members}/{alice.id}", None, 204),
        ("DELETE", f"{members}/{alice.id}", None, 204),
        ("DELETE", f"{members}/@me", None, 204),
        ("PUT", f"{members}/@me", None, 204),
    )
    (only,) = (await http("GET", members)).json
    assert only["user_id"] == str(room.bot_user.id)
    await http("PATCH", f"/channels/{thread['id']}", {"archived": True})
    mine = (await http("GET", f"/channels/{channel}/users/@me/threads/archived/private")).json
    assert [each["id"] for each in mine["threads"]] == [thread["id"]]
    conforms(room.record)


@pytest.mark.cites(
    "openapi get_webhook_by_token",
    "openapi get_webhook_message",
    "openapi update_webhook_message",
    "openapi delete_webhook_message",
    "openapi delete_webhook",
)
async def test_webhooks_messages_are_its_own(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "Deploys"})).json
    base = f"/webhooks/{hook['id']}/{hook['token']}"
    async with Http(room.api_url, None) as anyone:
        shown = (await anyone("GET", base)).json
        assert (shown["name"], "user" in shown) == ("Deploys", False)
        sent = (await anyone("POST", f"{base}?wait=true", {"content": "done"})).json
        one = f"{base}/messages/{sent['id']}"
        found, changed, _ = await steps(
            anyone,
            ("GET", one, None, 200),
            ("PATCH", one, {"content": "redone"}, 200),
            ("DELETE", one, None, 204),
        )
        assert (found["content"], changed["content"]) == ("done", "redone")
        other = await posted(http, channel)
        assert code(await anyone("GET", f"{base}/messages/{other['id']}")) == (404, 10008)
        assert (await http("DELETE", f"/webhooks/{hook['id']}")).status == 204
        assert code(await anyone("GET", base))[0] == 404
    conforms(room.record)


@pytest.mark.cites("openapi get_gateway", "openapi get_bot_gateway", "protocol pointing.1")
async def test_gateways_address_is_the_sandboxs_own(room: Sandbox, http: Http, conforms: Any) -> None:
    async with Http(room.api_url, None) as anyone:
        assert (await anyone("GET", "/gateway")).json == {"url": room.gateway_url}
        assert code(await anyone("GET", "/gateway/bot")) == (401, 0)
    assert (await http("GET", "/gateway/bot")).json["url"] == room.gateway_url
    conforms(room.record)
