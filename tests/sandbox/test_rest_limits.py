"""The edges of the HTTP API: what is refused, with which code."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Member
from tests.sandbox.raw import Http, Reply, code, ids, posted


@pytest.mark.cites("openapi bulk_delete_messages")
async def test_bulk_deletion_takes_2_to_100_young_messages(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    old = await alice.say("old", channel, ts="2024-01-01")
    young = await alice.say("young", channel)
    path = f"/channels/{channel}/messages/bulk-delete"
    assert code(await http("POST", path, {"messages": [str(young.id)]})) == (400, 50016)
    assert code(await http("POST", path, {"messages": [str(young.id), str(old.id)]})) == (400, 50034)
    assert len(await alice.sees(channel)) == 2


@pytest.mark.cites("docs topics/threads#locked-threads", "protocol rest.5")
async def test_locked_threads_are_for_moderators(room: Sandbox, http: Http) -> None:
    guild = await room.guild("Humble", bot_permissions=[])
    channel = await room.channel("plain", guild=guild)
    owner = await room.member("owner", guild=guild)
    thread = await owner.start_thread(await owner.say("start", channel), "talk")
    path = f"/channels/{thread.id}/messages"
    await thread.edit(locked=True)
    assert code(await http("POST", path, {"content": "x"})) == (400, 160005)
    await thread.edit(archived=True)
    assert code(await http("POST", path, {"content": "x"})) == (400, 50083)
    await thread.edit(locked=False)
    assert (await http("POST", path, {"content": "x"})).status == 200
    assert (await http("GET", f"/channels/{thread.id}")).json["thread_metadata"]["archived"] is False


@pytest.mark.cites("protocol rest.5", "docs topics/opcodes-and-status-codes#json")
async def test_reply_needs_the_history(room: Sandbox, http: Http) -> None:
    guild = await room.guild("Humble", bot_permissions=[])
    channel = await room.channel(
        "blind", guild=guild, overwrites={"everyone": {"deny": ["read_message_history"]}}
    )
    owner = await room.member("owner", guild=guild)
    message = await owner.say("hi", channel)
    body = {"content": "x", "message_reference": {"message_id": str(message.id)}}
    assert code(await http("POST", f"/channels/{channel.id}/messages", body)) == (400, 160002)
    assert (await http("GET", f"/channels/{channel.id}/messages")).json == []
    assert code(await http("GET", f"/channels/{channel.id}/messages/{message.id}")) == (403, 50013)


@pytest.mark.cites("openapi update_message", "openapi delete_message", "protocol rest.5")
async def test_own_messages_only_are_edited_and_others_deleted_with_permission(
    room: Sandbox, http: Http
) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    message = await alice.say("mine", channel)
    path = f"/channels/{channel}/messages/{message.id}"
    assert code(await http("PATCH", path, {"content": "yours"})) == (403, 50005)
    assert (await http("DELETE", path)).status == 204
    assert code(await http("DELETE", path)) == (404, 10008)


@pytest.mark.cites("openapi update_message")
async def test_edit_keeps_replaces_and_empties(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    made = await posted(http, channel, "text", embeds=[{"title": "t"}])
    path = f"/channels/{channel}/messages/{made['id']}"
    assert (await http("PATCH", path, {"content": "new"})).json["embeds"][0]["title"] == "t"
    assert (await http("PATCH", path, {"embeds": []})).json["content"] == "new"
    assert code(await http("PATCH", path, {"content": ""})) == (400, 50006)


@pytest.mark.cites("openapi add_guild_member_role", "openapi delete_guild_member_role", "protocol rest.5")
async def test_roles_are_handed_out_below_the_bots_own(room: Sandbox, http: Http) -> None:
    guild, _ = await ids(room)
    above = await room.role("above")
    alice = await room.member("alice")
    path = f"/guilds/{guild}/members/{alice.id}/roles/{above.id}"
    await room.call("set_role", role=above.id, position=9)
    assert code(await http("PUT", path)) == (403, 50013)
    await room.call("set_role", role=above.id, position=1)
    assert (await http("PUT", path)).status == 204
    assert (await http("GET", f"/guilds/{guild}/members/{alice.id}")).json["roles"] == [str(above.id)]
    assert (await http("DELETE", path)).status == 204


@pytest.mark.cites("openapi list_guild_members")
async def test_members_are_listed_by_id_in_pages(room: Sandbox, http: Http) -> None:
    guild, _ = await ids(room)
    for name in ("alice", "bob", "carol"):
        await room.member(name)
    first = (await http("GET", f"/guilds/{guild}/members?limit=3")).json
    rest = (await http("GET", f"/guilds/{guild}/members?limit=3&after={first[-1]['user']['id']}")).json
    found = [member["user"]["username"] for member in first + rest]
    assert sorted(found) == ["alice", "bob", "bot", "carol", "owner"]


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json", "docs resources/user#create-dm")
async def test_a_bot_is_no_stranger_to_those_it_writes(room: Sandbox, http: Http) -> None:
    other = await room.guild("Elsewhere", bots=[])
    stranger, alice = await room.member("stranger", guild=other), await room.member("alice")

    async def write(person: Member) -> Reply:
        opened = await http("POST", "/users/@me/channels", {"recipient_id": str(person.id)})
        return await http("POST", f"/channels/{opened.json['id']}/messages", {"content": "hi"})

    assert code(await write(stranger)) == (403, 50007)
    assert (await write(alice)).status == 200
    await room.call("set_user", user=alice.id, takes_dms=False)
    assert code(await write(alice)) == (403, 50007)
    assert code(await http("GET", f"/guilds/{other.id}")) == (404, 10004)


@pytest.mark.cites("protocol rest.5")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/channels/{channel}/threads", {"name": 5}),
        ("POST", "/channels/{channel}/threads", {"name": "x", "auto_archive_duration": 7}),
        ("POST", "/guilds/{guild}/channels", {"name": "x", "type": 99}),
        ("PATCH", "/channels/{channel}", {"permission_overwrites": [5]}),
        ("PATCH", "/channels/{channel}", {"position": "first"}),
        ("PATCH", "/channels/{channel}", {"nsfw": 1}),
        ("PATCH", "/guilds/{guild}/members/@me", {"nick": ["x"]}),
        ("POST", "/guilds/{guild}/roles", {"color": True}),
        ("POST", "/users/@me/channels", {}),
        ("PUT", "/applications/{app}/commands", {"not": "a list"}),
        ("PUT", "/applications/{app}/commands", [7]),
        ("POST", "/guilds/{guild}/roles", {"permissions": "many"}),
        ("PUT", "/channels/{channel}/permissions/5", {"type": 9}),
    ],
)
async def test_nonsense_is_an_invalid_form(
    room: Sandbox, http: Http, method: str, path: str, body: Any
) -> None:
    guild, channel = await ids(room)
    filled = path.format(guild=guild, channel=channel, app=room.application_id)
    assert code(await http(method, filled, body)) == (400, 50035)
