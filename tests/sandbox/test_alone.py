"""`python -m sandbox` as a process of its own, steered over the control API."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from sandbox.client import SandboxClient
from sandbox.control import Control
from sandbox.errors import ApiError
from sandbox.ops import OperationError
from sandbox.seed import build
from tests.sandbox.raw import DEADLINE, Http, Socket


@pytest.fixture(scope="module")
def world() -> dict[str, Any]:
    hidden = [
        {"target": "everyone", "deny": ["view_channel"]},
        {"target": "staff", "allow": ["view_channel"]},
    ]
    guild = {
        "name": "Home",
        "roles": [{"name": "staff"}],
        "members": [{"name": "alice"}, {"name": "sam", "roles": ["staff"]}],
        "channels": [{"name": "help"}, {"name": "staff", "overwrites": hidden}],
        "messages": [{"author": "alice", "content": "hello", "channel": "help"}],
    }
    return {"guilds": [guild]}


@pytest.fixture(scope="module")
def seed(world: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seed") / "world.json"
    path.write_text(json.dumps(world), encoding="utf-8")
    return path


@pytest.fixture
async def room(world: dict[str, Any]) -> AsyncIterator[SandboxClient]:
    """A client of a control API that runs in this process, for what needs no process of its own."""
    async with Sandbox() as sandbox:
        build(sandbox.core, world)
        control = Control(sandbox.core)
        await control.start("127.0.0.1")
        ready = {
            **sandbox.core.urls,
            "control_url": control.url,
            "control_token": control.token,
            "token": sandbox.token,
            "application_id": sandbox.application_id,
            "ids": await sandbox.state(),
        }
        async with SandboxClient(ready) as client:
            yield client
        await control.stop()


async def test_seeded_world_is_driven_from_here(room: SandboxClient) -> None:
    home = room.ready["ids"]["guilds"]["Home"]
    alice = await room.member("alice")
    assert home["members"]["alice"] == alice.id
    assert [message.content for message in await alice.sees("help")] == ["hello"]
    with pytest.raises(ApiError, match="50001"):
        await alice.say("let me in", "staff")
    with pytest.raises(OperationError, match="no channel"):
        await alice.say("hi", "nowhere")
    async with await Socket.open(room.gateway_url) as socket, Http(room.api_url, room.token) as http:
        await socket.identify(room.token)
        await room.wait_connected()
        message = await alice.say("question", "help")
        assert (await socket.until("MESSAGE_CREATE", lambda d: d["content"] == "question"))["id"] == str(
            message.id
        )
        waiting = asyncio.create_task(room.wait_for_reply(to=message))
        body = {"content": "answer", "message_reference": {"message_id": str(message.id)}}
        await http("POST", f"/channels/{message.channel_id}/messages", body)
        assert (await waiting).content == "answer"
        await room.set_faults(enforce_nonce=False)
        await room.kick()
        await room.wait_disconnected()
    kinds = {entry["kind"] for entry in await room.sync()}
    assert {"request", "message", "gateway_out", "connection"} <= kinds


async def test_the_record_can_be_followed_by_kind(room: SandboxClient) -> None:
    async def ask(**query: str) -> Any:
        return await room._request("GET", "/record", kinds="message,message_delete", **query)

    alice = await room.member("alice")
    first = await ask()
    assert {entry["kind"] for entry in first["entries"]} == {"message"}
    waiting = asyncio.create_task(ask(after=str(first["last"]), wait="10"))
    await alice.type("help")  # is in the record, and not asked for
    said = await alice.say("here", "help")
    (entry,) = (await waiting)["entries"]
    assert (entry["kind"], entry["message_id"]) == ("message", said.id)
    await said.delete()
    one = await ask(after=str(first["last"]), limit="1")
    assert [entry["n"] for entry in one["entries"]] == [one["last"]]
    (entry,) = (await ask(after=str(one["last"])))["entries"]
    assert entry["kind"] == "message_delete"


@pytest.mark.cites("docs interactions/receiving-and-responding#message-interaction-object")
async def test_an_answer_names_the_whole_command(room: SandboxClient) -> None:
    show = {"type": 1, "name": "show", "description": "Show."}
    group = {"type": 2, "name": "colours", "description": "Colours.", "options": [show]}
    command = {"name": "config", "description": "Settings.", "options": [group]}
    alice = await room.member("alice")
    async with await Socket.open(room.gateway_url) as socket, Http(room.api_url, room.token) as http:
        await http("PUT", f"/applications/{room.application_id}/commands", [command])
        await socket.identify(room.token)

        async def answer() -> None:
            item = await socket.until("INTERACTION_CREATE")
            body = {"type": 4, "data": {"content": "red"}}
            await http("POST", f"/interactions/{item['id']}/{item['token']}/callback", body)

        sent, _ = await asyncio.gather(alice.slash("config colours show", channel="help"), answer())
        assert sent.message is not None
        shown = await http("GET", f"/channels/{sent.message.channel_id}/messages/{sent.message.id}")
    assert shown.json["interaction_metadata"]["name"] == "config colours show"
    assert shown.json["interaction"]["name"] == "config colours show"


async def test_a_seed_names_the_application(world: dict[str, Any]) -> None:
    async with Sandbox() as sandbox:
        build(sandbox.core, world | {"application": "Lookout"})
        assert (sandbox.app.name, sandbox.bot_user.name) == ("Lookout", "Lookout")


async def test_command_and_button_are_driven_over_the_control_api(room: SandboxClient) -> None:
    command = {"name": "ping", "description": "Ping."}
    button = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Again", "custom_id": "again"}]}
    alice = await room.member("alice")
    async with await Socket.open(room.gateway_url) as socket, Http(room.api_url, room.token) as http:
        await http("PUT", f"/applications/{room.application_id}/commands", [command])
        await socket.identify(room.token)

        async def answer(content: str, kind: int) -> None:
            item = await socket.until("INTERACTION_CREATE")
            body = {"type": kind, "data": {"content": content, "components": [button]}}
            await http("POST", f"/interactions/{item['id']}/{item['token']}/callback", body)

        first, _ = await asyncio.gather(alice.slash("ping", channel="help"), answer("pong", 4))
        assert first.content == "pong"
        second, _ = await asyncio.gather(alice.click(first.message, "Again"), answer("pong pong", 7))
        assert second.content == "pong pong"
        assert [message.content for message in await alice.sees("help")] == ["hello", "pong pong"]


async def test_process_of_its_own_takes_a_flood_in_one_quick_call(seed: Path) -> None:
    flood = [{"author": "alice", "content": f"number {i}", "channel": "help"} for i in range(2000)]
    async with await SandboxClient.launch("--seed", str(seed)) as room:
        before = time.perf_counter()
        ids = await room.say_many(flood)
        assert time.perf_counter() - before < 5
        assert ids == sorted(set(ids))
        entry = await room.wait_for(lambda e: e["kind"] == "message" and e["content"] == "number 1999")
        assert entry["message_id"] == ids[-1]


async def test_ids_come_as_text_where_javascript_asks(room: SandboxClient) -> None:
    """Every id is taken back as it came."""
    headers = {"Authorization": f"Bearer {room.ready['control_token']}"}
    async with aiohttp.ClientSession(room.ready["control_url"], headers=headers) as session:

        async def op(name: str, **args: Any) -> Any:
            async with session.post(f"/op/{name}?ids=text", json=args) as reply:
                assert reply.status == 200, await reply.text()
                return (await reply.json())["result"]

        home = (await op("state"))["guilds"]["Home"]
        alice, channel = home["members"]["alice"], home["channels"]["help"]
        assert (isinstance(alice, str), isinstance(channel, str)) == (True, True)
        said = await op("say", author=alice, content="hi", channel=channel, guild=home["id"])
        assert await op("message", message=said["id"]) == said
        command = {"name": "ping", "description": "Ping."}
        async with Http(room.api_url, room.token) as http, await Socket.open(room.gateway_url) as socket:
            await http("PUT", f"/applications/{room.application_id}/commands", [command])
            await socket.identify(room.token, 1)
            run = await op("slash", user=alice, command="ping", channel=channel)
            found = await op("interaction", interaction=run["interaction_id"])
            assert (found["id"], found["callback"]) == (run["interaction_id"], None)
        async with session.get("/record?ids=text") as reply:
            entries = (await reply.json())["entries"]
        ids = {entry["author_id"] for entry in entries if entry["kind"] == "message"}
        assert ids == {alice}
        assert entries[0]["n"] == 1


async def test_control_api_wants_its_token(room: SandboxClient) -> None:
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with session.get(room.ready["control_url"] + "/record", headers=headers) as reply:
                assert reply.status == 401


async def test_waiting_over_the_control_api_has_a_deadline(room: SandboxClient) -> None:
    with pytest.raises(TimeoutError):
        await room.wait_for(lambda _: False, timeout=0.05)


@pytest.mark.parametrize("how", ["sigterm", "sigint", "stdin"])
async def test_ends_cleanly(seed: Path, how: str) -> None:
    client = await SandboxClient.launch("--seed", str(seed))
    process = client.process
    assert process is not None
    assert process.stdin is not None
    async with client, await Socket.open(client.gateway_url) as socket:
        await socket.identify(client.token)
        if how == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM if how == "sigterm" else signal.SIGINT)
        async with asyncio.timeout(5):
            assert await process.wait() == 0
        client.process = None


async def test_wrong_seed_file_is_told_in_one_line(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"guilds": [{"name": "x", "channels": [{"name": "y", "type": "odd"}]}]}')
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--seed", str(wrong), stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert errors.decode().startswith("sandbox: no channel type 'odd'")
    assert errors.count(b"\n") == 1


async def _ended(*arguments: str) -> tuple[int | None, str]:
    """Return code and errors of a sandbox whose arguments are wrong."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(DEADLINE):
        _, errors = await process.communicate()
    return process.returncode, errors.decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "argument --host: '0.0.0.0' is no loopback address"),
        (["--port", "99999"], "argument --port: a whole number from 0 to 65535, it can't be '99999'"),
        (["--control-port=-1"], "argument --control-port: a whole number from 0 to 65535"),
        (["--page-port", "x"], "argument --page-port: a whole number"),
        (["--record-limit", "0"], "argument --record-limit: a whole number from 1, it can't be '0'"),
        (["--seed", "nowhere.json"], "argument --seed: nowhere.json: No such file"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
    ids=lambda item: item[0] if isinstance(item, list) else "",
)
async def test_wrong_arguments_are_told_in_one_line(arguments: list[str], words: str) -> None:
    ended, errors = await _ended(*arguments)
    assert (ended, errors.count("\n")) == (2, 1), errors
    assert errors.startswith(f"sandbox: {words}")


