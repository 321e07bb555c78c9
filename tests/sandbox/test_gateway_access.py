"""What a bot is told when it gains a channel, by a raw websocket."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Http, Socket, connected

SYNC = "docs events/gateway-events#thread-list-sync"
HIDDEN = {"everyone": {"deny": ["view_channel"]}}


@pytest.fixture
async def plain(room: Sandbox) -> dict[str, Any]:
    """An application whose bot has no more permissions than everyone."""
    app = await room.application("plain")
    await room.invite("plain", permissions=[])
    return app


async def hidden_threads(room: Sandbox) -> tuple[int, int, int]:
    """Make a hidden channel with an open and an archived thread; return its id and theirs."""
    owner = await room.member("owner")
    channel = await room.channel("secret", overwrites=HIDDEN)
    opened = await owner.start_thread(await owner.say("one", channel), "open")
    closed = await owner.start_thread(await owner.say("two", channel), "closed")
    await closed.edit(archived=True)
    return channel.id, opened.id, closed.id


async def named(socket: Socket) -> list[str]:
    return [payload["t"] for payload in await socket.drained()]


@pytest.mark.cites(SYNC)
async def test_overwrite_that_shows_a_channel_brings_its_active_threads(
    room: Sandbox, plain: dict[str, Any]
) -> None:
    channel, opened, _ = await hidden_threads(room)
    async with await connected(room, token=plain["token"]) as socket:
        await room.call("set_overwrites", channel=channel, overwrites=[])
        updated = await socket.until("CHANNEL_UPDATE")
        assert updated["permission_overwrites"] == []
        sync = await socket.until("THREAD_LIST_SYNC")
        assert sync["channel_ids"] == [str(channel)]
        assert [thread["id"] for thread in sync["threads"]] == [str(opened)]
        assert sync["members"] == []
        await room.call("set_overwrites", channel=channel, overwrites=[])
        assert await named(socket) == ["CHANNEL_UPDATE"]


@pytest.mark.cites(SYNC)
@pytest.mark.parametrize("how", ["role given", "role edited", "role removed"])
async def test_role_that_shows_a_channel_brings_its_threads(
    room: Sandbox, http: Http, plain: dict[str, Any], how: str
) -> None:
    guild = (await room.state())["guilds"]["Home"]["id"]
    staff = await room.role("staff")
    room.core.world.guilds[guild].roles[staff.id].position = 0
    channel, opened, _ = await hidden_threads(room)
    shown = [{"target": "everyone", "deny": ["view_channel"]}, {"target": "staff", "allow": ["view_channel"]}]
    if how == "role removed":
        shown = [{"target": "staff", "deny": ["view_channel"]}]
    if how != "role edited":
        await room.call("set_overwrites", channel=channel, overwrites=shown)
    if how != "role given":
        await room.call("set_member", member="plain", roles=["plain", "staff"])
    if how == "role removed":
        await room.call("set_overwrites", channel=channel, overwrites=shown)
    async with await connected(room, token=plain["token"]) as socket:
        if how == "role given":
            await room.call("set_member", member="plain", roles=["plain", "staff"])
        elif how == "role edited":
            reply = await http("PATCH", f"/guilds/{guild}/roles/{staff.id}", {"permissions": str(1 << 3)})
            assert reply.status == 200
        else:
            reply = await http("DELETE", f"/guilds/{guild}/roles/{staff.id}")
            assert reply.status == 204
        sync = await socket.until("THREAD_LIST_SYNC")
        assert sync["channel_ids"] == [str(channel)]
        assert [thread["id"] for thread in sync["threads"]] == [str(opened)]


@pytest.mark.cites(SYNC)
async def test_private_thread_is_synced_to_its_members_alone(room: Sandbox, http: Http) -> None:
    app = await room.application("plain")
    await room.invite("plain", permissions=[])
    channel = (await room.channel("secret", overwrites=HIDDEN)).id
    mine = (await http("POST", f"/channels/{channel}/threads", {"name": "mine", "type": 12})).json["id"]
    await http("POST", f"/channels/{channel}/threads", {"name": "not mine", "type": 12})
    await http("PUT", f"/channels/{mine}/thread-members/{app['bot_id']}")
    async with await connected(room, token=app["token"]) as socket:
        await room.call("set_overwrites", channel=channel, overwrites=[])
        sync = await socket.until("THREAD_LIST_SYNC")
        assert [thread["id"] for thread in sync["threads"]] == [mine]
        assert [(member["id"], member["user_id"]) for member in sync["members"]] == [
            (mine, str(app["bot_id"]))
        ]


@pytest.mark.cites(SYNC)
async def test_nothing_is_synced_by_losing_a_channel_or_by_a_new_one(
    room: Sandbox, plain: dict[str, Any]
) -> None:
    async with await connected(room, token=plain["token"]) as socket:
        channel = await room.channel("new")
        await channel.edit(topic="shown")
        await room.call(
            "set_overwrites",
            channel=channel.id,
            overwrites=[{"target": "everyone", "deny": ["view_channel"]}],
        )
        await channel.edit(topic="hidden")
        assert await named(socket) == ["CHANNEL_CREATE", *["CHANNEL_UPDATE"] * 3]


@pytest.mark.cites(SYNC)
async def test_channel_gained_before_the_bot_left_and_came_back_is_in_its_guild(
    room: Sandbox, plain: dict[str, Any]
) -> None:
    _, opened, _ = await hidden_threads(room)
    async with await connected(room, token=plain["token"]) as socket:
        await room.call("remove_member", member="plain")
        await socket.until("GUILD_DELETE")
        await room.call("set_overwrites", channel="secret", overwrites=[])
        await room.invite("plain", permissions=[])
        guild = await socket.until("GUILD_CREATE")
        assert [thread["id"] for thread in guild["threads"]] == [str(opened)]
        await room.call("edit_channel", channel="secret", changes={"topic": "x"})
        assert await named(socket) == ["CHANNEL_UPDATE"]
