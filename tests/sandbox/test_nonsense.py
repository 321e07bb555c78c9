"""Whatever is sent, the answer is a Discord error, never a 5xx, and the sandbox has not failed inside."""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.rest import ROUTER
from sandbox.rest.routing import Route
from tests.sandbox.raw import Http, Reply, Socket, ids

JUNK: list[Any] = [None, -1, 1.5, True, "", "\u0000", "9" * 30, 10**30, [], {}, [None]]
ROUTES = [route for route in ROUTER.all() if "interaction" not in route.template]
REACH = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
WORDS = [
    *("id", "name", "type", "content", "embeds", "components", "attachments", "message_reference", "flags"),
    *("data", "choices", "options", "roles", "nick", "permissions", "permission_overwrites", "allow", "deny"),
    *("available_tags", "applied_tags", "message", "messages", "position", "parent_id", "user_ids", "nonce"),
    *("allowed_mentions", "color", "colors", "communication_disabled_until", "rate_limit_per_user", "avatar"),
    *("recipient_id", "webhook_channel_id", "username", "thread_name", "custom_id", "title", "description"),
    *("fields", "footer", "url", "value", "style"),
]
QUERY = ["limit", "before", "after", "around", "with_member", "wait", "thread_id", "query", "type"]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from([1, 2, 4, 11, 12, "1", "100", "2024-01-01", "attachment://x", "https://x.test/a.png"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=8),
    max_leaves=24,
)
queries = st.dictionaries(
    st.sampled_from(QUERY),
    st.text(max_size=12) | st.sampled_from(["1", "-1", "10", "9" * 23, "2024-01-01T00:00:00", "true"]),
    max_size=3,
)
paths = st.text(max_size=30) | st.sampled_from(
    ["%00", "-1", "0", "9" * 30, "@me", "@original", "%F0%9F%91%8D", "..", "%2e"]
)


class Place:
    """What there is in the sandbox for a path to name."""

    def __init__(self, room: Sandbox, http: Http, known: dict[str, Any]) -> None:
        self.room, self.http, self.known = room, http, known

    def path(self, route: Route, **other: str) -> str:
        """Return the route's path with what there is, the rest of it junk."""
        names = dict.fromkeys(_names(route.template), "7")
        return route.template.format_map(names | {k: str(v) for k, v in self.known.items()} | other)

    def judge(self, reply: Reply) -> None:
        """Check that an answer is Discord's and that the sandbox stayed whole."""
        entry = self.room.record.requests()[-1]
        assert entry["error"] is None, (entry["method"], entry["path"], entry["query"], entry["body"])
        assert reply.status < 500, entry
        if reply.status >= 400:
            assert isinstance(reply.json["code"], int), entry
            assert isinstance(reply.json["message"], str), entry


@pytest.fixture
async def place(room: Sandbox, http: Http) -> AsyncIterator[Place]:
    guild, channel = await ids(room)
    alice = await room.member("alice")
    message = await alice.say("hi", channel)
    started = await alice.say("start", channel)
    thread = await alice.start_thread(started, "talk")
    forum = await room.channel("ideas", type="forum", tags=["bug"])
    hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "hook"})).json
    option = {"type": 3, "name": "how", "description": "how", "autocomplete": True}
    command = {"name": "ping", "description": "Ping.", "options": [option]}
    made = (await http("POST", f"/applications/{room.application_id}/commands", command)).json
    role = await room.role("helper")
    known = {
        "guild_id": guild,
        "channel_id": channel,
        "message_id": message.id,
        "user_id": alice.id,
        "application_id": room.application_id,
        "role_id": role.id,
        "overwrite_id": role.id,
        "command_id": made["id"],
        "webhook_id": hook["id"],
        "webhook_token": hook["token"],
        "emoji_name": "%F0%9F%91%8D",
        "thread": thread.id,
        "forum": forum.id,
    }
    yield Place(room, http, known)
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)


def _names(template: str) -> list[str]:
    return [part[1:-1] for part in template.split("/") if part.startswith("{")]


@REACH
@given(data=st.data())
@pytest.mark.cites("protocol rest.5")
async def test_any_json_at_any_route_is_answered_properly(place: Place, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(ROUTES))
    if route.method == "DELETE":
        return
    other = {}
    if "{channel_id}" in route.template:
        other["channel_id"] = str(place.known[data.draw(st.sampled_from(["channel_id", "thread", "forum"]))])
    body, query = data.draw(values), data.draw(queries)
    place.judge(await place.http(route.method, place.path(route, **other), body, params=query))


