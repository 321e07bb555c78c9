"""A bot's own write as an event before its answer, told by a raw client."""

import asyncio

import pytest

from sandbox import Sandbox
from tests.sandbox.raw import DEADLINE, Http, Socket, connected, ids, posted


@pytest.mark.cites("protocol gateway.8")
async def test_an_answer_does_not_wait_for_events_on_a_socket_that_is_gone(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    room.faults.own_events, room.faults.order_gap = "before", 0.0
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)
        room.faults.event_latency = 60
        await (await room.member("alice")).say("not the only event", "help")
        posting = asyncio.create_task(posted(http, channel))
        await room.wait_for(lambda e: e["kind"] == "message" and e["bot"])
        await room.kick()
        async with asyncio.timeout(DEADLINE):
            assert (await posting)["content"] == "hi"


@pytest.mark.cites("protocol gateway.8")
async def test_an_answer_does_not_wait_long_for_events_that_are_late(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    async with await connected(room):
        room.faults.own_events, room.faults.event_latency = "before", 600
        async with asyncio.timeout(DEADLINE):
            assert (await posted(http, channel))["content"] == "hi"
