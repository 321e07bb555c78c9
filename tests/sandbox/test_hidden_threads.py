"""A thread is seen by whoever sees its channel, by raw clients of a bot that doesn't."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Channel
from tests.sandbox.raw import Http, Socket, code, connected, ids

PERMISSIONS = "docs topics/threads#permissions"
HIDDEN = {"everyone": {"deny": ["view_channel"]}}


@pytest.fixture
async def plain(room: Sandbox) -> dict[str, Any]:
    """An application whose bot has no more permissions than everyone."""
    app = await room.application("plain")
    await room.invite("plain", permissions=[])
    return app


@pytest.fixture
async def their_http(room: Sandbox, plain: dict[str, Any]) -> AsyncIterator[Http]:
    async with Http(room.api_url, plain["token"]) as client:
        yield client


async def threads_of(room: Sandbox, channel: Channel) -> tuple[Channel, Channel]:
    """Start an open and an archived thread in a channel."""
    owner = await room.member("owner")
    opened = await owner.start_thread(await owner.say("one", channel), "open")
    closed = await owner.start_thread(await owner.say("two", channel), "closed")
    await closed.edit(archived=True)
    return opened, closed


@pytest.mark.cites(PERMISSIONS, "protocol gateway.3", "protocol gateway.7")
async def test_thread_of_a_hidden_channel_is_not_told_of(room: Sandbox, plain: dict[str, Any]) -> None:
    secret, owner = await room.channel("secret", overwrites=HIDDEN), await room.member("owner")
    opened, _ = await threads_of(room, secret)
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(plain["token"])
        guild = await socket.until("GUILD_CREATE")
        assert guild["threads"] == []
        assert len(guild["channels"]) == 2  # the hidden channel itself is no secret
        await owner.say("three", opened)
        await owner.start_thread(None, "new", channel=secret)
        await owner.say("seen", "help")
        assert [event["t"] for event in await socket.drained()] == ["MESSAGE_CREATE"]


@pytest.mark.cites(
    PERMISSIONS, "protocol rest.5", "openapi list_messages", "openapi get_active_guild_threads"
)
async def test_thread_of_a_hidden_channel_is_out_of_reach(
    room: Sandbox, http: Http, their_http: Http
) -> None:
    guild, _ = await ids(room)
    secret = await room.channel("secret", overwrites=HIDDEN)
    opened, closed = await threads_of(room, secret)
    for thread in (opened, closed):
        for path in ("", "/messages", f"/messages/{thread.id}", "/thread-members"):
            assert code(await their_http("GET", f"/channels/{thread.id}{path}")) == (403, 50001)
        posting = await their_http("POST", f"/channels/{thread.id}/messages", {"content": "x"})
        assert code(posting) == (403, 50001)
        assert (await http("GET", f"/channels/{thread.id}/messages")).status == 200
    archived = f"/channels/{secret.id}/threads/archived/public"
    assert code(await their_http("GET", archived)) == (403, 50001)
    assert [each["id"] for each in (await http("GET", archived)).json["threads"]] == [str(closed.id)]
    active = f"/guilds/{guild}/threads/active"
    assert (await their_http("GET", active)).json["threads"] == []
    assert [each["id"] for each in (await http("GET", active)).json["threads"]] == [str(opened.id)]


@pytest.mark.cites(PERMISSIONS)
async def test_channel_that_is_shown_to_one_bot_shows_it_its_threads(
    room: Sandbox, plain: dict[str, Any], their_http: Http
) -> None:
    rules: dict[Any, dict[str, list[str]]] = {**HIDDEN, plain["bot_id"]: {"allow": ["view_channel"]}}
    opened, _ = await threads_of(room, await room.channel("secret", overwrites=rules))
    async with await connected(room, token=plain["token"]) as socket:
        await (await room.member("owner")).say("three", opened)
        assert (await socket.until("MESSAGE_CREATE"))["content"] == "three"
    assert (await their_http("GET", f"/channels/{opened.id}")).json["id"] == str(opened.id)
