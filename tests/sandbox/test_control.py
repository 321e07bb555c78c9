"""The control API: whatever it is asked, it says what is wrong, and the sandbox stays whole."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.control import Control
from sandbox.ops import OPERATIONS
from sandbox.page.server import Page
from tests.sandbox.raw import DEADLINE, Http, Socket

NAMES = ["alice", "bot", "owner", "Home", "help", "staff", "everyone", "Sandbox"]
KEYS = sorted({name for op in OPERATIONS.values() for name in op.__annotations__} - {"return", "core"})
OTHER = [
    "content",
    "rules",
    "action",
    "pattern",
    "clear",
    "times",
    "ts",
    "topic",
    "position",
    "heartbeat_interval",
]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(max_size=20)
    | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS + OTHER), inner, max_size=4)
    ),
    max_leaves=8,
)


class Steering:
    """A client of a control API."""

    def __init__(self, control: Control) -> None:
        self.control = control
        headers = {"Authorization": f"Bearer {control.token}"}
        self.session = aiohttp.ClientSession(control.url, headers=headers)

    async def op(self, name: str, args: Any) -> tuple[int, Any]:
        return await self.post(f"/op/{name}", json.dumps(args).encode())

    async def post(self, path: str, raw: bytes, **headers: str) -> tuple[int, Any]:
        async with self.session.post(path, data=raw, headers=headers) as reply:
            return reply.status, await reply.json()

    async def record(self, **query: str) -> tuple[int, Any]:
        async with self.session.get("/record", params=query) as reply:
            return reply.status, await reply.json()


@pytest.fixture
async def steering(room: Sandbox) -> AsyncIterator[Steering]:
    control = Control(room.core)
    await control.start("127.0.0.1")
    client = Steering(control)
    yield client
    await client.session.close()
    await control.stop()


@pytest.fixture
async def sound_after(room: Sandbox, steering: Steering) -> AsyncIterator[None]:
    yield
    await sound(room, steering)


async def sound(room: Sandbox, steering: Steering) -> None:
    """Check that the sandbox still tells its state and serves its bot."""
    status, answer = await steering.op("state", {})
    assert status == 200
    for name in ("Home", "Sandbox"):
        for ref in answer["result"]["guilds"].get(name, {}).get("channels", {}).values():
            status, told = await steering.op("history", {"channel": ref})
            assert status == 200, told
    async with Http(room.api_url, room.token) as http:
        home = answer["result"]["guilds"]["Home"]["id"]
        for path in ("/users/@me", f"/guilds/{home}/channels", f"/guilds/{home}/roles", f"/guilds/{home}"):
            assert (await http("GET", path)).status in (200, 403, 404)
            assert room.record.requests()[-1]["error"] is None
    async with await Socket.open(room.gateway_url) as socket:
        await socket.identify(room.token)


@pytest.mark.usefixtures("sound_after")
@settings(
    max_examples=600,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_any_arguments_of_any_operation_are_answered(
    room: Sandbox, steering: Steering, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(OPERATIONS)))
    known = [key for key in OPERATIONS[name].__annotations__ if key not in ("core", "return", "values")]
    keys = st.sampled_from([*known, *OTHER])
    args = data.draw(
        values if data.draw(st.integers(0, 9)) == 0 else st.dictionaries(keys, values, max_size=6)
    )
    status, answer = await steering.op(name, args)
    assert status in (200, 400, 409), answer
    assert ("result" in answer) == (status == 200)
    await steering.op("faults", {"clear": True})
    await steering.op(
        "settings", {"heartbeat_interval": 41.25, "identify_interval": 0, "session_starts": 10**6}
    )
    await steering.op("settings", {"guilds_per_shard": 2500, "rate_limits": "generous"})
    status, answer = await steering.op("state", {})
    assert status == 200, answer
    assert room.record.of("request", status=500) == []


@pytest.mark.parametrize("junk", [[], {}, ["x"], {"a": 1}, 5, True, "", " ", "x" * 101], ids=repr)
@pytest.mark.parametrize(
    ("op", "more"),
    [
        ("guild", {}),
        ("guild", {"name": "Two", "owner": "{junk}"}),
        ("role", {}),
        ("channel", {}),
        ("member", {}),
        ("application", {}),
        ("edit_channel", {"channel": "help", "changes": {"name": "{junk}"}}),
        ("start_thread", {"user": "owner", "channel": "help"}),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
async def test_a_name_is_text(room: Sandbox, steering: Steering, op: str, more: Any, junk: Any) -> None:
    args = json.loads(json.dumps({"name": "{junk}"} | more).replace('"{junk}"', json.dumps(junk)))
    if op == "edit_channel":
        del args["name"]
    before = await room.state()
    status, answer = await steering.op(op, args)
    assert status in (400, 409), answer
    assert answer["error"]
    assert await room.state() == before
    await sound(room, steering)


@pytest.mark.parametrize(
    "changes",
    [
        {"position": "x"},
        {"archived": 5},
        {"auto_archive": "long"},
        {"slowmode": -1},
        {"topic": []},
        {"nsfw": {}},
        {"name": "new", "position": []},
    ],
    ids=str,
)
async def test_a_channel_takes_sensible_changes_alone(
    room: Sandbox, steering: Steering, changes: Any
) -> None:
    status, _ = await steering.op("edit_channel", {"channel": "help", "changes": changes})
    assert status == 409
    assert (await steering.op("history", {"channel": "help"}))[0] == 200
    await sound(room, steering)


async def test_arguments_are_told_by_name_and_type(steering: Steering) -> None:
    for args, words in (
        ({}, "say: missing a required argument: 'author'"),
        ({"author": 1, "content": [], "channel": "help"}, "say: content can't be []"),
        (
            {"core": 1, "author": 1, "content": "x", "channel": "help"},
            "say: multiple values for argument 'core'",
        ),
    ):
        assert await steering.op("say", args) == (400, {"error": words, "type": "OperationError"})
    assert (await steering.op("kick", {"code": True}))[1]["error"] == "kick: code can't be True"
    assert (await steering.op("kick", {"cod": 1}))[1][
        "error"
    ] == "kick: got an unexpected keyword argument 'cod'"


@pytest.mark.parametrize(
    "setting", ["heartbeat_interval", "shards", "replay_limit", "join_messages", "rate_limits"]
)
@pytest.mark.parametrize("junk", [None, "x", [], {}, -1, 10**30], ids=repr)
async def test_a_setting_is_checked_before_any_is_set(steering: Steering, setting: str, junk: Any) -> None:
    status, _ = await steering.op("settings", {"session_timeout": 1, setting: junk})
    assert status == 400
    assert (await steering.op("settings", {}))[1]["result"]["session_timeout"] == 300


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b"5", b'{"name": NaN}', b"\xff", b"[" * 100_000], ids=lambda raw: raw[:6]
)
@pytest.mark.parametrize("served", ["control", "page"])
async def test_page_and_control_tell_the_same(
    room: Sandbox, steering: Steering, raw: bytes, served: str
) -> None:
    page = Page(room.core, steering.control.token)
    await page.start("127.0.0.1")
    base = steering.control.url if served == "control" else page.address.partition("/#")[0]
    headers = {"Authorization": f"Bearer {steering.control.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in ("/op/guild", "/op/nonsense"):
            async with session.post(base + path, data=raw) as reply:
                assert reply.status == 400
                answer = await reply.json()
                assert (answer["type"], answer["error"] != "") == ("OperationError", True)
    await page.stop()


@pytest.mark.parametrize("raw", [b"[]", b"5", b"null"])
async def test_arguments_are_an_object(steering: Steering, raw: bytes) -> None:
    assert (await steering.post("/op/state", raw))[1]["error"] == "arguments are a JSON object"


async def test_lone_surrogates_do_not_get_in(room: Sandbox, steering: Steering) -> None:
    status, _ = await steering.post("/op/channel", b'{"name": "a\\ud800"}')
    assert status == 200
    assert "a?" in (await room.state())["guilds"]["Home"]["channels"]
    await sound(room, steering)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
    ids=str,
)
async def test_a_foreign_page_may_not_steer(steering: Steering, headers: dict[str, str], status: int) -> None:
    assert (await steering.post("/op/state", b"", **headers))[0] == status
    own = {"Origin": steering.control.url}
    assert (await steering.post("/op/state", b"", **own))[0] == 200


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "x"},
        {"after": "-1"},
        {"after": "1.5"},
        {"after": "9" * 5000},
    ]
    + [{"wait": text} for text in ("-1", "nan", "inf", "x")],
    ids=lambda query: str(query)[:20],
)
async def test_the_record_is_asked_sensibly(steering: Steering, query: dict[str, str]) -> None:
    status, answer = await steering.record(**query)
    assert (status, answer["error"] != "") == (400, True)


async def test_a_poller_with_a_limit_misses_nothing(room: Sandbox, steering: Steering) -> None:
    alice = await room.member("alice")
    for text in "abc":
        await alice.say(text, "help")
    seen, after = [], "0"
    while (answer := (await steering.record(limit="1", after=after, kinds="message"))[1])["entries"]:
        seen += [entry["content"] for entry in answer["entries"]]
        after = str(answer["last"])
    assert seen == ["a", "b", "c"]


@pytest.fixture
def polling(room: Sandbox, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Is set when somebody waits for the record."""
    begun, wait = asyncio.Event(), room.record.wait

    async def waiting(*args: Any) -> Any:
        begun.set()
        return await wait(*args)

    monkeypatch.setattr(room.record, "wait", waiting)
    return begun


async def test_a_long_poll_ends_with_the_control_api_and_leaves_nothing(
    room: Sandbox, steering: Steering, polling: asyncio.Event
) -> None:
    before = asyncio.all_tasks()
    asked = asyncio.create_task(steering.record(after=str(room.record.last), wait="60"))
    await polling.wait()
    async with asyncio.timeout(0.9):  # less than the server's patience with open requests
        await steering.control.stop()
        assert await asked == (200, {"entries": [], "last": room.record.last})
    assert room.record._waiters == []
    assert not {task for task in asyncio.all_tasks() - before if "wait" in repr(task.get_coro())}


async def test_an_answered_long_poll_leaves_nothing(
    room: Sandbox, steering: Steering, polling: asyncio.Event
) -> None:
    asked = asyncio.create_task(steering.record(after=str(room.record.last), wait="60"))
    await polling.wait()
    await (await room.member("alice")).say("x", "help")
    async with asyncio.timeout(DEADLINE):
        assert (await asked)[0] == 200
    assert not {task for task in asyncio.all_tasks() if "Event.wait" in repr(task.get_coro())}
