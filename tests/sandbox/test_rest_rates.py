"""Rate limits as a raw client meets them."""

from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from sandbox.buckets import PROFILES
from tests.sandbox.clocks import Clock
from tests.sandbox.raw import Http, code, ids, posted


@pytest.fixture
async def strict(room: Sandbox, clock: Clock) -> None:
    await room.call("settings", rate_limits="discord")


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits#exceeding-a-rate-limit")
@pytest.mark.usefixtures("strict")
async def test_the_sixth_message_waits_and_passes_after_waiting(
    room: Sandbox, http: Http, clock: Clock, conforms: Any
) -> None:
    _, channel = await ids(room)
    left = []
    for number in range(5):
        reply = await http("POST", f"/channels/{channel}/messages", {"content": str(number)})
        left.append(reply.headers["X-RateLimit-Remaining"])
    assert left == ["4", "3", "2", "1", "0"]
    clock.time += 2
    refused = await http("POST", f"/channels/{channel}/messages", {"content": "5"})
    assert (refused.status, refused.json["retry_after"], refused.json["global"]) == (429, 3.0, False)
    headers = refused.headers
    assert (headers["X-RateLimit-Scope"], headers["Retry-After"], headers["Via"] != "") == ("user", "3", True)
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("5", "0")
    assert headers["X-RateLimit-Reset-After"] == "3.000"
    assert float(headers["X-RateLimit-Reset"]) == pytest.approx(clock.now().timestamp() + 3, abs=0.01)
    other = await room.channel("other")
    await posted(http, other.id)
    clock.time += refused.json["retry_after"]
    await posted(http, channel, "5")
    assert len(room.record.messages()) == 7
    conforms(room.record)


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits")
@pytest.mark.usefixtures("strict")
async def test_reactions_of_a_channel_share_one_bucket(room: Sandbox, http: Http, clock: Clock) -> None:
    _, channel = await ids(room)
    first, second = await posted(http, channel), await posted(http, channel)
    base = f"/channels/{channel}/messages"
    made = await http("PUT", f"{base}/{first['id']}/reactions/%F0%9F%91%8D/@me")
    assert (await http("DELETE", f"{base}/{second['id']}/reactions/%F0%9F%98%80/@me")).status == 429
    clock.time += 0.25
    taken = await http("DELETE", f"{base}/{first['id']}/reactions/%F0%9F%91%8D/@me")
    assert taken.status == 204
    assert taken.headers["X-RateLimit-Bucket"] == made.headers["X-RateLimit-Bucket"]


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits#global-rate-limit")
@pytest.mark.usefixtures("strict")
async def test_fifty_a_second_to_everything_and_interactions_beside(
    room: Sandbox, http: Http, clock: Clock, conforms: Any
) -> None:
    channels = [(await room.channel(f"c{i}")).id for i in range(51)]
    states = [(await http("GET", f"/channels/{channel}")).status for channel in channels]
    assert states == [200] * 50 + [429]
    refused = await http("GET", "/users/@me")
    assert refused.json["global"] is True
    headers = refused.headers
    assert (headers["X-RateLimit-Scope"], headers["X-RateLimit-Global"]) == ("global", "true")
    assert "X-RateLimit-Bucket" not in headers
    assert code(await http("POST", "/interactions/1/abc/callback", {"type": 5})) == (404, 10062)
    other = await room.application("other")
    async with Http(room.api_url, other["token"]) as theirs:
        assert (await theirs("GET", "/users/@me")).status == 200
    clock.time += 1
    assert (await http("GET", "/users/@me")).status == 200
    conforms(room.record)


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits#exceeding-a-rate-limit")
@pytest.mark.usefixtures("strict")
async def test_a_channel_is_renamed_twice_in_ten_minutes(room: Sandbox, http: Http, clock: Clock) -> None:
    _, channel = await ids(room)
    for name in ("one", "two"):
        assert (await http("PATCH", f"/channels/{channel}", {"name": name})).status == 200
    refused = await http("PATCH", f"/channels/{channel}", {"name": "three"})
    assert (refused.status, refused.headers["X-RateLimit-Scope"]) == (429, "shared")
    assert refused.headers["X-RateLimit-Remaining"] != "0"
    assert refused.json["message"] == "The resource is being rate limited."
    assert (await http("PATCH", f"/channels/{channel}", {"nsfw": True})).status == 200
    clock.time += 600
    assert (await http("PATCH", f"/channels/{channel}", {"name": "three"})).json["name"] == "three"


