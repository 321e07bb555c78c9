"""Interactions by a raw client. Facts: "Interactions" in the protocol page."""

import asyncio
from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.clocks import Clock
from tests.sandbox.raw import Http, Reply, Socket

COMMAND = {"name": "ping", "description": "Ping."}


@pytest.fixture
async def started(room: Sandbox, http: Http, clock: Clock) -> dict[str, Any]:
    """An interaction of alice's /ping, as the gateway showed it."""
    await http("PUT", f"/applications/{room.application_id}/commands", [COMMAND])
    alice = await room.member("alice")
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token, 1)
        await room.call("slash", user=alice.id, command="ping", channel="help")
        body: dict[str, Any] = await socket.until("INTERACTION_CREATE")
        return body


def code(reply: Reply) -> tuple[int, int]:
    return reply.status, reply.json["code"]


def callback(item: dict[str, Any]) -> str:
    return f"/interactions/{item['id']}/{item['token']}/callback"


def hook(item: dict[str, Any]) -> str:
    return f"/webhooks/{item['application_id']}/{item['token']}"


@pytest.mark.cites("protocol interactions.2")
async def test_payload_has_a_channel_object_and_the_members_permissions(started: dict[str, Any]) -> None:
    assert started["channel"]["name"] == "help"
    assert int(started["member"]["permissions"]) & (1 << 10)
    assert started["data"]["name"] == "ping"


@pytest.mark.cites("protocol interactions.1", "openapi create_interaction_response")
async def test_second_answer_is_40060_and_posts_nothing(
    room: Sandbox, http: Http, started: dict[str, Any]
) -> None:
    answer = {"type": 4, "data": {"content": "pong"}}
    assert (await http("POST", callback(started), answer)).status == 204
    assert code(await http("POST", callback(started), answer)) == (400, 40060)
    assert len(room.record.messages(bot=True)) == 1


@pytest.mark.cites("protocol interactions.1")
async def test_answer_after_three_seconds_is_10062(http: Http, clock: Clock, started: dict[str, Any]) -> None:
    clock.time += 3.1
    assert code(await http("POST", callback(started), {"type": 5})) == (404, 10062)


@pytest.mark.cites("protocol interactions.1", "openapi execute_webhook")
async def test_token_is_good_for_fifteen_minutes(http: Http, clock: Clock, started: dict[str, Any]) -> None:
    await http("POST", callback(started), {"type": 4, "data": {"content": "pong"}})
    clock.time += 899
    assert (await http("POST", hook(started), {"content": "still"})).status == 200
    clock.time += 2
    assert code(await http("POST", hook(started), {"content": "late"})) == (401, 50027)


@pytest.mark.cites("protocol rest.8", "openapi create_interaction_response")
async def test_with_response_carries_the_interaction(
    room: Sandbox, http: Http, started: dict[str, Any], conforms: Any
) -> None:
    answer = {"type": 4, "data": {"content": "pong", "flags": 64}}
    reply = await http("POST", callback(started) + "?with_response=1", answer)
    assert reply.json["interaction"]["id"] == started["id"]
    assert reply.json["interaction"]["response_message_ephemeral"] is True
    assert reply.json["resource"]["message"]["content"] == "pong"
    conforms(room.record)


@pytest.mark.cites(
    "openapi get_original_webhook_message",
    "openapi update_original_webhook_message",
    "openapi delete_original_webhook_message",
)
async def test_original_can_be_read_changed_and_deleted(
    room: Sandbox, http: Http, started: dict[str, Any], conforms: Any
) -> None:
    await http("POST", callback(started), {"type": 4, "data": {"content": "pong"}})
    original = hook(started) + "/messages/@original"
    assert (await http("GET", original)).json["content"] == "pong"
    assert (await http("PATCH", original, {"content": "changed"})).json["content"] == "changed"
    assert (await http("DELETE", original)).status == 204
    assert code(await http("GET", original)) == (404, 10008)
    conforms(room.record)


@pytest.mark.cites("openapi execute_webhook")
async def test_followup_before_an_answer_is_refused(http: Http, started: dict[str, Any]) -> None:
    assert code(await http("POST", hook(started), {"content": "early"})) == (404, 10015)


@pytest.mark.cites("protocol interactions.3", "openapi execute_webhook")
async def test_first_followup_fills_the_deferred_answer(
    room: Sandbox, http: Http, started: dict[str, Any]
) -> None:
    await http("POST", callback(started), {"type": 5, "data": {"flags": 64}})
    thinking = (await http("GET", hook(started) + "/messages/@original")).json
    assert thinking["flags"] & 128
    filled = (await http("POST", hook(started), {"content": "done"})).json
    assert filled["id"] == thinking["id"]
    assert filled["flags"] == 64
    second = (await http("POST", hook(started), {"content": "more"})).json
    assert second["id"] != filled["id"]


@pytest.mark.cites("protocol interactions.3")
async def test_ephemeral_answers_stay_out_of_history_and_events(
    room: Sandbox, http: Http, started: dict[str, Any]
) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        await socket.drained()
        answer = {"type": 4, "data": {"content": "for you", "flags": 64}}
        await http("POST", callback(started), answer)
        assert await socket.drained() == []
    history = await http("GET", f"/channels/{started['channel_id']}/messages")
    assert history.json == []
    alice, bob = await room.member("alice"), await room.member("bob")
    assert [message.content for message in await alice.sees("help")] == ["for you"]
    assert await bob.sees("help") == []


@pytest.mark.cites("protocol interactions.2")
@pytest.mark.parametrize(
    "body",
    [
        {"type": 1},
        {"type": "four"},
        {},
        {"type": 7, "data": {"content": "x"}},
        {"type": 8, "data": {"choices": []}},
        {"type": 9, "data": {"title": "t" * 46, "custom_id": "c", "components": [{}]}},
        {"type": 4, "data": {"content": "x" * 2001}},
        {"type": 4, "data": "text"},
    ],
)
async def test_wrong_answers_are_refused_and_leave_it_open(
    http: Http, started: dict[str, Any], body: Any
) -> None:
    assert code(await http("POST", callback(started), body)) == (400, 50035)
    assert (await http("POST", callback(started), {"type": 4, "data": {"content": "ok"}})).status == 204


@pytest.mark.cites("protocol interactions.1")
async def test_unknown_interaction_is_10062(room: Sandbox, http: Http) -> None:
    assert code(await http("POST", "/interactions/1/abc/callback", {"type": 5})) == (404, 10062)


@pytest.mark.cites("openapi bulk_set_application_commands")
async def test_another_applications_commands_are_not_mixed_up(room: Sandbox, http: Http) -> None:
    other = await room.application("other")
    await room.invite("other")
    await http("PUT", f"/applications/{room.application_id}/commands", [COMMAND])
    async with Http(room.api_url, other["token"]) as theirs:
        await theirs("PUT", f"/applications/{other['id']}/commands", [COMMAND | {"name": "pong"}])
    alice = await room.member("alice")
    async with (
        await Socket.open(room.gateway_url) as mine,
        await Socket.open(room.gateway_url) as yours,
    ):
        await mine.identify(room.token, 1)
        await yours.identify(other["token"], 1)
        await mine.drained()
        await room.call("slash", user=alice.id, command="pong", channel="help")
        async with asyncio.timeout(3):
            assert (await yours.until("INTERACTION_CREATE"))["application_id"] == str(other["id"])
        assert await mine.drained() == []
