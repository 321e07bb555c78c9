"""A gateway that sends no JSON, on a Discord of its own: the more servers, the longer a new session takes."""

import pytest

from sandbox import Sandbox
from tests.e2e.harness import Home, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}


async def test_a_frame_that_is_no_json_costs_a_reconnect_and_nothing_else(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    watchman.expect_errors("gateway connection failed")
    last = city.record.last
    before = await town.alice.say("said before", town.chat)
    for session in city.core.hub.live():
        assert session.connection is not None
        session.connection.send("{this is no JSON")
    meanwhile = await town.bob.say("said meanwhile", town.chat)
    await city.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "closed", after=last)
    await city.wait_for(lambda e: e["kind"] == "connection" and e["event"] == "ready", after=last)
    for message in (before, meanwhile):
        await watchman.story(message)
    person = await town.person("late")
    await city.wait_for_reply(
        to=await person.say("how do I install the driver on my machine?", town.help), timeout=10
    )
    assert len(city.core.hub.live()) == 1, "the failed connection was hung up"
