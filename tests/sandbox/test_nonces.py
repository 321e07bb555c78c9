"""Nonces over HTTP: for how long, whose, and of what the same one means the same message."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.sandbox.clocks import Clock
from tests.sandbox.raw import Http, ids, posted

ONCE: dict[str, Any] = {"nonce": "abc", "enforce_nonce": True}


@pytest.mark.cites("protocol rest.4")
async def test_a_nonce_means_the_first_message_for_its_window(
    room: Sandbox, http: Http, clock: Clock
) -> None:
    _, channel = await ids(room)
    first = await posted(http, channel, "once", **ONCE)
    clock.time += room.core.nonce_window
    assert (await posted(http, channel, "once", **ONCE))["id"] == first["id"]
    clock.time += 1
    second = await posted(http, channel, "again", **ONCE)
    assert second["id"] != first["id"]
    clock.time += room.core.nonce_window
    assert (await posted(http, channel, "again", **ONCE))["id"] == second["id"]


@pytest.mark.cites("protocol rest.4")
async def test_another_authors_nonce_is_another_nonce(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    app = await room.application("other")
    await room.invite("other", permissions=["administrator"])
    first = await posted(http, channel, "mine", **ONCE)
    async with Http(room.api_url, app["token"]) as theirs:
        second = await posted(theirs, channel, "theirs", **ONCE)
    assert (second["id"] != first["id"], second["content"]) == (True, "theirs")


@pytest.mark.cites("protocol rest.4", "docs resources/message#message-reference-types")
async def test_a_forward_has_its_nonce(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    source = await posted(http, channel, "the original")
    forward = {"type": 1, "channel_id": str(channel), "message_id": source["id"]}
    path, body = f"/channels/{channel}/messages", {"message_reference": forward, **ONCE}
    first, second = await http("POST", path, body), await http("POST", path, body)
    assert (first.status, second.status) == (200, 200)
    assert (first.json["nonce"], second.json["id"]) == ("abc", first.json["id"])
    assert len(room.record.messages()) == 2


async def test_nonces_are_forgotten_after_their_window(room: Sandbox, http: Http, clock: Clock) -> None:
    _, channel = await ids(room)
    for number in range(20):
        await posted(http, channel, "x", nonce=number)
        clock.time += room.core.nonce_window / 4
    assert len(room.core.world.nonces) <= 5
