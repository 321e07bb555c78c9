"""Ranks, timeouts, slow mode, bans, roles and channels in order: who may do what to whom."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.errors import ApiError
from tests.sandbox.clocks import Clock
from tests.sandbox.conftest import Hands
from tests.sandbox.raw import ALL_INTENTS, Http, Socket, code, ids, posted

MODERATION = 1 << 2


@pytest.mark.cites(
    "openapi ban_user_from_guild",
    "openapi list_guild_bans",
    "openapi unban_user_from_guild",
    "openapi get_guild_ban",
)
async def test_bans_are_made_listed_and_lifted(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, channel = await ids(room)
    alice, bob = await room.member("alice"), await room.member("bob")
    await alice.say("spam", channel)
    base = f"/guilds/{guild}/bans"
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, ALL_INTENTS | MODERATION)
        why = {"X-Audit-Log-Reason": "spam%20bot"}
        assert (
            await http("PUT", f"{base}/{alice.id}", {"delete_message_seconds": 60}, headers=why)
        ).status == 204
        assert (await socket.until("GUILD_BAN_ADD"))["user"]["id"] == str(alice.id)
        assert (await http("DELETE", f"{base}/{alice.id}")).status == 204
        assert (await socket.until("GUILD_BAN_REMOVE"))["user"]["id"] == str(alice.id)
    assert await bob.sees(channel) == []
    await http("PUT", f"{base}/{bob.id}", headers=why)
    assert [(ban["user"]["username"], ban["reason"]) for ban in (await http("GET", base)).json] == [
        ("bob", "spam bot")
    ]
    assert (await http("GET", f"{base}/{bob.id}")).json["reason"] == "spam bot"
    assert code(await http("GET", f"{base}/{alice.id}")) == (404, 10026)
    assert code(await http("DELETE", f"{base}/{alice.id}")) == (404, 10026)
    assert code(await http("GET", f"/guilds/{guild}/members/{bob.id}")) == (404, 10007)
    conforms(room.record)


@pytest.mark.cites("openapi bulk_ban_users_from_guild", "docs resources/guild#bulk-guild-ban")
async def test_bulk_ban_says_whom_it_could_not_ban(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, _ = await ids(room)
    alice, owner = await room.member("alice"), await room.member("owner")
    path, wanted = f"/guilds/{guild}/bulk-ban", {"user_ids": [str(alice.id), str(owner.id)]}
    reply = await http("POST", path, wanted)
    assert reply.json == {"banned_users": [str(alice.id)], "failed_users": [str(owner.id)]}
    assert code(await http("POST", path, wanted)) == (400, 500_000)
    conforms(room.record)


@pytest.mark.cites("docs topics/permissions#permission-hierarchy", "protocol rest.5")
async def test_nothing_is_done_to_members_and_roles_of_the_same_rank_or_higher(
    room: Sandbox, http: Http
) -> None:
    guild, _ = await ids(room)
    chief = await room.role("chief")
    await room.call("set_role", role=chief.id, position=9)
    boss, owner = await room.member("boss", roles=[chief]), await room.member("owner")
    for person in (boss, owner):
        where = f"/guilds/{guild}/members/{person.id}"
        assert code(await http("DELETE", where)) == (403, 50013)
        assert code(await http("PUT", f"/guilds/{guild}/bans/{person.id}")) == (403, 50013)
        assert code(await http("PATCH", where, {"nick": "x"})) == (403, 50013)
        assert code(await http("PATCH", where, {"communication_disabled_until": "2030-01-01T00:00:00Z"})) == (
            403,
            50013,
        )
    assert code(await http("PATCH", f"/guilds/{guild}/roles/{chief.id}", {"name": "x"})) == (403, 50013)
    assert code(await http("DELETE", f"/guilds/{guild}/roles/{chief.id}")) == (403, 50013)
    assert code(await http("PATCH", f"/guilds/{guild}/roles", [{"id": str(chief.id), "position": 1}])) == (
        403,
        50013,
    )
    assert boss.id in room.core.world.guilds[guild].members


@pytest.mark.cites("docs topics/permissions#permission-hierarchy", "protocol rest.5")
async def test_nothing_is_done_to_a_member_of_the_very_same_rank(room: Sandbox, http: Http) -> None:
    guild, _ = await ids(room)
    chief = await room.role("chief")
    await room.call("set_role", role=chief.id, position=9)
    await room.call("set_member", member="bot", roles=["bot", "chief"])
    peer, below = await room.member("peer", roles=[chief]), await room.member("below")
    where = f"/guilds/{guild}/members/{peer.id}"
    assert code(await http("PATCH", where, {"nick": "x"})) == (403, 50013)
    assert code(await http("DELETE", where)) == (403, 50013)
    assert (await http("DELETE", f"/guilds/{guild}/members/{below.id}")).status == 204


@pytest.mark.cites("openapi bulk_delete_messages")
async def test_messages_of_two_weeks_ago_are_not_deleted_in_bulk(
    room: Sandbox, http: Http, hands: Hands
) -> None:
    _, channel = await ids(room)
    old = [await posted(http, channel) for _ in range(2)]
    hands.ahead += 14 * 86_400 - 1
    new = [await posted(http, channel) for _ in range(2)]
    path = f"/channels/{channel}/messages/bulk-delete"
    hands.ahead += 1
    mixed = {"messages": [old[0]["id"], new[0]["id"]]}
    assert code(await http("POST", path, mixed)) == (400, 50034)
    assert len((await http("GET", f"/channels/{channel}/messages")).json) == 4
    assert (await http("POST", path, {"messages": [each["id"] for each in new]})).status == 204
    hands.ahead -= 1
    assert (await http("POST", path, {"messages": [each["id"] for each in old]})).status == 204


@pytest.mark.cites(
    "docs topics/permissions#permission-hierarchy",
    "openapi create_guild_role",
    "docs resources/channel#edit-channel-permissions",
    "openapi set_channel_permission_overwrite",
    "openapi update_guild_role",
)
async def test_a_bot_grants_only_what_it_has(room: Sandbox) -> None:
    guild = await room.guild("Small", bot_permissions=["view_channel", "manage_roles", "send_messages"])
    channel = await room.channel("plain", guild=guild)
    async with Http(room.api_url, room.token) as http:
        path = f"/guilds/{guild.id}/roles"
        assert code(await http("POST", path, {"permissions": "8"})) == (403, 50013)
        made = await http("POST", path, {"name": "r", "permissions": "2048"})
        assert (made.status, made.json["position"]) == (200, 1)
        assert code(await http("PATCH", f"{path}/{made.json['id']}", {"permissions": "8"})) == (403, 50013)
        rule = f"/channels/{channel.id}/permissions/{made.json['id']}"
        assert code(await http("PUT", rule, {"type": 0, "allow": str(1 << 13)})) == (403, 50013)
        assert (await http("PUT", rule, {"type": 0, "deny": "2048"})).status == 204


@pytest.mark.cites(
    "docs topics/permissions#permissions-for-timed-out-members",
    "openapi update_guild_member",
    "docs resources/guild#modify-guild-member",
)
async def test_a_timeout_leaves_only_looking_on(
    room: Sandbox, http: Http, clock: Clock, conforms: Any
) -> None:
    guild, channel = await ids(room)
    alice = await room.member("alice")
    message = await alice.say("before", channel)
    until = "2023-11-14T23:30:00+00:00"
    path = f"/guilds/{guild}/members/{alice.id}"
    shown = (await http("PATCH", path, {"communication_disabled_until": until})).json
    assert shown["communication_disabled_until"].startswith("2023-11-14T23:30:00")
    with pytest.raises(ApiError, match="50013"):
        await alice.say("during", channel)
    with pytest.raises(ApiError, match="50013"):
        await alice.start_thread(message, "talk")
    assert len(await alice.sees(channel)) == 1
    clock.time += 3600
    await alice.say("after", channel)
    late = await http("PATCH", path, {"communication_disabled_until": "2024-11-14T00:00:00Z"})
    assert code(late) == (400, 50035)
    assert (await http("PATCH", path, {"communication_disabled_until": None})).json[
        "communication_disabled_until"
    ] is None
    conforms(room.record)


@pytest.mark.cites(
    "docs resources/channel#channel-object-channel-structure", "docs topics/opcodes-and-status-codes#json"
)
async def test_slow_mode_holds_members_back_and_lets_bots_pass(
    room: Sandbox, http: Http, clock: Clock
) -> None:
    _, channel = await ids(room)
    alice = await room.member("alice")
    free = await room.member("free", roles=[await room.role("free", permissions=["bypass_slowmode"])])
    await http("PATCH", f"/channels/{channel}", {"rate_limit_per_user": 30})
    await alice.say("one", channel)
    clock.time += 10
    with pytest.raises(ApiError, match="20016") as refused:
        await alice.say("two", channel)
    assert refused.value.body()["retry_after"] == 20.0
    for _ in range(2):
        await free.say("x", channel)
        await posted(http, channel)
    robot = await room.member("robot", bot=True)
    for _ in range(2):
        await robot.say("beep", channel)
    clock.time += 20
    message = await alice.say("two", channel)
    thread = await alice.start_thread(message, "talk")
    with pytest.raises(ApiError, match="20016"):
        await alice.start_thread(None, "again", channel=channel)
    await thread.edit(slowmode=5)
    await alice.say("in", thread)
    with pytest.raises(ApiError, match="20016"):
        await alice.say("in", thread)


@pytest.mark.cites(
    "openapi bulk_update_guild_roles", "openapi bulk_update_guild_channels", "openapi update_guild"
)
async def test_roles_channels_and_the_guild_are_put_in_order(
    room: Sandbox, http: Http, conforms: Any
) -> None:
    guild, channel = await ids(room)
    low, high = await room.role("low"), await room.role("high")
    moved = await http("PATCH", f"/guilds/{guild}/roles", [{"id": str(high.id), "position": 2}])
    places = {role["name"]: role["position"] for role in moved.json}
    assert (places["low"], places["high"], places["bot"]) == (1, 2, 3), low
    rule = {"id": str(guild), "type": 0, "deny": "2048"}
    body = {"name": "Group", "type": 4, "permission_overwrites": [rule]}
    group = (await http("POST", f"/guilds/{guild}/channels", body)).json
    inside = (await http("POST", f"/guilds/{guild}/channels", {"name": "in", "parent_id": group["id"]})).json
    assert inside["permission_overwrites"] == group["permission_overwrites"]
    moves = [{"id": str(channel), "position": 4, "parent_id": group["id"], "lock_permissions": True}]
    assert (await http("PATCH", f"/guilds/{guild}/channels", moves)).status == 204
    shown = (await http("GET", f"/channels/{channel}")).json
    assert (shown["position"], shown["parent_id"]) == (4, group["id"])
    assert shown["permission_overwrites"] == group["permission_overwrites"]
    assert (await http("DELETE", f"/channels/{group['id']}")).status == 200
    assert (await http("GET", f"/channels/{channel}")).json["parent_id"] is None
    edited = await http("PATCH", f"/guilds/{guild}", {"name": "New Home", "system_channel_id": str(channel)})
    assert (edited.json["name"], edited.json["system_channel_id"]) == ("New Home", str(channel))
    assert (await http("GET", f"/guilds/{guild}/roles/member-counts")).json[str(low.id)] == 0
    conforms(room.record)


@pytest.mark.cites("docs resources/message#message-object-message-types")
async def test_a_member_who_joins_is_announced_when_that_is_on(room: Sandbox, http: Http) -> None:
    guild, channel = await ids(room)
    await http("PATCH", f"/guilds/{guild}", {"system_channel_id": str(channel)})
    await room.member("quiet")
    await room.call("settings", join_messages=True)
    alice = await room.member("alice")
    shown = (await http("GET", f"/channels/{channel}/messages")).json
    assert [(item["type"], item["author"]["id"]) for item in shown] == [(7, str(alice.id))]


@pytest.mark.cites("openapi update_my_guild_member", "openapi leave_guild", "openapi update_my_user")
async def test_the_bot_renames_itself_and_leaves(room: Sandbox, http: Http, conforms: Any) -> None:
    guild, _ = await ids(room)
    assert (await http("PATCH", f"/guilds/{guild}/members/@me", {"nick": "Botty"})).json["nick"] == "Botty"
    assert (await http("PATCH", "/users/@me", {"username": "Robot"})).json["username"] == "Robot"
    assert (await http("DELETE", f"/users/@me/guilds/{guild}")).status == 204
    assert code(await http("GET", f"/guilds/{guild}")) == (404, 10004)
    conforms(room.record)
