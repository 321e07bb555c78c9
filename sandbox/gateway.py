"""The gateway's side of a socket: hello, identify, resume, heartbeats, member chunks and close codes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web
from loguru import logger

from sandbox import payloads
from sandbox.core import Core
from sandbox.intents import HIGHEST, Intent, missing_privileged
from sandbox.permissions import P, channel_permissions
from sandbox.sessions import Connection, Session, dumps
from sandbox.world import Application, Guild, Member

MAX_PAYLOAD = 4096
MAX_PER_MINUTE = 120
CHUNK = 1000
GOODBYE = (1000, 1001)  # a client that closes with these ends its session
KEPT_SESSIONS = 3


class GatewayClose(Exception):  # noqa: N818 - not an error: how a socket ends
    """Ends the connection with a close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Gateway:
    """Serves every gateway connection of one sandbox."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.connections: set[Connection] = set()
        self._handlers: dict[int, Callable[[Connection, Any], None]] = {
            1: self._heartbeat,
            2: self._identify,
            3: lambda *_: None,
            4: lambda *_: None,
            6: self._resume,
            8: self._request_members,
            14: lambda *_: None,
            31: lambda *_: None,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it ends."""
        compress = request.query.get("compress", "")
        if compress not in ("", "zlib-stream"):
            return web.Response(status=400, text=f"no support for compress={compress}")
        socket = web.WebSocketResponse(compress=False, max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, compress)
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
            connection.send_op(10, {"heartbeat_interval": int(interval * 1000), "_trace": []})
            while await self._receive(connection, interval * 2):
                pass
        except GatewayClose as close:
            await connection.close(close.code, close.reason)

    async def _receive(self, connection: Connection, patience: float) -> bool:
        """Handle one frame; False when the client is gone."""
        try:
            async with asyncio.timeout(patience):
                frame = await connection.socket.receive()
        except TimeoutError:
            raise GatewayClose(4009, "Session timed out.") from None
        if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            if frame.type == WSMsgType.CLOSE and frame.data in GOODBYE and connection.session is not None:
                self._core.hub.sessions.pop(connection.session.id, None)
            return False
        raw = frame.data if isinstance(frame.data, bytes) else frame.data.encode()
        payload = self._parse(connection, raw)
        handler = self._handlers.get(payload["op"])
        self._core.record.add("gateway_in", op=payload["op"], data=_hide_token(payload.get("d")))
        if handler is None:
            raise GatewayClose(4001, "Unknown opcode.")
        if payload["op"] not in (1, 2, 6) and connection.session is None:
            raise GatewayClose(4003, "Not authenticated.")
        try:
            handler(connection, payload.get("d"))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            logger.debug("Malformed gateway payload: {!r}", error)
            raise GatewayClose(4002, "Error while decoding payload.") from error
        return True

    def _parse(self, connection: Connection, raw: bytes) -> dict[str, Any]:
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
            payload = json.loads(raw)
        except (ValueError, RecursionError):
            raise GatewayClose(4002, "Error while decoding payload.") from None
        if not isinstance(payload, dict) or not isinstance(payload.get("op"), int):
            raise GatewayClose(4002, "Error while decoding payload.")
        return payload

    def _heartbeat(self, connection: Connection, _: Any) -> None:
        if not self._core.faults.mute_acks:
            connection.send_op(11)

    def _identify(self, connection: Connection, data: dict[str, Any]) -> None:
        if connection.session is not None:
            raise GatewayClose(4005, "Already authenticated.")
        app = self._app(data["token"])
        shard = data.get("shard") or [0, 1]
        number, count = int(shard[0]), int(shard[1])
        if not 0 <= number < count:
            raise GatewayClose(4010, "Invalid shard.")
        intents = data["intents"]
        if not isinstance(intents, int) or not 0 <= intents <= HIGHEST:
            raise GatewayClose(4013, "Invalid intents.")
        if missing_privileged(intents, app.privileged):
            raise GatewayClose(4014, "Disallowed intent(s).")
        self._retire(app, (number, count))
        session = Session(self._core.opaque(32), app, intents, (number, count), self._core.replay_limit)
        self._core.hub.sessions[session.id] = session
        session.attach(connection)
        self._welcome(session, min(250, max(50, int(data.get("large_threshold") or 50))))

    def _retire(self, app: Application, shard: tuple[int, int]) -> None:
        """Forget the oldest sessions nobody came back to, so that dead clients cost nothing."""
        sessions = self._core.hub.sessions
        left = [s for s in sessions.values() if s.app is app and s.shard == shard and s.connection is None]
        for session in left[: max(0, len(left) - KEPT_SESSIONS + 1)]:
            del sessions[session.id]

    def _app(self, token: str) -> Application:
        app = self._core.world.tokens.get(token.removeprefix("Bot "))
        if app is None:
            raise GatewayClose(4004, "Authentication failed.")
        return app

    def _welcome(self, session: Session, large: int) -> None:
        """Send READY, then every guild of the shard in full."""
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
            "shard": list(session.shard),
            "application": {"id": str(app.id), "flags": app.privileged},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "_trace": ["sandbox"],
        }
        self._event(session, "READY", ready)
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                self._event(session, "GUILD_CREATE", guild_create(guild, session, large))
        session.ready = True
        self._core.record.add("connection", event="ready", session=session.id, app=app.id)

    def _event(self, session: Session, event: str, data: Any) -> None:
        number = session.dispatch(event, dumps(data))
        self._core.record.add(
            "gateway_out", event=event, seq=number, session=session.id, live=True, data=data
        )

    def _resume(self, connection: Connection, data: dict[str, Any]) -> None:
        app = self._app(data["token"])
        session = self._core.hub.sessions.get(data["session_id"])
        missed = session.missed(int(data["seq"])) if session is not None and session.app is app else None
        if session is None or missed is None:
            connection.send_op(9, False)
            self._core.record.add("connection", event="invalid_session", session=data["session_id"])
            return
        if int(data["seq"]) > session.sequence:
            raise GatewayClose(4007, "Invalid seq.")
        old = session.attach(connection)
        if old is not None:
            old.abort()
        for text in missed:
            connection.send(text)
        self._event(session, "RESUMED", {"_trace": ["sandbox"]})
        self._core.record.add(
            "connection", event="resumed", session=session.id, app=app.id, replayed=len(missed)
        )

    def _request_members(self, connection: Connection, data: dict[str, Any]) -> None:
        """Answer op 8 with GUILD_MEMBERS_CHUNK events that carry the request's nonce."""
        session = connection.session
        guild = self._core.world.guilds.get(int(data["guild_id"]))
        if session is None or guild is None or session.app.bot.id not in guild.members:
            return
        wanted, missing = chosen_members(guild, data)
        pieces = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)] or [[]]
        for index, piece in enumerate(pieces):
            chunk: dict[str, Any] = {
                "guild_id": str(guild.id),
                "members": [payloads.member(person) for person in piece],
                "chunk_index": index,
                "chunk_count": len(pieces),
                "not_found": missing,
            }
            if data.get("presences"):
                chunk["presences"] = []
            if data.get("nonce") is not None:
                chunk["nonce"] = data["nonce"]
            self._event(session, "GUILD_MEMBERS_CHUNK", chunk)