SEEDS = [
    "[1]",
    "{",
    "5",
    '{"guilds": 3}',
    '{"guilds": [3]}',
    '{"guild": []}',
    '{"guilds": [{"name": "x", "roles": 3}]}',
    '{"guilds": [{"name": "x", "members": ["alice"]}]}',
    '{"guilds": [{"name": "x", "members": [{"name": []}]}]}',
    '{"guilds": [{"nam": "x"}]}',
    '{"guilds": [], "application": []}',
    '{"guilds": [], "faults": [1]}',
    '{"guilds": [], "faults": {"chaos": 5}}',
    '{"guilds": [{"name": "x", "channels": [{"name": "c", "overwrites": [{}]}]}]}',
    '{"guilds": [{"name": "x", "channels": [{"name": "c"}], "messages": '
    '[{"author": "owner", "channel": "c", "content": "%s"}]}]}' % ("x" * 5000),
]


@pytest.mark.parametrize("text", SEEDS, ids=lambda text: text[:40])
async def test_a_wrong_seed_is_an_operation_error(text: str) -> None:
    async with Sandbox() as sandbox:
        with pytest.raises(ValueError, match=r".+"):
            build(sandbox.core, json.loads(text))


@pytest.mark.parametrize(
    "text", [SEEDS[0], SEEDS[1], SEEDS[3], SEEDS[-1], "\xff"], ids=["list", "{", "3", "long", "latin"]
)
async def test_a_wrong_seed_file_ends_it_with_one_line(tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_bytes(text.encode("latin-1"))
    ended, errors = await _ended("--seed", str(wrong))
    assert (ended, errors.count("\n")) == (2, 1), errors
    assert errors.startswith("sandbox: ")


async def test_tokens_are_repeatable_by_a_seed_and_not_to_be_guessed_without() -> None:
    async def token(*arguments: str) -> str:
        async with await SandboxClient.launch(*arguments) as room:
            assert len(room.token.split(".")) == 3
            return room.token.partition(".")[2]

    first, second, third, fourth = await asyncio.gather(
        token(), token(), token("--random", "7"), token("--random", "7")
    )
    assert third == fourth
    assert len({first, second, third}) == 3
    async with Sandbox() as one, Sandbox() as two:  # in a test nothing changes
        assert one.token.partition(".")[2] == two.token.partition(".")[2]
