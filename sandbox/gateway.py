"""The gateway's side of a socket: hello, identify, resume, heartbeats and close codes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web
from loguru import logger

from sandbox import frames, payloads, visibility
from sandbox.compress import compressor
from sandbox.core import Core
from sandbox.ids import bot_token
from sandbox.intents import HIGHEST, Intent, missing_privileged
from sandbox.requests import Requests
from sandbox.sessions import Connection, Session
from sandbox.world import Application, Guild, Member

MAX_PAYLOAD = 4096
MAX_FRAME = 1 << 26  # read whole before it is refused
MAX_PER_MINUTE = 120
PATIENCE = 2  # heartbeat intervals without a heartbeat
GOODBYE = (1000, 1001)  # a client that closes with these ends its session
KEPT_SESSIONS = 3

HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 1, 2, 3, 4, 6
MEMBERS, INVALID_SESSION, HELLO, ACK, SOUNDS, CHANNEL_INFO = 8, 9, 10, 11, 31, 43


class GatewayClose(Exception):  # noqa: N818 - not an error: how a socket ends
    """Ends the connection with a close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Gateway:
    """Serves every gateway connection of one sandbox.

    Source: docs topics/opcodes-and-status-codes#gateway-gateway-opcodes,
    docs topics/opcodes-and-status-codes#gateway-gateway-close-event-codes.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._requests = Requests(core)
        self.connections: set[Connection] = set()
        self._openers: dict[int, Callable[[Connection, Any], None]] = {
            HEARTBEAT: self._heartbeat,
            IDENTIFY: self._identify,
            RESUME: self._resume,
        }
        self._handlers: dict[int, Callable[[Session, Any], None]] = {
            PRESENCE: lambda *_: None,
            VOICE_STATE: lambda *_: None,
            MEMBERS: self._requests.members,
            SOUNDS: self._requests.sounds,
            CHANNEL_INFO: self._requests.channel_info,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it ends.

        Source: docs events/gateway#connecting-gateway-url-query-string-params.
        """
        compress = request.query.get("compress", "")
        encoding = request.query.get("encoding", "json")
        if encoding != "json":
            return web.Response(status=400, text=f"no support for encoding={encoding}")
        try:
            pack = compressor(compress) if compress else None
        except (ValueError, ImportError) as error:
            return web.Response(status=400, text=f"no support for compress={compress}: {error}")
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_FRAME)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, pack)
        self.connections.add(connection)
        self._core.record.add("connection", event="open", compress=compress)
        try:
            await self._serve(connection, request.query.get("v", "10"))
        finally:
            self.connections.discard(connection)
            session = connection.session
            if session is not None:
                session.detach(connection)
            await connection.stop()
            self._core.record.add(
                "connection", event="closed", code=socket.close_code, session=session.id if session else None
            )
        return socket

    async def _serve(self, connection: Connection, version: str) -> None:
        if version not in ("9", "10"):
            await connection.close(4012, "You requested an invalid gateway version.")
            return
        try:
            interval = self._core.heartbeat_interval
            connection.interval = interval
            self._expect_beat(connection)
            connection.send_op(HELLO, {"heartbeat_interval": int(interval * 1000), "_trace": []})
            while await self._receive(connection):
                pass
        except GatewayClose as close:
            await connection.close(close.code, close.reason)

    def _expect_beat(self, connection: Connection) -> None:
        """Put off the time by which the client's next heartbeat is due.

        Source: docs events/gateway#sending-heartbeats.
        """
        connection.beat_by = asyncio.get_running_loop().time() + connection.interval * PATIENCE

    async def _receive(self, connection: Connection) -> bool:
        """Handle one frame; False when the client is gone.

        Source: docs events/gateway#initiating-a-disconnect.
        """
        try:
            async with asyncio.timeout_at(connection.beat_by):
                frame = await connection.socket.receive()
        except TimeoutError:
            raise GatewayClose(4009, "Session timed out.") from None
        if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            if frame.type == WSMsgType.CLOSE and frame.data in GOODBYE and connection.session is not None:
                self._core.hub.sessions.pop(connection.session.id, None)
            return False
        raw = frame.data if isinstance(frame.data, bytes) else frame.data.encode()
        payload = self._parse(connection, raw)
        self._core.record.add("gateway_in", op=payload["op"], data=_hide_token(payload.get("d")))
        try:
            self._handle(connection, payload["op"], payload.get("d"))
        except frames.MalformedError as error:
            logger.debug("Malformed gateway payload: {}", error)
            raise GatewayClose(4002, "Error while decoding payload.") from error
        except frames.InvalidRequestError as error:
            raise GatewayClose(4001, "Unknown opcode.") from error
        except GatewayClose:
            raise
        except Exception as error:
            self._core.record.add("connection", event="failed", op=payload["op"], error=repr(error))
            logger.opt(exception=error).error("The sandbox failed at op {}", payload["op"])
            raise GatewayClose(4000, "Unknown error.") from error
        return True

    def _handle(self, connection: Connection, op: int, data: Any) -> None:
        opener, handler = self._openers.get(op), self._handlers.get(op)
        if opener is not None:
            opener(connection, data)
        elif handler is None:
            raise GatewayClose(4001, "Unknown opcode.")
        elif connection.session is None:
            raise GatewayClose(4003, "Not authenticated.")
        else:
            handler(connection.session, data)

    def _parse(self, connection: Connection, raw: bytes) -> dict[str, Any]:
        """Return a client's payload.

        Source: protocol gateway.7, docs events/gateway#sending-events, docs events/gateway#rate-limiting.
        """
        if len(raw) > MAX_PAYLOAD:
            raise GatewayClose(4002, "Error while decoding payload.")
        now = asyncio.get_running_loop().time()
        times = connection.sent_times
        times.append(now)
        while times and times[0] < now - 60:
            times.popleft()
        if len(times) > MAX_PER_MINUTE:
            raise GatewayClose(4008, "Rate limited.")
        try:
            payload = json.loads(raw.decode())
        except (ValueError, RecursionError):
            raise GatewayClose(4002, "Error while decoding payload.") from None
        if not isinstance(payload, dict) or type(payload.get("op")) is not int:
            raise GatewayClose(4002, "Error while decoding payload.")
        return payload

    def _heartbeat(self, connection: Connection, _: Any) -> None:
        """Acknowledge a heartbeat.

        Source: protocol gateway.1, protocol gateway.5.
        """
        self._expect_beat(connection)
        if not self._core.faults.mute_acks:
            connection.send_op(ACK)

    def _identify(self, connection: Connection, data: Any) -> None:
        """Start a session.

        Source: protocol gateway.6, docs events/gateway#identifying, docs events/gateway-events#identify.
        """
        if connection.session is not None:
            raise GatewayClose(4005, "Already authenticated.")
        wanted = frames.identify(data)
        app, intents = self._app(wanted.token), wanted.intents
        shard = self._shard(app, wanted.shard or (0, 1))
        if type(intents) is not int or not 0 <= intents <= HIGHEST:
            raise GatewayClose(4013, "Invalid intents.")
        if missing_privileged(intents, app.privileged):
            raise GatewayClose(4014, "Disallowed intent(s).")
        if self._core.starts.exhausted(app.id):
            self._reset_token(app)
            raise GatewayClose(4004, "Authentication failed.")
        if not self._core.starts.begin(app.id, shard[0]):
            self._refuse(connection, None)
            return
        self._retire(app, shard)
        core = self._core
        session = Session(
            core.opaque(32), app, intents, shard, replay=core.replay_limit, monotonic=core.clock.monotonic
        )
        session.large = wanted.large
        self._core.hub.sessions[session.id] = session
        connection.packets = wanted.packets
        session.attach(connection)
        self._welcome(session, sharded=wanted.shard is not None)

    def _shard(self, app: Application, wanted: tuple[int, int]) -> tuple[int, int]:
        """Return an IDENTIFY's shard.

        Source: docs events/gateway#sharding.
        """
        number, count = wanted
        if not 0 <= number < count:
            raise GatewayClose(4010, "Invalid shard.")
        guilds = sum(
            app.bot.id in guild.members and (guild.id >> 22) % count == number
            for guild in self._core.world.guilds.values()
        )
        if guilds > self._core.guilds_per_shard:
            raise GatewayClose(4011, "Sharding required.")
        return number, count

    def _reset_token(self, app: Application) -> None:
        """End an application's sessions and give it a new token: it identified too often in a day.

        Source: docs events/gateway#identifying.
        """
        for session in [s for s in self._core.hub.sessions.values() if s.app is app]:
            self._core.hub.cut(session, resumable=False)
        del self._core.world.tokens[app.token]
        app.token = bot_token(app.bot.id, self._core.rng)
        self._core.world.tokens[app.token] = app
        self._core.starts.forgive(app.id)
        self._core.record.add("connection", event="token_reset", app=app.id)

    def _refuse(self, connection: Connection, session_id: str | None) -> None:
        """Tell a client that it has no session: it identified too soon, or came back too late.

        Source: protocol gateway.4, docs events/gateway-events#invalid-session.
        """
        connection.send_op(INVALID_SESSION, False)
        self._core.record.add("connection", event="invalid_session", session=session_id)

    def _retire(self, app: Application, shard: tuple[int, int]) -> None:
        """Forget the oldest sessions nobody came back to, so that dead clients cost nothing."""
        self._core.hub.expire()
        sessions = self._core.hub.sessions
        left = [s for s in sessions.values() if s.app is app and s.shard == shard and s.connection is None]
        for session in left[: max(0, len(left) - KEPT_SESSIONS + 1)]:
            del sessions[session.id]

    def _app(self, token: str) -> Application:
        app = self._core.world.tokens.get(token)
        if app is None:
            raise GatewayClose(4004, "Authentication failed.")
        return app

    def _welcome(self, session: Session, *, sharded: bool) -> None:
        """Send READY, then every guild of the shard in full.

        Source: protocol pointing.1, protocol gateway.3, docs events/gateway-events#ready.
        """
        app = session.app
        guilds = [
            guild
            for guild in self._core.world.guilds.values()
            if app.bot.id in guild.members and session.serves(guild.id)
        ]
        ready = {
            "v": 10,
            "user": payloads.own_user(app.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self._core.urls["gateway_url"],
            "application": {"id": str(app.id), "flags": app.privileged},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "_trace": ["sandbox"],
        }
        if sharded:
            ready["shard"] = list(session.shard)
        self._core.hub.send(session, "READY", ready)
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                self._core.hub.send(session, "GUILD_CREATE", guild_create(guild, session))
        session.ready = True
        self._core.record.add("connection", event="ready", session=session.id, app=app.id)

    def _resume(self, connection: Connection, data: Any) -> None:
        """Take a session up again: what was missed in order, then RESUMED.

        Source: protocol gateway.4, docs events/gateway#resuming.
        """
        if connection.session is not None:
            raise GatewayClose(4005, "Already authenticated.")
        wanted = frames.resume(data)
        app, session_id, sequence = self._app(wanted.token), wanted.session_id, wanted.sequence
        if session_id is None:  # lost its socket before READY
            self._refuse(connection, session_id)
            return
        session = self._alive(app, session_id)
        if session is not None and not 0 <= sequence <= session.sequence:
            raise GatewayClose(4007, "Invalid seq.")
        missed = session.missed(sequence) if session is not None else None
        if session is None or missed is None:
            self._refuse(connection, session_id)
            return
        old = session.attach(connection)
        if old is not None:
            old.abort()
        due = self._core.hub.due()
        for text in missed:
            connection.send(text, due)
        self._core.hub.send(session, "RESUMED", {"_trace": ["sandbox"]})
        self._core.record.add(
            "connection", event="resumed", session=session.id, app=app.id, replayed=len(missed)
        )

    def _alive(self, app: Application, session_id: str) -> Session | None:
        """Return a session of the application that can still be resumed.

        Source: docs events/gateway#initiating-a-disconnect.
        """
        self._core.hub.expire()
        session = self._core.hub.sessions.get(session_id)
        return session if session is not None and session.app is app else None


def guild_create(guild: Guild, session: Session) -> dict[str, Any]:
    """Return GUILD_CREATE for a session: its visible threads, and the members it is told of.

    Source: protocol gateway.3, docs events/gateway-events#guild-create.
    """
    own = guild.members[session.app.bot.id]
    body = payloads.guild_create(
        guild, own.user.id, visibility.open_threads(guild, own), first_members(guild, own, session)
    )
    return body | {"large": len(guild.members) > session.large}


def first_members(guild: Guild, own: Member, session: Session) -> list[Member]:
    """Return the members GUILD_CREATE tells of: the bot alone without the presences intent.

    Of a large guild those are left out who have neither a role nor a nick.

    Source: docs events/gateway-events#request-guild-members.
    """
    if not session.intents & Intent.GUILD_PRESENCES:
        return [own]
    if len(guild.members) <= session.large:
        return list(guild.members.values())
    return [m for m in guild.members.values() if m is own or m.roles or m.nick]


def _hide_token(data: Any) -> Any:
    return data | {"token": "***"} if isinstance(data, dict) and "token" in data else data
