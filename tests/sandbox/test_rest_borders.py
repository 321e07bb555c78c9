"""Odd tokens, bodies and paths: what is refused before a route sees it."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import pytest

from sandbox import Sandbox
from tests.sandbox.raw import Http, code, ids


@pytest.mark.cites("docs reference#authentication", "docs topics/opcodes-and-status-codes#http")
@pytest.mark.parametrize(
    "given",
    [
        *(None, "", "Bot", "Bot ", "Bot wrong", "Bearer {token}", "{token}", "bot {token}", "Bot {token}x"),
        "Bot \xe9\xff",
    ],
)
async def test_odd_tokens_are_401(room: Sandbox, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given.format(token=room.token)}
    async with Http(room.api_url, None) as http:
        reply = await http("GET", "/users/@me", headers=headers)
    assert (reply.status, reply.json) == (401, {"message": "401: Unauthorized", "code": 0})


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json")
@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", b"{nope", (400, 50109)),
        ("application/json", b"\xff\xfe", (400, 50109)),
        ("application/json", b'{"content": NaN}', (400, 50109)),
        ("application/json", b"[" * 100_000, (400, 50109)),
        ("application/json", b'{"content": ' + b"9" * 5000 + b"}", (400, 50109)),
        ("application/json", b"5", (400, 50035)),
        ("text/plain", b'{"content": "x"}', (400, 50035)),
        ("application/xml", b"<x/>", (400, 50035)),
        ("multipart/form-data", b"no boundary", (400, 50035)),
        ("multipart/form-data; boundary=x", b"not parts at all", (400, 50035)),
        ("multipart/form-data; boundary=x", b"--x\r\nno header", (400, 50035)),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--", (400, 50006)),
        ("application/x-www-form-urlencoded", b"%ff&=&content", (400, 50006)),
    ],
)
async def test_broken_bodies(
    room: Sandbox, http: Http, kind: str, body: bytes, expected: tuple[int, int]
) -> None:
    _, channel = await ids(room)
    reply = await http("POST", f"/channels/{channel}/messages", data=body, headers={"Content-Type": kind})
    assert code(reply) == expected
    assert room.record.requests()[-1]["error"] is None


async def test_urlencoded_bodies_are_read(room: Sandbox, http: Http) -> None:
    _, channel = await ids(room)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await http("POST", f"/channels/{channel}/messages", data=b"content=hello+there", headers=kind)
    assert reply.json["content"] == "hello there"


def _chunks(left: int) -> AsyncIterator[bytes]:
    async def produce() -> AsyncIterator[bytes]:
        for _ in range(left):
            yield b"x" * (1 << 20)

    return produce()


@pytest.mark.cites("docs topics/opcodes-and-status-codes#json", "docs reference#uploading-files")
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with its length"])
async def test_50_mb_are_413(room: Sandbox, kind: str, *, chunked: bool) -> None:
    _, channel = await ids(room)
    head = b'--x\r\nContent-Disposition: form-data; name="files[0]"; filename="a"\r\n\r\n'

    async def body() -> AsyncIterator[bytes]:
        yield head
        async for chunk in _chunks(50):
            yield chunk

    data = body() if chunked else BytesIO(head + b"x" * (50 << 20))
    headers = {"Authorization": f"Bot {room.token}", "Content-Type": kind}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        asyncio.timeout(20),
        session.post(f"{room.api_url}/channels/{channel}/messages", data=data) as reply,
    ):
        assert (reply.status, (await reply.json())["code"]) == (413, 40005)
    assert room.record.messages() == []


@pytest.mark.cites("docs reference#api-versioning", "docs topics/opcodes-and-status-codes#http")
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v10/nowhere", (404, 0)),
        ("GET", "/api/v10/", (404, 0)),
        ("GET", "/api/v10/channels/%00/messages", (400, 50035)),
        ("GET", "/api/v10/channels/-1", (400, 50035)),
        ("GET", "/api/v10/channels/99999999999999999999999999", (400, 50035)),
        ("GET", "/api/v10/channels/%E2%91%A0", (400, 50035)),
        ("GET", "/api/v10/guilds/" + "9" * 9000, (414, 0)),
        ("PURGE", "/api/v10/users/@me", (405, 0)),
        ("DELETE", "/api/v10/gateway", (405, 0)),
        ("GET", "/api/v99/users/@me", (400, 50041)),
        ("GET", "/elsewhere", (404, 0)),
    ],
)
async def test_unknown_paths_and_methods(
    room: Sandbox, method: str, path: str, expected: tuple[int, int]
) -> None:
    base = room.api_url.removesuffix("/api/v10")
    async with Http(base, room.token) as http:
        assert code(await http(method, path)) == expected


@pytest.mark.cites("docs reference#api-versioning")
async def test_any_version_and_none_is_the_same_api(room: Sandbox, http: Http) -> None:
    base = room.api_url.removesuffix("/v10")
    async with Http(base, room.token) as bare:
        for version in ("/v9", "/v10", ""):
            assert (await bare("GET", f"{version}/users/@me")).status == 200


async def test_a_mistake_in_the_sandbox_is_recorded_and_is_no_5xx(
    room: Sandbox, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, channel = await ids(room)
    monkeypatch.setattr("sandbox.rest.messages.draft_of", lambda *_: 1 // 0)
    assert code(await http("POST", f"/channels/{channel}/messages", {"content": "x"})) == (400, 50035)
    assert "ZeroDivisionError" in room.record.requests()[-1]["error"]