@REACH
@given(data=st.data())
@pytest.mark.cites("protocol rest.5")
async def test_any_path_is_answered_properly(place: Place, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(ROUTES))
    names = _names(route.template)
    other = {name: data.draw(paths).replace("/", "") or "x" for name in names if data.draw(st.booleans())}
    reply = await place.http(route.method, place.path(route, **other), params=data.draw(queries))
    place.judge(reply)


BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go", "emoji": {"name": "x", "id": None}}
SELECT = {
    "type": 3,
    "custom_id": "pick",
    "options": [{"label": "a", "value": "a", "description": "d", "emoji": {"name": "x"}, "default": False}],
    "placeholder": "p",
    "min_values": 0,
    "max_values": 1,
}
TEXT = {"type": 10, "content": "text"}
EMBED = {
    "title": "t",
    "description": "d",
    "url": "https://x.test",
    "color": 5,
    "timestamp": "2024-01-01T00:00:00+00:00",
    "footer": {"text": "f", "icon_url": "https://x.test/i.png"},
    "image": {"url": "https://x.test/i.png"},
    "author": {"name": "a", "url": "https://x.test"},
    "fields": [{"name": "n", "value": "v", "inline": True}],
}
MESSAGE: dict[str, Any] = {
    "content": "text",
    "embeds": [EMBED],
    "components": [{"type": 1, "components": [BUTTON]}, {"type": 1, "components": [SELECT]}],
    "allowed_mentions": {"parse": ["roles"], "users": ["5"], "replied_user": True},
    "flags": 4,
    "nonce": "n",
    "tts": False,
    "attachments": [],
}
V2 = {
    "flags": 1 << 15,
    "components": [
        {"type": 17, "components": [TEXT, {"type": 14, "divider": True, "spacing": 1}], "accent_color": 5},
        {
            "type": 9,
            "components": [TEXT],
            "accessory": {"type": 11, "media": {"url": "https://x.test/a.png"}},
        },
        {"type": 12, "items": [{"media": {"url": "https://x.test/a.png"}, "description": "d"}]},
    ],
}
COMMAND: dict[str, Any] = {
    "name": "tune",
    "description": "Tune.",
    "name_localizations": {"de": "stimmen"},
    "default_member_permissions": "8",
    "contexts": [0],
    "options": [
        {
            "type": 3,
            "name": "how",
            "description": "how",
            "required": True,
            "choices": [{"name": "a", "value": "a"}],
            "min_length": 1,
        },
        {"type": 4, "name": "much", "description": "much", "min_value": 1, "max_value": 5},
        {"type": 7, "name": "where", "description": "where", "channel_types": [0]},
    ],
}
RULES = [{"id": "5", "type": 0, "allow": "1024", "deny": "0"}]
FORMS: list[tuple[str, str, Any]] = [
    ("POST", "/channels/{channel_id}/messages", MESSAGE),
    ("POST", "/channels/{channel_id}/messages", V2),
    (
        "POST",
        "/channels/{channel_id}/messages",
        {"content": "x", "message_reference": {"message_id": "{message_id}"}},
    ),
    (
        "POST",
        "/webhooks/{webhook_id}/{webhook_token}",
        {**MESSAGE, "username": "n", "avatar_url": "https://x.test/a.png"},
    ),
    ("POST", "/channels/{forum}/threads", {"name": "post", "applied_tags": [], "message": {"content": "x"}}),
    (
        "POST",
        "/channels/{channel_id}/threads",
        {"name": "t", "type": 11, "auto_archive_duration": 60, "invitable": True},
    ),
    ("PATCH", "/channels/{thread}", {"name": "t", "locked": False, "flags": 0, "rate_limit_per_user": 0}),
    (
        "PATCH",
        "/channels/{forum}",
        {
            "topic": "t",
            "nsfw": False,
            "position": 1,
            "permission_overwrites": RULES,
            "available_tags": [{"name": "new", "moderated": False, "emoji_name": "x"}],
            "default_reaction_emoji": {"emoji_name": "x"},
        },
    ),
    ("POST", "/guilds/{guild_id}/channels", {"name": "n", "type": 0, "permission_overwrites": RULES}),
    ("PATCH", "/guilds/{guild_id}/channels", [{"id": "{channel_id}", "position": 1, "parent_id": None}]),
    (
        "PATCH",
        "/guilds/{guild_id}",
        {"name": "Home", "verification_level": 1, "system_channel_id": "{channel_id}"},
    ),
    ("POST", "/guilds/{guild_id}/roles", {"name": "r", "permissions": "0", "colors": {"primary_color": 1}}),
    ("PATCH", "/guilds/{guild_id}/roles", [{"id": "{role_id}", "position": 1}]),
    (
        "PATCH",
        "/guilds/{guild_id}/members/{user_id}",
        {"nick": "n", "roles": [], "communication_disabled_until": "2020-01-01T00:00:00Z"},
    ),
    ("PATCH", "/guilds/{guild_id}/members/@me", {"nick": "n"}),
    ("POST", "/guilds/{guild_id}/bulk-ban", {"user_ids": ["1", "2"], "delete_message_seconds": 0}),
    ("PATCH", "/users/@me", {"username": "bot"}),
    ("POST", "/users/@me/channels", {"recipient_id": "{user_id}"}),
    ("PUT", "/channels/{channel_id}/permissions/{role_id}", {"type": 0, "allow": "0", "deny": "0"}),
    ("POST", "/channels/{channel_id}/messages/bulk-delete", {"messages": ["{message_id}", "{thread}"]}),
    ("POST", "/applications/{application_id}/commands", COMMAND),
    ("PUT", "/applications/{application_id}/commands", [COMMAND]),
    ("PATCH", "/applications/{application_id}/commands/{command_id}", COMMAND),
    ("PATCH", "/webhooks/{webhook_id}", {"name": "n", "channel_id": "{channel_id}"}),
    ("POST", "/channels/{channel_id}/followers", {"webhook_channel_id": "{channel_id}"}),
]


