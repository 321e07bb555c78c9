"""A Discord just complete enough for an unmodified discord.py, that floods its client on command.

    python -m benchmarks.flood --frames FOLDER [--port N] [--channels N]

It is a process of its own, so that making the traffic costs the measured bot nothing. It prints JSON lines
with `time_ns` (shared by all processes of the machine) and reads commands, one per line, from stdin:
`flood` sends every frame of FOLDER as fast as the socket takes them, `flood N` at N messages a second,
`message CHANNEL TEXT` sends one message from a new author, `quit` ends it. A client's own posts are answered
but not echoed as events.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import math
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks import frames, payloads, wire
from benchmarks.payloads import Json

HEARTBEAT_MS = 41_250  # what Discord tells
_HELLO, _ACK, _HEARTBEAT, _IDENTIFY, _RESUME = 10, 11, 1, 2, 6
_BUFFER_BYTES = 1 << 20
_PAYLOAD = re.compile(rb'name="payload_json".*?\r\n\r\n', re.DOTALL)
_CHANNEL = re.compile(r"/channels/(?P<id>\d+)(?P<rest>/.*)?$")


def say(event: str, **values: Any) -> None:
    """Print one JSON line for the process that started this one."""
    print(json.dumps({"event": event, "time_ns": time.time_ns(), **values}), flush=True)  # noqa: T201


@dataclass(eq=False)
class Gateway:
    """One client's websocket; everything to it goes through here, in order."""

    writer: asyncio.StreamWriter
    codec: wire.Codec
    pending_acks: int = 0
    flooding: bool = False
    sequence: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def send(self, op: int, data: Any = None, event: str | None = None) -> None:
        """Send one payload; dispatches are numbered here."""
        sequence = next(self.sequence) if event else None
        payload = wire.dumps({"t": event, "s": sequence, "op": op, "d": data})
        self.writer.write(self.codec.between(payload))

    def acknowledge(self) -> None:
        """Answer a heartbeat, between two runs while the flood goes on."""
        if self.flooding:
            self.pending_acks += 1
        else:
            self.send(_ACK)

    async def flood(self, flood: frames.Flood, count: int, rate: float = math.inf) -> None:
        """Write the encoded frames, `rate` a second at most and as fast as the client reads, and say when."""
        self.flooding = True
        say("first_frame", count=count)
        begun, a_run = time.monotonic(), count / max(1, len(flood.ends))
        for number, run in enumerate(flood.runs()):
            await asyncio.sleep(max(0.0, begun + number * a_run / rate - time.monotonic()))
            self.writer.write(run)
            while self.pending_acks:
                self.pending_acks -= 1
                self.send(_ACK)
            await self.writer.drain()
        self.flooding = False
        self.sequence = itertools.count(frames.FIRST_SEQUENCE + count)
        say("last_frame", count=count)


