"""The hub: who gets which event. Intents, visibility, shards and message content are decided here."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

from sandbox.content import shown
from sandbox.faults import Faults
from sandbox.intents import Intent, intent_for
from sandbox.permissions import P, channel_permissions
from sandbox.record import Record
from sandbox.sessions import Session, dumps
from sandbox.world import Application, Channel, Message, World

if TYPE_CHECKING:
    from sandbox.rest.call import Call

Json = dict[str, Any]
MAX_WAIT = 1.0  # seconds an answer waits for events that are to come before it

current_call: ContextVar["Call | None"] = ContextVar("current_call", default=None)


class Watcher(Protocol):
    """Someone who looks at the world beside the bots: a member with the chat page open."""

    def notice(self, event: str, data: Json, channel: Channel | None) -> None:
        """Learn of an event of the world; whether it may be shown is the watcher's to judge."""
        ...

    def whisper(self, user_id: int, event: str, data: Json) -> None:
        """Learn of something only this user may see: an ephemeral message, an answer to their command."""
        ...


class Hub:
    """Sends events to the sessions that may see them."""

    def __init__(
        self, world: World, record: Record, faults: Faults, session_timeout: Callable[[], float]
    ) -> None:
        self.sessions: dict[str, Session] = {}
        self.watchers: list[Watcher] = []
        self.seen: dict[tuple[int, int], set[int]] = {}  # channels a bot sees, by application and guild
        self._world = world
        self._record = record
        self._faults = faults
        self._session_timeout = session_timeout

    def expire(self) -> None:
        """Forget the sessions nobody can take up any more.

        Source: docs events/gateway#initiating-a-disconnect.
        """
        longest = self._session_timeout()
        for session in list(self.sessions.values()):
            if session.alone_for() > longest:
                del self.sessions[session.id]

    def live(self, app_id: int | None = None) -> list[Session]:
        """Return the sessions that are ready and have a socket, of one application or all."""
        return [s for s in self._of(app_id) if s.ready and s.connection is not None]

    def _of(self, app_id: int | None) -> list[Session]:
        self.expire()
        return [s for s in self.sessions.values() if app_id in (None, s.app.id)]

    def emit(
        self,
        event: str,
        data: Json,
        *,
        guild_id: int | None = None,
        channel: Channel | None = None,
        message: Message | None = None,
        about: int | None = None,
    ) -> None:
        """Send an event of a guild or DM to every session that may see it.

        `channel` limits it to bots that can view it; `message` says that it is one, whose content may be
        stripped; `about` is the user it is about: a bot learns of itself even without the members intent.
        """
        self.notify(event, data, channel)
        full = None
        for session in self._audience(event, guild_id, channel, about):
            body = data
            if message is not None:
                granted = bool(session.intents & Intent.MESSAGE_CONTENT)
                body = shown(session.app, data, granted=granted, in_guild=guild_id is not None)
            full = full or dumps(data)
            self._route(session, event, full if body is data else dumps(body), body)

    def notify(self, event: str, data: Json, channel: Channel | None = None) -> None:
        """Tell the watchers alone."""
        for watcher in self.watchers:
            watcher.notice(event, data, channel)

    def whisper(self, user_id: int, event: str, data: Json) -> None:
        """Tell the watchers of something that only one user may see."""
        for watcher in self.watchers:
            watcher.whisper(user_id, event, data)

    def emit_to(self, app_id: int, event: str, data: Json, *, guild_id: int | None = None) -> None:
        """Send an event to one application: an interaction, its own member, a guild it joined."""
        needed = intent_for(event, in_guild=guild_id is not None)
        for session in self._of(app_id):
            if session.ready and session.serves(guild_id) and (not needed or session.intents & needed):
                self._route(session, event, dumps(data), data)

    def raw(self, event: str, data: Any, app_id: int | None = None) -> None:
        """Send arbitrary JSON as an event, past intents, faults and sense."""
        for session in self._of(app_id):
            if session.ready:
                self._send(session, event, dumps(data), data)

    def _audience(
        self, event: str, guild_id: int | None, channel: Channel | None, about: int | None
    ) -> Iterator[Session]:
        for session in self._of(None):
            itself = about == session.app.bot.id
            needed = intent_for(event, in_guild=guild_id is not None, itself=itself)
            wanted = not needed or session.intents & needed
            if not session.ready or not wanted or not session.serves(guild_id):
                continue
            if self._sees(session.app, guild_id, channel):
                yield session

    def _sees(self, app: Application, guild_id: int | None, channel: Channel | None) -> bool:
        if guild_id is None:
            return channel is None or any(user.id == app.bot.id for user in channel.recipients)
        guild = self._world.guilds.get(guild_id)
        member = guild.members.get(app.bot.id) if guild else None
        if guild is None or member is None:
            return False
        return channel is None or bool(channel_permissions(guild, member, channel) & P.VIEW_CHANNEL)

    def _route(self, session: Session, event: str, text: str, data: Json) -> None:
        call = current_call.get()
        if call is not None and self._faults.own_events == "after" and call.app is session.app:
            call.deferred.append(lambda: self._disturb(session, event, text, data))
            return
        self._disturb(session, event, text, data)

    def _disturb(self, session: Session, event: str, text: str, data: Json) -> None:
        """Send an event as the faults will have it: behind the next one, or twice.

        Source: protocol gateway.8.
        """
        if session.held is None and self._faults.chance(self._faults.reorder):
            session.held = (event, text)
            asyncio.get_running_loop().call_later(0.1, self._release, session)
            return
        self._send(session, event, text, data)
        if self._faults.chance(self._faults.duplicate_events):
            self._send(session, event, text, data, duplicate=True)
        self._release(session)

    def _release(self, session: Session) -> None:
        if session.held is not None:
            (event, text), session.held = session.held, None
            self._send(session, event, text, None, reordered=True)

    def send(self, session: Session, event: str, data: Any) -> None:
        """Send an event to one session, whatever its intents: the answer to something it asked for."""
        self._send(session, event, dumps(data), data)

    def due(self) -> float:
        """Return the loop time at which what is sent now may leave, 0 for at once."""
        latency = self._faults.event_latency
        return asyncio.get_running_loop().time() + latency if latency else 0.0

    def _send(self, session: Session, event: str, text: str, data: Any, **marks: bool) -> None:
        number = session.dispatch(event, text, self.due())
        live = session.connection is not None
        self._record.add(
            "gateway_out", event=event, seq=number, session=session.id, live=live, data=data, **marks
        )
        if live and self._faults.chance(self._faults.drop_sockets):
            lost = self._faults.chance(self._faults.lose_sessions)
            self.cut(session, resumable=not lost)
            self._record.add("fault", settings={"drop_socket": session.id, "resumable": not lost})

    def cut(self, session: Session, *, resumable: bool = True) -> None:
        """Cut a session's socket without a close frame, and forget the session unless it is resumable."""
        if not resumable:
            self.sessions.pop(session.id, None)
        connection = session.connection
        if connection is not None:
            connection.abort()
            session.detach(connection)

    async def flushed(self, app: Application | None) -> None:
        """Wait, but not for long, until the sockets of an application have been handed all its events."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MAX_WAIT):
                for session in self._of(app.id if app else None):
                    if session.connection is not None:
                        await session.connection.flushed()