def _spots(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a form, itself included."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _spots(inner, (*path, key))


def _with(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """Return a copy of a form with junk at a path."""
    if not path:
        return junk
    changed = copy.deepcopy(value)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = junk
    return changed


@pytest.mark.cites("protocol rest.1", "protocol rest.5", "docs reference#error-messages")
@pytest.mark.parametrize(
    ("method", "path", "form"), FORMS, ids=lambda item: item if isinstance(item, str) else ""
)
async def test_wrong_values_at_every_place_of_a_form(place: Place, method: str, path: str, form: Any) -> None:
    filled = path.format_map({key: str(value) for key, value in place.known.items()})
    whole = json.loads(_filled(json.dumps(form), place.known))
    first = await place.http(method, filled, whole)
    place.judge(first)
    assert first.status < 300 or path.endswith(("bulk-ban", "followers")), first.json
    for spot in _spots(whole):
        for junk in JUNK:
            place.judge(await place.http(method, filled, _with(whole, spot, junk)))


ANSWERS: list[dict[str, Any]] = [
    {"type": 4, "data": MESSAGE},
    {"type": 5, "data": {"flags": 64}},
    {"type": 8, "data": {"choices": [{"name": "a", "value": "a"}]}},
    {
        "type": 9,
        "data": {
            "title": "t",
            "custom_id": "c",
            "components": [
                {
                    "type": 18,
                    "label": "l",
                    "component": {"type": 4, "custom_id": "i", "style": 1, "required": True},
                },
                {"type": 18, "label": "m", "component": {**SELECT, "required": False}},
            ],
        },
    },
]


@pytest.mark.cites("openapi create_interaction_response", "protocol interactions.2")
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda item: f"type {item['type']}")
async def test_wrong_answers_to_an_interaction(place: Place, answer: dict[str, Any]) -> None:
    place.room.core.interaction_deadline = 60.0
    for spot in _spots(answer):
        for junk in JUNK:
            alice = place.known["user_id"]
            where = {"user": alice, "command": "ping", "channel": "help"}
            if answer["type"] == 8:
                await place.room.call("autocomplete", **where, focused="how", value="a")
            else:
                await place.room.call("slash", **where)
            item = next(reversed(place.room.core.world.interactions.values()))
            path = f"/interactions/{item.id}/{item.token}/callback"
            place.judge(await place.http("POST", path, _with(answer, spot, junk)))


def _filled(text: str, known: dict[str, Any]) -> str:
    for key, value in known.items():
        text = text.replace("{" + key + "}", str(value))
    return text
