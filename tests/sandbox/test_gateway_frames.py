"""Frames no client should send: each has its close code, and the sandbox logs no error."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import WSMsgType
from loguru import logger

from sandbox import Sandbox
from sandbox.gateway import Gateway
from sandbox.requests import Requests
from tests.sandbox.raw import Socket, connected

CODES = "docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"
INFINITE = '{"op":2,"d":{"token":"TOKEN","intents":1,"large_threshold":1e999}}'


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Fail the test when anything was logged as a warning or worse that it didn't take out."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING")
    yield lines
    logger.remove(sink)
    lines += [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert lines == []


@pytest.mark.cites(CODES, "docs events/gateway#sending-events")
@pytest.mark.parametrize(
    ("kind", "frame", "code"),
    [
        (WSMsgType.BINARY, b"\x00\x01garbage\xff", 4002),
        (WSMsgType.BINARY, b"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opa\x01", 4002),
        (WSMsgType.BINARY, '{"op":1,"d":null}'.encode("utf-16"), 4002),
        (WSMsgType.TEXT, b"", 4002),
        (WSMsgType.TEXT, b"\xff\xfe\x00", 1007),
        (WSMsgType.TEXT, b"[" * 4000, 4002),
        (WSMsgType.TEXT, b'{"op":' * 600 + b"1" + b"}" * 600, 4002),
        (WSMsgType.TEXT, b'{"op":1,"d":"' + b"x" * 4082 + b'"}', 4002),
        (WSMsgType.TEXT, b" " * (20 << 20), 4002),
        (WSMsgType.TEXT, b'{"op":true}', 4002),
        (WSMsgType.TEXT, b'{"op":1.0}', 4002),
        (WSMsgType.TEXT, b'{"d":{}}', 4002),
        (WSMsgType.TEXT, b"NaN", 4002),
        (WSMsgType.TEXT, b'{"op":0,"d":{}}', 4001),
        (WSMsgType.TEXT, b'{"op":11}', 4001),
        (WSMsgType.TEXT, b'{"op":-1}', 4001),
        (WSMsgType.TEXT, b'{"op":99999999999999999999}', 4001),
        (WSMsgType.TEXT, b'{"op":3,"d":{}}', 4003),
        (WSMsgType.TEXT, b'{"op":2,"d":[]}', 4002),
        (WSMsgType.TEXT, b'{"op":2,"d":{"token":5,"intents":1}}', 4002),
        (WSMsgType.TEXT, b'{"op":2,"d":{"token":"TOKEN","intents":"1"}}', 4013),
        (WSMsgType.TEXT, b'{"op":2,"d":{"token":"TOKEN","intents":-1}}', 4013),
        (WSMsgType.TEXT, b'{"op":2,"d":{"token":"TOKEN","intents":1,"shard":"x"}}', 4002),
        (WSMsgType.TEXT, b'{"op":2,"d":{"token":"TOKEN","intents":1,"shard":[0,1,2]}}', 4002),
        (WSMsgType.TEXT, b'{"op":2,"d":{"token":"TOKEN","intents":1,"shard":[-1,1]}}', 4010),
        (WSMsgType.TEXT, b'{"op":2,"d":{"token":"TOKEN","intents":1,"shard":[0,0]}}', 4010),
        (WSMsgType.TEXT, INFINITE.encode(), 4002),
        (WSMsgType.TEXT, b'{"op":6,"d":{"token":"TOKEN","session_id":[],"seq":1}}', 4002),
        (WSMsgType.TEXT, b'{"op":6,"d":{"token":"TOKEN","session_id":"x","seq":null}}', 4002),
        (WSMsgType.TEXT, b'{"op":6,"d":{"token":"wrong","session_id":"x","seq":1}}', 4004),
    ],
)
async def test_bad_frame_closes_with_its_code(
    room: Sandbox, kind: WSMsgType, frame: bytes, code: int
) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.socket.send_frame(frame.replace(b"TOKEN", room.token.encode()), kind)
        assert await socket.close_code() == code
    async with await connected(room):
        pass


@pytest.mark.cites(CODES)
@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (8, {"guild_id": "x", "query": "", "limit": 0}, 4002),
        (8, {"guild_id": [], "query": "", "limit": 0}, 4002),
        (8, {"query": "", "limit": 0}, 4002),
        (8, {"guild_id": "1", "query": ""}, 4002),
        (8, {"guild_id": "1"}, 4001),
        (8, None, 4002),
        (8, {"guild_id": "GUILD", "user_ids": [{}]}, 4002),
        (31, {"guild_ids": None}, 4002),
        (43, {"guild_id": "1"}, 4002),
        (6, {"token": "TOKEN", "session_id": "x", "seq": 1}, 4005),
        (5, None, 4001),
        (14, {"guild_id": "1"}, 4001),
    ],
)
async def test_bad_payload_of_an_identified_client(room: Sandbox, op: int, data: Any, code: int) -> None:
    guild = (await room.state())["guilds"]["Home"]["id"]
    text = json.dumps(data).replace("GUILD", str(guild)).replace("TOKEN", room.token)
    async with await connected(room) as socket:
        await socket.send(op, json.loads(text))
        assert await socket.close_code() == code


@pytest.mark.cites("docs events/gateway#sending-events")
async def test_exactly_4096_bytes_and_binary_json_are_taken(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        await socket.until_op(10)
        await socket.socket.send_bytes(b'{"op":1,"d":"' + b"x" * 4081 + b'"}')
        assert (await socket.receive())["op"] == 11


async def test_reserved_bits_close_with_1002(room: Sandbox) -> None:
    async with await Socket.open(room.gateway_url) as socket:
        writer = socket.socket._writer
        assert writer.transport is not None
        writer.transport.write(b"\xff\xff\xff\xff\xff\xff\xff\xff")
        assert await socket.close_code() == 1002


@pytest.mark.cites(CODES)
@pytest.mark.parametrize("op", [1, 8])
async def test_a_mistake_of_the_sandbox_is_told_and_closes_with_4000(
    room: Sandbox, monkeypatch: pytest.MonkeyPatch, no_errors: list[str], op: int
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a mistake")

    monkeypatch.setattr(Requests, "_guild", fail)
    async with await connected(room) as socket:
        monkeypatch.setattr(Gateway, "_expect_beat", fail)
        await socket.send(op, {"guild_id": "1", "query": "", "limit": 0} if op == 8 else None)
        assert await socket.close_code() == 4000
        assert "The sandbox failed at op" in no_errors.pop()
    (entry,) = [e for e in room.record.of("connection") if e["event"] == "failed"]
    assert (entry["op"], entry["error"]) == (op, "KeyError('a mistake')")
