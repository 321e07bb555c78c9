"""Addresses and identifications as clients of other languages write them, by raw clients."""

import asyncio
from typing import Any, Literal

import aiohttp
import pytest
import yarl

from sandbox import Sandbox
from tests.sandbox.raw import Http, Socket, ids, posted

COMMAND = {"name": "ping", "description": "Ping."}


@pytest.mark.cites("openapi update_original_webhook_message", "openapi add_my_message_reaction")
@pytest.mark.usefixtures("clock")
async def test_escaped_path_means_the_same(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    await http("PUT", f"/applications/{room.application_id}/commands", [COMMAND])
    alice = await room.member("alice")
    message = await posted(http, channel)
    async with await Socket.open(room.gateway_url) as socket, aiohttp.ClientSession() as session:
        await socket.identify(room.token, 1)
        await room.call("slash", user=alice.id, command="ping", channel="help")
        item = await socket.until("INTERACTION_CREATE")
        await http("POST", f"/interactions/{item['id']}/{item['token']}/callback", {"type": 5})

        async def sent(method: str, path: str, body: object = None) -> int:
            url = yarl.URL(room.api_url + path, encoded=True)
            headers = {"Authorization": f"Bot {room.token}"}
            async with session.request(method, url, json=body, headers=headers) as reply:
                return reply.status

        hook = f"/webhooks/{room.application_id}/{item['token']}"
        assert await sent("PATCH", f"{hook}/messages/%40original", {"content": "done"}) == 200
        reactions = f"/channels/{channel}/messages/{message['id']}/reactions"
        assert await sent("PUT", f"{reactions}/%F0%9F%91%8D/%40me") == 204
        assert await sent("GET", "/users/%40me") == 200
    assert [message.content for message in await alice.sees("help")] == ["hi", "done"]
    (seen,) = (await http("GET", f"/channels/{channel}/messages/{message['id']}")).json["reactions"]
    assert (seen["emoji"]["name"], seen["me"]) == ("👍", True)


@pytest.mark.cites("openapi create_message")
async def test_components_are_completed_with_their_defaults(room: Sandbox, http: Http, conforms: Any) -> None:
    _, channel = await ids(room)
    colour = {"type": 3, "custom_id": "colour", "options": [{"label": "Red", "value": "r"}]}
    people = {"type": 5, "custom_id": "who", "max_values": 3}
    rows = [{"type": 1, "components": [select]} for select in (colour, people)]
    message = await posted(http, channel, components=rows)
    first, second = (row["components"][0] for row in message["components"])
    assert (first["min_values"], first["max_values"]) == (1, 1)
    assert (second["min_values"], second["max_values"]) == (1, 3)
    parts = [{"type": 10, "content": "text"}, {"type": 14}]
    body = {"flags": 1 << 15, "components": [{"type": 17, "components": parts}]}
    (box,) = (await http("POST", f"/channels/{channel}/messages", body)).json["components"]
    assert (box["accent_color"], box["spoiler"]) == (None, False)
    assert (box["components"][1]["spacing"], box["components"][1]["divider"]) == (1, True)
    conforms(room.record)


@pytest.mark.cites("protocol rest.1", "openapi create_message")
async def test_unknown_keys_and_nulls_are_no_obstacle(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    nothing: Any = dict.fromkeys(
        ("embeds", "components", "allowed_mentions", "message_reference", "nonce", "flags")
    )
    message = await posted(http, channel, made_up={"a": 1}, **nothing)
    assert message["content"] == "hi"
    assert not {"thread", "guild_id", "nonce", "message_reference"} & set(message)


@pytest.mark.cites(
    "protocol rest.2", "openapi get_guild_member", "docs events/gateway-events#message-reaction-add"
)
async def test_roles_are_ids_and_a_reaction_has_its_type(room: Sandbox, http: Http) -> None:
    guild, channel = await ids(room)
    staff = await room.role("staff")
    alice = await room.member("alice", roles=[staff])
    assert (await http("GET", f"/guilds/{guild}/members/{alice.id}")).json["roles"] == [str(staff.id)]
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        message = await alice.say("hello", channel)
        await alice.react(message, "👍")
        assert (await socket.until("MESSAGE_REACTION_ADD"))["type"] == 0
    (seen,) = (await http("GET", f"/channels/{channel}/messages/{message.id}")).json["reactions"]
    assert seen["me"] is False


@pytest.mark.cites("protocol gateway.8")
@pytest.mark.parametrize("order", ["before", "after"])
async def test_own_message_is_an_event_before_or_after_its_answer(
    room: Sandbox, http: Http, order: Literal["before", "after"]
) -> None:
    _, channel = await ids(room)
    room.faults.own_events = order
    came: list[str] = []
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        await socket.drained()

        async def heard() -> str:
            event = await socket.until("MESSAGE_CREATE")
            came.append("event")
            return str(event["id"])

        async def answered() -> str:
            message = await posted(http, channel)
            came.append("answer")
            return str(message["id"])

        first, second = await asyncio.gather(heard(), answered())
    assert first == second
    assert came == (["event", "answer"] if order == "before" else ["answer", "event"])


@pytest.mark.cites("protocol interactions.5")
async def test_answers_are_json_and_say_nothing_of_the_charset(room: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        for path, status in (("/gateway", 200), ("/users/@me", 401), ("/nowhere", 404)):
            async with session.get(room.api_url + path) as reply:
                assert (reply.status, reply.headers["Content-Type"]) == (status, "application/json")