class FloodServer:
    """The loopback Discord: REST and gateway on one port."""

    def __init__(self, folder: Path, extra_channels: int = 0, heartbeat_ms: int = HEARTBEAT_MS) -> None:
        self._folder = folder
        self._heartbeat_ms = heartbeat_ms
        self._count = frames.count_of(folder)
        self._guild = payloads.guild_create(extra_channels)
        self._channels = {channel["id"]: channel for channel in self._guild["channels"]}
        self._ids = itertools.count()
        self._authors = itertools.count(payloads.AUTHOR_COUNT)
        self._port = 0
        self._gateway: Gateway | None = None
        self._commands: list[Json] = []
        self._flooding: asyncio.Task[None] | None = None

    async def serve(self, port: int) -> None:
        """Serve until `quit` or the end of stdin."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        self._port = server.sockets[0].getsockname()[1]
        say("listening", port=self._port)
        stdin = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
        while (line := (await stdin.readline()).decode().strip()) and line != "quit":
            await self._command(line)
        server.close()

    async def _command(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if self._gateway is None:
            say("error", text=f"{word}: no client is connected")
        elif word == "flood":
            flood = frames.load(self._folder, self._gateway.codec.name)
            flooding = self._gateway.flood(flood, self._count, float(rest or math.inf))
            self._flooding = asyncio.create_task(flooding)  # heartbeats and commands are heard meanwhile
        elif word == "message":
            channel_id, _, text = rest.partition(" ")
            message = self._new_message(int(channel_id), text)
            say("message", channel_id=channel_id, message_id=message["id"])
            self._gateway.send(0, message, "MESSAGE_CREATE")

    def _new_message(self, channel_id: int, text: str) -> Json:
        moment = datetime.now(UTC)
        message_id = payloads.snowflake(moment, next(self._ids))
        return payloads.message(message_id, channel_id, next(self._authors), text, moment)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await wire.read_request(reader)) is not None:
                if request.headers.get("upgrade", "").lower() == "websocket":
                    writer.write(wire.upgrade(request))
                    await self._gateway_session(request, reader, writer)
                    return
                writer.write(wire.response(*self._answer(request)))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, which ends its session and nothing else
        finally:
            writer.close()

    async def _gateway_session(
        self, request: wire.Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        asked = parse_qs(urlsplit(request.target).query).get("compress", [""])[0]
        codec = wire.CODECS.get(asked, wire.PlainCodec)()
        writer.transport.set_write_buffer_limits(_BUFFER_BYTES)
        gateway = Gateway(writer, codec)
        hello = {"heartbeat_interval": self._heartbeat_ms, "_trace": []}
        writer.write(codec.hello(wire.dumps({"t": None, "s": None, "op": _HELLO, "d": hello})))
        while True:
            opcode, payload = await wire.read_frame(reader)
            if opcode == wire.CLOSE:
                writer.write(wire.frame(payload[:2], wire.CLOSE))
                say("closed")
                return
            if opcode == wire.PING:
                writer.write(wire.frame(payload, wire.PONG))
            elif opcode in (wire.TEXT, wire.BINARY):
                self._received(gateway, json.loads(payload))

    def _received(self, gateway: Gateway, message: Json) -> None:
        if message["op"] == _HEARTBEAT:
            say("heartbeat")
            gateway.acknowledge()
        elif message["op"] == _IDENTIFY:
            say("identified")
            gateway.send(0, payloads.ready(f"ws://127.0.0.1:{self._port}"), "READY")
            gateway.send(0, self._guild, "GUILD_CREATE")
            self._gateway = gateway
            say("guild_sent")
        elif message["op"] == _RESUME:
            say("error", text="the client lost its session, so this measurement is void")

    def _answer(self, request: wire.Request) -> tuple[int, Any]:
        """Return status and JSON of a REST call; what nobody asks a flood for is an empty object."""
        path = request.path.rstrip("/")
        if match := _CHANNEL.search(path):
            return self._channel_answer(request, match["id"], match["rest"] or "")
        if path.endswith("/commands"):
            return 200, self._register(request)
        fixed: dict[str, Callable[[], Any]] = {
            "/users/@me": lambda: payloads.BOT_USER,
            "/applications/@me": lambda: payloads.APPLICATION,
            "/gateway": lambda: {"url": f"ws://127.0.0.1:{self._port}"},
            "/gateway/bot": self._gateway_bot,
            f"/guilds/{payloads.GUILD_ID}": lambda: self._guild,
            f"/guilds/{payloads.GUILD_ID}/channels": lambda: self._guild["channels"],
            "/threads/active": lambda: {"threads": [], "members": []},
        }
        for end, make in fixed.items():
            if path.endswith(end):
                return 200, make()
        return 200, {}

    def _channel_answer(self, request: wire.Request, channel_id: str, rest: str) -> tuple[int, Any]:
        if rest == "/messages" and request.method == "POST":
            moment = datetime.now(UTC)
            body = _posted(request.body)
            message_id = payloads.snowflake(moment, next(self._ids))
            reference = (body.get("message_reference") or {}).get("message_id")
            say("posted", channel_id=channel_id, reference=str(reference) if reference else None)
            return 200, payloads.answer(message_id, int(channel_id), body, moment)
        if rest.startswith("/messages") and request.method == "GET":
            return (200, []) if rest == "/messages" else (404, {"code": 10008, "message": "Unknown Message"})
        if rest:
            return 204, None
        if channel_id in self._channels:
            return 200, {**self._channels[channel_id], "guild_id": str(payloads.GUILD_ID)}
        return 404, {"code": 10003, "message": "Unknown Channel"}

    def _register(self, request: wire.Request) -> list[Json]:
        if request.method == "PUT":
            self._commands = [
                {
                    "type": 1,
                    "description": "",
                    **command,
                    "id": str(payloads.snowflake(datetime.now(UTC), next(self._ids))),
                    "application_id": str(payloads.APPLICATION_ID),
                    "version": "1",
                    "default_member_permissions": None,
                }
                for command in json.loads(request.body)
            ]
        return self._commands

    def _gateway_bot(self) -> Json:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return {"url": f"ws://127.0.0.1:{self._port}", "shards": 1, "session_start_limit": limit}


def _posted(body: bytes) -> Json:
    """Return what a post says, of one with files the part that isn't a file."""
    found: Json = json.loads(body if body.startswith(b"{") else _PAYLOAD.split(body)[1].split(b"\r\n--")[0])
    return found


def main() -> None:
    """Encode nothing, serve what is in the folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood", description=__doc__)
    parser.add_argument(
        "--frames", type=Path, required=True, help="folder written by benchmarks.frames.encode"
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--channels", type=int, default=0, help="text channels besides those of the flood")
    parser.add_argument(
        "--heartbeat-ms", type=int, default=HEARTBEAT_MS, help="how often clients are to say that they live"
    )
    arguments = parser.parse_args()
    server = FloodServer(arguments.frames, arguments.channels, arguments.heartbeat_ms)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(arguments.port))


if __name__ == "__main__":
    main()
