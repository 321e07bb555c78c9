"""What stands before the API: who may come in, how much they may say, and who leaves in the middle."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web

from sandbox import Sandbox
from sandbox.bodies import MAX_BODY, MAX_TEXT, MAX_VALUES
from sandbox.server import KEPT_BODY
from tests.sandbox.raw import DEADLINE, Http, Socket, code, ids

CALLBACK = "/interactions/1/x/callback"
HOOK = "/webhooks/1/x"
NESTED = b'{"x":[' + b"[]," * (8 * 1024 * 1024) + b"[]]}"


class Wire:
    """A connection that speaks bytes."""

    def __init__(self, room: Sandbox) -> None:
        self.host = urlsplit(room.api_url).netloc
        self.token = room.token

    def head(self, method: str, path: str, *lines: str) -> bytes:
        """Return the head of a request with the bot's token."""
        first = [f"{method} /api/v10{path} HTTP/1.1", f"Host: {self.host}"]
        return "\r\n".join([*first, f"Authorization: Bot {self.token}", *lines, "", ""]).encode()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name, _, port = self.host.rpartition(":")
        return await asyncio.open_connection(name, int(port))

    async def say(self, raw: bytes) -> bytes:
        """Return what is answered until the server closes."""
        reader, writer = await self.open()
        try:
            writer.write(raw)
            async with asyncio.timeout(DEADLINE):
                return await reader.read()
        finally:
            writer.close()


@pytest.fixture
def wire(room: Sandbox) -> Wire:
    return Wire(room)


@pytest.fixture
async def stranger(room: Sandbox) -> AsyncIterator[Http]:
    """A client without a token."""
    async with Http(room.api_url, None) as client:
        yield client


@pytest.mark.cites("protocol interactions.1")
@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", CALLBACK, (404, 10062)),
        ("POST", HOOK, (404, 10015)),
        ("PATCH", HOOK + "/messages/@original", (404, 10015)),
        ("POST", "/channels/1/messages", (401, 0)),
        ("POST", "/nowhere", (404, 0)),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
async def test_a_body_that_no_token_opens_is_not_read(
    room: Sandbox, stranger: Http, method: str, path: str, answer: tuple[int, int], kind: str
) -> None:
    opened = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b'{"x":['
        await opened.wait()  # the rest comes when the answer is there

    async with asyncio.timeout(DEADLINE):
        reply = await stranger(method, path, data=endless(), headers={"Content-Type": kind})
    opened.set()
    assert code(reply) in (answer, (404, 10015), (404, 10062))
    assert room.record.requests()[-1]["size"] == 0


async def test_a_large_body_without_a_token_is_neither_parsed_nor_kept(room: Sandbox, stranger: Http) -> None:
    json_type = {"Content-Type": "application/json"}
    reply = await stranger("POST", CALLBACK, data=io.BytesIO(NESTED), headers=json_type)
    assert code(reply) == (404, 10062)
    (entry,) = room.record.requests()
    assert (entry["body"], entry["size"]) == (None, 0)


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json")
async def test_text_without_a_bots_token_is_smaller_than_files(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "hook"})).json
    path = f"/webhooks/{hook['id']}/{hook['token']}"
    async with Http(room.api_url, None) as stranger:
        long = b'{"content": "%s"}' % (b"x" * MAX_TEXT)
        json_type = {"Content-Type": "application/json"}
        assert code(await stranger("POST", path, data=io.BytesIO(long), headers=json_type)) == (413, 40005)

        async def parts() -> AsyncIterator[bytes]:
            yield long

        assert code(await stranger("POST", path, data=parts(), headers=json_type)) == (413, 40005)
        part = b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n%s\r\n--b--\r\n' % long
        parts_type = {"Content-Type": "multipart/form-data; boundary=b"}
        refused = await stranger("POST", path, data=io.BytesIO(part), headers=parts_type)
        assert code(refused) == (413, 40005)
        form = aiohttp.FormData()
        form.add_field("payload_json", '{"content": "here"}')
        form.add_field("files[0]", io.BytesIO(b"x" * (MAX_TEXT + 1)), filename="a.txt")
        assert (await stranger("POST", path, data=form)).status == 204
    assert MAX_TEXT < MAX_BODY


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json")
async def test_json_of_too_many_values_is_too_large(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    for extra in (1, MAX_VALUES):
        reply = await http("POST", f"/channels/{channel}/messages", {"content": "x", "embeds": [[]] * extra})
        assert code(reply) == ((400, 50035) if extra == 1 else (413, 40005))
    picture = json.dumps({"avatar": "data:image/png;base64," + "A" * (MAX_TEXT + 1)}).encode()
    json_type = {"Content-Type": "application/json"}
    changed = await http("PATCH", "/users/@me", data=io.BytesIO(picture), headers=json_type)
    assert changed.status == 200
    entry = room.record.requests()[-1]
    assert entry["body"] is None
    assert entry["size"] > MAX_TEXT > KEPT_BODY


async def test_the_record_keeps_small_bodies_of_applications_and_no_stranger(
    room: Sandbox, http: Http, stranger: Http
) -> None:
    _, channel = await ids(room)
    await http("POST", f"/channels/{channel}/messages", {"content": []})
    entry = room.record.requests()[-1]
    assert (entry["status"], entry["body"], entry["size"]) == (400, {"content": []}, len('{"content": []}'))
    hook = (await http("POST", f"/channels/{channel}/webhooks", {"name": "hook"})).json
    await stranger("POST", f"/webhooks/{hook['id']}/{hook['token']}", {"content": []})
    entry = room.record.requests()[-1]
    assert (entry["status"], entry["body"], entry["size"]) == (400, None, len('{"content": []}'))


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Type: application/json", "Content-Length: 100"),
        ("Content-Type: application/json", "Transfer-Encoding: chunked"),
        ("Content-Type: multipart/form-data; boundary=b", "Content-Length: 100"),
    ],
    ids=["length", "chunked", "multipart"],
)
async def test_a_client_that_leaves_in_the_middle_is_no_mistake_of_the_sandbox(
    room: Sandbox, wire: Wire, caplog: pytest.LogCaptureFixture, lines: tuple[str, ...]
) -> None:
    _, channel = await ids(room)
    _, writer = await wire.open()
    writer.write(wire.head("POST", f"/channels/{channel}/messages", *lines) + b"5\r\n--b")
    await writer.drain()
    writer.close()
    entry = await room.wait_for(lambda e: e["kind"] == "request", DEADLINE)
    assert (entry["answered"], entry["error"], entry["response"]) == (False, None, None)
    assert room.record.messages() == []
    assert caplog.records == []


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /api/v10/gateway HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n",
    ],
    ids=["bytes", "header", "length", "url", "both"],
)
async def test_what_is_no_http_is_refused_without_a_word_in_the_log(
    wire: Wire, caplog: pytest.LogCaptureFixture, head: bytes
) -> None:
    answer = await wire.say(head)
    assert answer.split(b" ", 2)[1] == b"400"
    assert caplog.records == []


