"""A guild's small routes and what its members may be made to do, by a raw client."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Http, Socket, code, ids, posted

BITS = "docs topics/permissions#permissions-bitwise-permission-flags"


@pytest.mark.cites("openapi get_guild_preview", "openapi list_guild_emojis")
async def test_preview_and_emoji_of_a_guild_the_bot_is_in(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, _ = await ids(room)
    await http("PATCH", f"/guilds/{guild}", {"description": "where we live"})
    shown = (await http("GET", f"/guilds/{guild}/preview")).json
    assert (shown["id"], shown["name"], shown["description"]) == (str(guild), "Home", "where we live")
    assert shown["approximate_member_count"] == 2
    assert (await http("GET", f"/guilds/{guild}/emojis")).json == []
    elsewhere = await room.guild("Elsewhere", bots=[])
    for part in ("preview", "emojis"):
        assert code(await http("GET", f"/guilds/{elsewhere.id}/{part}")) == (404, 10004)
    conforms(room.record)


@pytest.mark.cites(
    "openapi list_guild_audit_log_entries",
    "docs resources/audit-log#get-guild-audit-log",
    "docs resources/audit-log#audit-log-entry-object",
)
async def test_who_added_bots_stands_in_the_audit_log(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, _ = await ids(room)
    alice = await room.member("alice")
    other = await room.application("other")
    await room.invite("other", permissions=[], by=alice)
    path = f"/guilds/{guild}/audit-logs"
    told = (await http("GET", f"{path}?action_type=28")).json
    owner_id = room.core.world.guilds[guild].owner_id
    assert [(each["user_id"], each["target_id"]) for each in told["audit_log_entries"]] == [
        (str(alice.id), str(other["bot_id"])),
        (str(owner_id), str(room.bot_user.id)),
    ]
    assert {each["username"] for each in told["users"]} == {"alice", "other", "owner", "bot"}
    newest, oldest = (each["id"] for each in told["audit_log_entries"])

    async def found(query: str) -> list[str]:
        answer = (await http("GET", f"{path}?{query}")).json
        return [each["id"] for each in answer["audit_log_entries"]]

    assert await found("limit=1") == [newest]
    assert await found(f"before={newest}") == [oldest]
    assert await found("after=1") == [oldest, newest]
    assert await found(f"user_id={alice.id}") == [newest]
    assert await found(f"target_id={room.bot_user.id}") == [oldest]
    assert await found("action_type=20") == []
    async with Http(room.api_url, other["token"]) as stranger:
        assert code(await stranger("GET", path)) == (403, 50013)
    assert code(await http("GET", f"{path}?limit=101")) == (400, 50035)
    conforms(room.record)


@pytest.mark.cites("openapi guild_role_member_counts")
async def test_members_of_roles_are_counted_and_everyone_is_left_out(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    guild, _ = await ids(room)
    staff, empty = await room.role("staff"), await room.role("empty")
    for name in ("alice", "bob"):
        await room.member(name, roles=[staff])
    counts = (await http("GET", f"/guilds/{guild}/roles/member-counts")).json
    own = (await room.state())["guilds"]["Home"]["roles"]["bot"]
    assert counts == {str(staff.id): 2, str(empty.id): 0, str(own): 1}
    conforms(room.record)


@pytest.mark.cites("openapi update_my_user")
async def test_the_bot_changes_its_name_and_face_and_hears_of_it(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        body = {"username": "Robot", "avatar": "data:image/png;base64,aGk="}
        changed = (await http("PATCH", "/users/@me", body)).json
        assert await socket.until("USER_UPDATE") == changed
    assert (changed["username"], len(changed["avatar"])) == ("Robot", 32)
    bare = (await http("PATCH", "/users/@me", {"username": "Robot", "avatar": None})).json
    assert (bare["username"], bare["avatar"]) == ("Robot", None)
    assert (await http("GET", "/users/@me")).json == bare
    assert code(await http("PATCH", "/users/@me", {"username": "R"})) == (400, 50035)
    conforms(room.record)


@pytest.mark.cites("docs resources/channel#edit-channel-permissions", "openapi update_channel")
async def test_overwrites_are_changed_with_manage_roles_within_ones_own_rights(room: Sandbox) -> None:
    app = await room.application("porter")
    await room.invite("porter", permissions=["manage_channels"])
    guild, _ = await ids(room)
    channel = await room.channel("hall", overwrites={"everyone": {"deny": ["send_messages"]}})
    path = f"/channels/{channel.id}"
    known = {"id": str(guild), "type": 0, "allow": "0", "deny": str(1 << 11)}
    async with Http(room.api_url, app["token"]) as http:

        async def put(*rules: dict[str, Any]) -> int:
            return (await http("PATCH", path, {"permission_overwrites": list(rules)})).status

        assert await put(known) == 200
        assert await put(known | {"deny": str(1 << 6)}) == 403
        assert await put() == 403
        roles = (await room.state())["guilds"]["Home"]["roles"]
        await room.call("set_role", role=roles["porter"], permissions=["manage_channels", "manage_roles"])
        assert await put(known, {"id": str(roles["bot"]), "type": 0, "deny": str(1 << 2)}) == 403
        assert await put(known, {"id": str(roles["bot"]), "type": 0, "deny": str(1 << 6)}) == 200
    shown = room.core.world.channels[channel.id].overwrites
    assert {rule.id: rule.deny for rule in shown.values()} == {guild: 1 << 11, roles["bot"]: 1 << 6}


@pytest.mark.cites("docs resources/guild#modify-guild-member", "openapi update_guild_member")
async def test_administrators_are_never_timed_out(room: Sandbox, http: Http) -> None:
    guild, _ = await ids(room)
    chief = await room.member("chief", roles=[await room.role("chief", permissions=["administrator"])])
    path = f"/guilds/{guild}/members/{chief.id}"
    until = {"communication_disabled_until": room.core.clock.now().isoformat()}
    assert code(await http("PATCH", path, until)) == (403, 50013)
    assert (await http("PATCH", path, {"communication_disabled_until": None})).status == 200
    assert (await http("PATCH", path, {"nick": "Chief"})).json["communication_disabled_until"] is None


@pytest.mark.cites(BITS, "openapi create_message")
async def test_embeds_and_files_take_their_permissions(room: Sandbox) -> None:
    app = await room.application("plain")
    await room.invite("plain", permissions=[])
    bare = await room.channel("bare", overwrites={"everyone": {"deny": ["embed_links", "attach_files"]}})
    path = f"/channels/{bare.id}/messages"
    file = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="files[0]"; filename="a"\r\n\r\nhi\r\n--x--\r\n'
    async with Http(room.api_url, app["token"]) as http:
        assert code(await http("POST", path, {"embeds": [{"title": "t"}]})) == (403, 50013)
        assert code(await http("POST", path, data=part, headers=file)) == (403, 50013)
        assert room.record.messages() == []
        await bare.set_overwrites({"everyone": {"deny": ["attach_files"]}})
        assert (await http("POST", path, {"embeds": [{"title": "t"}]})).status == 200
        await bare.set_overwrites({})
        assert (await http("POST", path, data=part, headers=file)).status == 200


@pytest.mark.cites(BITS, "openapi create_pin", "openapi delete_pin")
async def test_pins_take_their_permission_but_not_in_a_dm(room: Sandbox) -> None:
    app = await room.application("plain")
    await room.invite("plain", permissions=["manage_messages"])
    _, channel = await ids(room)
    alice = await room.member("alice")
    async with Http(room.api_url, app["token"]) as http:
        message = await posted(http, channel)
        path = f"/channels/{channel}/messages/pins/{message['id']}"
        assert code(await http("PUT", path)) == (403, 50013)
        assert code(await http("DELETE", path)) == (403, 50013)
        role = (await room.state())["guilds"]["Home"]["roles"]["plain"]
        await room.call("set_role", role=role, permissions=["pin_messages"])
        assert (await http("PUT", path)).status == 204
        opened = (await http("POST", "/users/@me/channels", {"recipient_id": str(alice.id)})).json
        said = await posted(http, int(opened["id"]))
        assert (await http("PUT", f"/channels/{opened['id']}/messages/pins/{said['id']}")).status == 204


@pytest.mark.cites("docs resources/webhook#create-webhook", "openapi create_webhook")
@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "my Discord", "CLYDE", None, 5])
async def test_webhooks_have_a_name_of_their_own(room: Sandbox, http: Http, name: Any) -> None:
    _, channel = await ids(room)
    path = f"/channels/{channel}/webhooks"
    assert code(await http("POST", path, {"name": name})) == (400, 50035)
    assert (await http("POST", path, {"name": "x" * 80})).status == 200


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json", "openapi create_webhook")
async def test_a_channel_has_at_most_15_webhooks(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    path = f"/channels/{channel}/webhooks"
    for number in range(15):
        assert (await http("POST", path, {"name": f"n{number}"})).status == 200
    assert code(await http("POST", path, {"name": "more"})) == (400, 30007)
