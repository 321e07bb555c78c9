"""The page's server: who is let in, what is served, and how nonsense is answered."""

import asyncio
import base64
import hashlib
import io
import json
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from sandbox import Sandbox
from sandbox.page import feed, server
from sandbox.page.server import Page
from tests.page.visitor import TOKEN, Visitor, id_of, ids_are_text, register

STATIC = Path(server.__file__).parent / "static"


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", "tökén"])
async def test_an_operation_wants_the_token(visitor: Visitor, token: str | None) -> None:
    status, answer = await visitor.op("state", token)
    assert status == 401
    assert "address" in answer["error"]


async def test_a_token_of_bytes_that_are_no_text_is_a_wrong_one(visitor: Visitor) -> None:
    url = urlsplit(visitor.base)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"POST /op/state HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\nContent-Length: 0\r\n"
    writer.write(head.encode() + b"Authorization: Bearer \xff\xfe\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"401"
    writer.close()
    await writer.wait_closed()


HELLOS = [{"token": "wrong"}, {"token": None}, {"token": 5}, {"token": "\ud800"}, {}]


@pytest.mark.parametrize("hello", HELLOS, ids=ascii)
async def test_the_feed_wants_the_token(visitor: Visitor, hello: Any) -> None:
    live = await visitor.line()
    await live.say(hello)
    assert await live.close_code() == 4004


@pytest.mark.parametrize("hello", ["", "{", "[]", "5", '"text"', "[" * 5000], ids=lambda text: text[:6])
async def test_a_malformed_hello_closes_the_line(visitor: Visitor, hello: str) -> None:
    live = await visitor.line()
    await live.say(hello)
    assert await live.close_code() == 4002


async def test_a_line_that_never_says_hello_is_closed(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HELLO_SECONDS", 0.01)
    live = await visitor.line()
    assert await live.close_code() == 4002


@pytest.mark.parametrize("wish", ["{", "[]", "null"])
async def test_a_malformed_wish_closes_the_line(visitor: Visitor, wish: str) -> None:
    live, _ = await visitor.watch(None)
    await live.say(wish)
    assert await live.close_code() == 4002


async def test_a_binary_frame_closes_the_line(visitor: Visitor) -> None:
    live, _ = await visitor.watch(None)
    await live.socket.send_bytes(b"{}")
    assert await live.close_code() == 4002


async def test_a_frame_that_is_too_large_closes_the_line(visitor: Visitor) -> None:
    live, _ = await visitor.watch(None)
    await live.say({"as": "x" * server.MAX_FRAME})
    assert await live.close_code() == 1009


@pytest.mark.parametrize("path", ["/", "/main.js", "/live", "/op/state"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", ""])
async def test_a_foreign_host_is_refused(visitor: Visitor, path: str, host: str) -> None:
    status, headers, _ = await visitor.get(path, Host=host)
    assert status == 421
    assert "Content-Security-Policy" in headers


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1"])
async def test_a_foreign_origin_is_refused(visitor: Visitor, origin: str) -> None:
    status, _, _ = await visitor.get("/", Origin=origin)
    assert status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await visitor.line(Origin=origin)
    assert refused.value.status == 403
    async with visitor.session.post(visitor.base + "/op/state", headers={"Origin": origin}) as reply:
        assert reply.status == 403


async def test_its_own_origin_and_localhost_are_let_in(visitor: Visitor) -> None:
    port = visitor.base.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost"):
        own = f"{name}:{port}"
        status, _, _ = await visitor.get("/", Host=own, Origin=f"http://{own}")
        assert status == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/main.js", "text/javascript; charset=utf-8"),
        ("/views/app.js", "text/javascript; charset=utf-8"),
        ("/vendor/preact.mjs", "text/javascript; charset=utf-8"),
        ("/styles/base.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/vendor/LICENSES.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_files_come_with_their_type(visitor: Visitor, path: str, kind: str) -> None:
    status, headers, _ = await visitor.get(path)
    assert (status, headers["Content-Type"]) == (200, kind)
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_every_file_of_the_page_is_served(visitor: Visitor) -> None:
    for file in STATIC.rglob("*.*"):
        path = file.relative_to(STATIC).as_posix()
        status, _, body = await visitor.get("/" if path == "index.html" else f"/{path}")
        assert (path, status, body) == (path, 200, file.read_bytes())


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.js",
        "/views",
        "/views/",
        "/../server.py",
        "/..%2fserver.py",
        "/views/..%2f..%2fserver.py",
        "/%2e%2e/server.py",
        "/static/main.js",
        "//etc/passwd",
        "/views/app.js%00.css",
        "/views%5capp.js",
    ],
)
async def test_what_is_no_file_of_the_page_is_not_served(visitor: Visitor, path: str) -> None:
    host, _, port = visitor.base.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))  # no client that tidies the path
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 404 "), answer[:80]


async def test_the_policy_lets_in_the_import_map_and_no_other_script(visitor: Visitor) -> None:
    _, headers, body = await visitor.get("/")
    policy = headers["Content-Security-Policy"]
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", body.decode(), re.DOTALL)
    assert len(inline) == 1
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(rb"\son\w+=|style=", body)


async def test_the_policy_names_the_cdn(visitor: Visitor, room: Sandbox) -> None:
    _, headers, _ = await visitor.get("/")
    images = re.search(r"img-src ([^;]*)", headers["Content-Security-Policy"])
    assert images is not None
    assert room.cdn_url.removesuffix("/cdn") in images[1].split()


async def test_a_big_body_is_refused(room: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_BODY", 2 * 1024 * 1024)
    page = Page(room.core, TOKEN)
    await page.start("127.0.0.1")
    async with Visitor(page.address) as visitor:
        status, answer = await visitor.post("/op/say", io.BytesIO(b"[" * (server.MAX_BODY + 1)))
        assert status == 413
        assert "at most 2 MB" in answer["error"]
        assert await visitor.done("state")
    await page.stop()


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b'"x"', b"\xff", b"[" * 100_000], ids=repr)
async def test_malformed_arguments_are_refused(visitor: Visitor, body: bytes) -> None:
    status, answer = await visitor.post("/op/state", body)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("nothing", {}),
        ("say", {}),
        ("say", {"author": "alice", "content": "x", "channel": "nowhere"}),
        ("say", {"author": "alice", "content": "", "channel": "help", "attachments": [{}]}),
        ("say", {"author": "alice", "content": "x", "channel": "help", "attachments": 5}),
        ("say", {"author": [], "content": "x", "channel": {}}),
        ("annotate", {"message": None, "note": {}}),
        ("screen", {"user": "alice", "channel": "help", "before": "x"}),
        ("screen", {"user": "alice", "channel": "help", "limit": "x"}),
        ("react", {"user": "alice", "message": 1, "emoji": None}),
        ("perform", {"core": 1}),
        ("state", {"core": 1}),
    ],
    ids=str,
)
async def test_operations_that_make_no_sense_say_so(
    visitor: Visitor, name: str, args: dict[str, Any]
) -> None:
    status, answer = await visitor.op(name, **args)
    assert status == 400, answer
    assert answer["error"]


