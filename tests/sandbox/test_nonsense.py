"""Whatever is sent, the answer is a Discord error and never a 5xx."""

import random
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.rest import ROUTER
from tests.sandbox.raw import Http, Socket, ids

JUNK: list[Any] = [None, 0, -1, True, "", "x", "\u0000", 10**30, 1e308, [], {}, [[]], [None], {"id": None}]
WORDS = (
    "content",
    "name",
    "type",
    "data",
    "embeds",
    "components",
    "attachments",
    "message_reference",
    "flags",
)
MORE = (
    "permission_overwrites",
    "available_tags",
    "roles",
    "nick",
    "options",
    "message",
    "applied_tags",
    "position",
)


def junk(rng: random.Random, depth: int = 2) -> Any:
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(JUNK)
    keys = rng.sample(WORDS + MORE, 5)
    return {key: junk(rng, depth - 1) for key in keys} if rng.random() < 0.8 else [junk(rng, depth - 1)]


@pytest.mark.parametrize("seed", range(3))
async def test_junk_never_breaks_a_route(room: Sandbox, http: Http, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    guild, channel = await ids(room)
    alice = await room.member("alice")
    message = await alice.say("hi", channel)
    known = {
        "guild_id": guild,
        "channel_id": channel,
        "message_id": message.id,
        "user_id": alice.id,
        "application_id": room.application_id,
    }
    for route in ROUTER.all():
        if route.method == "DELETE":
            continue
        path = route.template.format_map({**dict.fromkeys(_names(route.template), "7"), **known})
        reply = await http(route.method, path, junk(rng), params={"limit": rng.choice(["x", "-1", "2"])})
        assert reply.status < 500, (route.name, reply.json)
    assert await alice.sees(channel) != []
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)


def _names(template: str) -> list[str]:
    return [part[1:-1] for part in template.split("/") if part.startswith("{")]