def guild_create(guild: Guild, session: Session, large: int = 50) -> dict[str, Any]:
    """Return GUILD_CREATE for a session: its visible threads, and members if it has that intent."""
    own = guild.members[session.app.bot.id]
    threads = [
        thread
        for thread in guild.threads()
        if not thread.archived and channel_permissions(guild, own, thread) & P.VIEW_CHANNEL
    ]
    everyone = session.intents & Intent.GUILD_MEMBERS and len(guild.members) <= large
    members = list(guild.members.values()) if everyone else [own]
    return payloads.guild_create(guild, session.app.bot.id, threads, members)


def chosen_members(guild: Guild, data: dict[str, Any]) -> tuple[list[Member], list[str]]:
    """Return the members an op 8 asks for, by ids or by the start of their name, and the ids not found."""
    if (ids := data.get("user_ids")) is not None:
        wanted = [int(item) for item in (ids if isinstance(ids, list) else [ids])]
        found = [guild.members[item] for item in wanted if item in guild.members]
        return found, [str(item) for item in wanted if item not in guild.members]
    start = str(data.get("query") or "").lower()
    limit = int(data.get("limit") or 0)
    matching = [m for m in guild.members.values() if (m.nick or m.user.username).lower().startswith(start)]
    return (matching[:limit] if limit else matching), []


def _hide_token(data: Any) -> Any:
    return data | {"token": "***"} if isinstance(data, dict) and "token" in data else data