@pytest.mark.cites("docs topics/rate-limits#invalid-request-limit-aka-cloudflare-bans")
@pytest.mark.usefixtures("strict")
async def test_too_many_invalid_requests_close_the_door_but_shared_ones_dont_count(
    room: Sandbox, http: Http, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PROFILES, "discord", replace(PROFILES["discord"], invalid=(3, 600.0)))
    room.faults.rate_limit("GET /users/@me", times=5, scope="shared")
    for _ in range(5):
        assert (await http("GET", "/users/@me")).status == 429
        clock.time += 5
    async with Http(room.api_url, "wrong") as stranger:
        for _ in range(3):
            assert (await stranger("GET", "/users/@me")).status == 401
    async with aiohttp.ClientSession() as session, session.get(f"{room.api_url}/users/@me") as reply:
        assert (reply.status, "Via" in reply.headers, reply.content_type) == (429, False, "text/plain")
    clock.time += 600
    assert (await http("GET", "/users/@me")).status == 200


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits#header-format")
@pytest.mark.usefixtures("strict")
async def test_channels_share_a_buckets_name_and_not_its_count(
    room: Sandbox, http: Http, clock: Clock
) -> None:
    _, channel = await ids(room)
    other = (await room.channel("other")).id
    seen = [
        (await http("POST", f"/channels/{place}/messages", {"content": "x"})).headers
        for place in (channel, channel, other)
    ]
    assert len({headers["X-RateLimit-Bucket"] for headers in seen}) == 1
    assert [headers["X-RateLimit-Remaining"] for headers in seen] == ["4", "3", "4"]
    elsewhere = await http("GET", f"/channels/{channel}/messages")
    assert elsewhere.headers["X-RateLimit-Bucket"] != seen[0]["X-RateLimit-Bucket"]


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits")
@pytest.mark.usefixtures("strict")
async def test_applications_do_not_use_up_each_others_buckets(
    room: Sandbox, http: Http, clock: Clock
) -> None:
    _, channel = await ids(room)
    other = await room.application("other")
    await room.invite("other", permissions=["administrator"])
    path = f"/channels/{channel}/messages"
    for _ in range(5):
        await posted(http, channel)
    assert (await http("POST", path, {"content": "x"})).status == 429
    async with Http(room.api_url, other["token"]) as theirs:
        reply = await theirs("POST", path, {"content": "x"})
        assert (reply.status, reply.headers["X-RateLimit-Remaining"]) == (200, "4")


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits")
@pytest.mark.usefixtures("strict")
async def test_a_wrong_token_is_refused_before_anything_is_counted(
    room: Sandbox, http: Http, clock: Clock
) -> None:
    _, channel = await ids(room)
    path = f"/channels/{channel}/messages"
    async with Http(room.api_url, "wrong") as stranger:
        for _ in range(60):
            reply = await stranger("POST", path, {"content": "x"})
            assert (code(reply), "X-RateLimit-Bucket" in reply.headers) == ((401, 0), False)
    assert (await http("POST", path, {"content": "x"})).headers["X-RateLimit-Remaining"] == "4"


@pytest.mark.cites("protocol rest.3", "docs topics/rate-limits")
@pytest.mark.usefixtures("strict")
async def test_a_webhook_has_one_bucket_whoever_posts(room: Sandbox, http: Http, clock: Clock) -> None:
    _, channel = await ids(room)
    hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "hook"})).json
    path = f"/webhooks/{hook['id']}/{hook['token']}"
    left = [(await http("POST", path, {"content": "x"})).headers["X-RateLimit-Remaining"]]
    async with Http(room.api_url, None) as stranger:
        left.append((await stranger("POST", path, {"content": "x"})).headers["X-RateLimit-Remaining"])
    assert left == ["4", "3"]