async def test_a_body_that_breaks_while_unread_is_no_word_in_the_log(
    room: Sandbox, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    _, channel = await ids(room)
    headers = {"Content-Encoding": "deflate", "Content-Type": "application/json"}
    reply = await http("POST", f"/channels/{channel}/messages", data=b"\x07" * 200_000, headers=headers)
    assert code(reply) == (400, 50035)
    assert caplog.records == []


def test_a_real_mistake_comes_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("sandbox.http").error("x", exc_info=(ValueError, ValueError("real"), None))
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("expect", "status"), [("foo", 417), ("100-continue", 100)])
async def test_an_expectation_is_met_or_refused_in_json(
    wire: Wire, caplog: pytest.LogCaptureFixture, expect: str, status: int
) -> None:
    raw = wire.head("GET", "/users/@me", f"Expect: {expect}", "Connection: close")
    first, _, rest = (await wire.say(raw)).partition(b"\r\n")
    assert int(first.split()[1]) == status
    if status == 417:
        assert json.loads(rest.partition(b"\r\n\r\n")[2]) == {"message": "417: Expectation Failed", "code": 0}
    else:
        assert b"HTTP/1.1 200 OK" in rest
    assert caplog.records == []


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}"]
)
@pytest.mark.parametrize("path", ["/api/v10/users/@me", "/", "/cdn/icons/1/a.png"])
async def test_a_foreign_host_is_refused(room: Sandbox, http: Http, host: str, path: str) -> None:
    where = urlsplit(room.api_url)
    headers = {"Host": host.format(port=where.port), "Authorization": f"Bot {room.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"http://{where.netloc}{path}") as reply,
    ):
        assert (reply.status, (await reply.json())["code"]) == (421, 0)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://{own}", "http://127.0.0.1:1"])
async def test_a_foreign_web_page_is_refused(room: Sandbox, http: Http, origin: str) -> None:
    headers = {"Origin": origin.format(own=urlsplit(room.api_url).netloc)}
    assert code(await http("GET", "/users/@me", headers=headers)) == (403, 0)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(room.gateway_url, headers=headers)
    assert refused.value.status == 403
    assert room.record.requests() == []


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_names_of_this_machine_and_the_own_origin_pass(room: Sandbox, http: Http, name: str) -> None:
    own = f"{name}:{urlsplit(room.api_url).port}"
    assert (await http("GET", "/users/@me", headers={"Host": own, "Origin": f"http://{own}"})).status == 200


async def test_the_gateway_takes_its_own_origin(room: Sandbox) -> None:
    """websocket-client, a library of Python's, always sends it."""
    origin = f"http://{urlsplit(room.gateway_url).netloc}"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(room.gateway_url, headers={"Origin": origin}) as socket,
    ):
        assert (await socket.receive()).type == aiohttp.WSMsgType.TEXT


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.com", "", "127.0.0.1.x"])
async def test_it_listens_on_loopback_alone(host: str) -> None:
    with pytest.raises(ValueError, match="no loopback address"):
        async with Sandbox(host=host):
            pass


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.0.0.2"])
async def test_every_loopback_address_is_served(host: str) -> None:
    async with Sandbox(host=host) as room, Http(room.api_url, room.token) as http:
        assert (await http("GET", "/users/@me")).status == 200
        async with await Socket.open(room.gateway_url) as socket:
            await socket.identify(room.token)


async def test_nothing_that_breaks_inside_is_a_500(
    room: Sandbox, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> web.Response:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(room.core.buckets, "take", broken)
    assert code(await http("GET", "/users/@me")) == (400, 50035)