async def test_what_a_member_may_not_do_has_discords_code(visitor: Visitor) -> None:
    status, answer = await visitor.op("say", author="alice", content="x", channel="staff-only")
    assert (status, answer["code"], answer["message"]) == (409, 50001, "Missing Access")


async def test_ids_are_text_everywhere(visitor: Visitor, room: Sandbox) -> None:
    live, ready = await visitor.watch(None)
    said = await visitor.done("say", author="alice", content="one", channel="help")
    posted = await visitor.done("open_post", user="bob", forum="posts", title="t", content="c")
    events = [ready, await live.until("MESSAGE"), await live.until("GUILD")]
    shown = await visitor.done("screen", user="alice", channel="help")
    listed = await visitor.done("posts", user="alice", forum="posts")
    for value in (*events, said, posted, shown, listed, await visitor.done("state")):
        assert ids_are_text(value)
    assert isinstance(said["id"], str)


async def test_a_page_that_does_not_read_is_cut_off(
    visitor: Visitor, room: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_BEHIND", 200_000)
    host, _, port = visitor.base.removeprefix("http://").partition(":")
    line = socket.create_connection((host, int(port)))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    silent = await asyncio.open_connection(sock=line, limit=1024)  # reads 2 kB, then nothing
    silent[1].write(
        f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await silent[0].readuntil(b"\r\n\r\n")
    hello = json.dumps({"token": TOKEN}).encode()
    silent[1].write(bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + hello)  # masked with zeros
    reading, _ = await visitor.watch(None)
    async with asyncio.timeout(30):
        while len(room.core.hub.watchers) != 1 or not room.record.last:
            await room.call("say", author="bob", content="x" * 2000, channel="help")
            await reading.until("MESSAGE")
    silent[1].close()


async def test_open_pages_are_told_when_it_ends(room: Sandbox) -> None:
    page = Page(room.core, TOKEN)
    await page.start("127.0.0.1")
    async with Visitor(page.address) as visitor:
        live, _ = await visitor.watch(None)
        code, _ = await asyncio.gather(live.close_code(), page.stop())
        assert code == 1001
    assert room.core.hub.watchers == []


async def test_a_page_that_does_not_answer_does_not_hold_up_the_end(room: Sandbox) -> None:
    page = Page(room.core, TOKEN)
    await page.start("127.0.0.1")
    async with Visitor(page.address) as visitor:
        await visitor.watch(None)
        async with asyncio.timeout(5):
            await page.stop()


async def test_the_member_learns_that_an_application_let_the_time_pass(
    visitor: Visitor, room: Sandbox
) -> None:
    room.core.interaction_deadline = 0.01
    await register(room, {"name": "ping", "description": "d"})
    live, _ = await visitor.watch(id_of(room, "owner"))
    other, _ = await visitor.watch(id_of(room, "bob"))
    made = await visitor.done("slash", user="owner", command="ping", channel="help")
    failed = await live.until("INTERACTION")
    assert (failed["id"], failed["state"]) == (made["interaction_id"], "failed")
    await visitor.done("say", author="alice", content="after", channel="help")
    assert await other.before("after") == []
