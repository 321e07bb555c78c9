"""A member with the page open: what happens in the world, narrowed down to what they may see.

Events say only that something changed; what is sent is its state at the end of the loop's turn. So a burst
costs one message per thing that changed, and nothing is shown that was hidden in the meantime.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from sandbox.core import Core
from sandbox.page import views
from sandbox.world import Channel, User

Json = dict[str, Any]
MAX_PENDING = 2_000  # changes; more, and the page gets everything anew instead
REST = 4.0  # after work that took a second the page waits this many seconds: others need the loop too

_MESSAGE_EVENTS = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"})
_STRUCTURE = ("GUILD_", "CHANNEL_", "THREAD_")
_PEOPLE = ("GUILD_CREATE", "GUILD_MEMBER_", "GUILD_ROLE_")


class Line(Protocol):
    """The way to one page."""

    def send(self, kind: str, data: Any) -> None:
        """Send an event."""
        ...


class Watcher:
    """Follows the world for one page.

    Attributes:
        viewer: the member it is looked at as; None as long as there is nobody.
    """

    def __init__(self, core: Core, line: Line, choose: Callable[[], User | None]) -> None:
        self.viewer: User | None = None
        self._core = core
        self._line = line
        self._choose = choose
        self._homes: set[int] = set()
        self._pending: dict[tuple[str, int], Any] = {}
        self._stale = False
        self._timer: asyncio.Handle | None = None
        self._ready_at = 0.0

    def start(self) -> None:
        """Send the whole state, then follow."""
        self._core.hub.watchers.append(self)
        self._send_all()

    def stop(self) -> None:
        """Follow no longer; what was about to be sent is not."""
        if self._timer is not None:
            self._timer.cancel()
        if self in self._core.hub.watchers:
            self._core.hub.watchers.remove(self)

    def notice(self, event: str, data: Json, channel: Channel | None) -> None:
        """Take note of an event of the world."""
        if event in _MESSAGE_EVENTS:
            self._later("MESSAGE", int(data["id"]), int(data["channel_id"]))
        elif event == "MESSAGE_DELETE_BULK":
            for message_id in data["ids"]:
                self._later("MESSAGE", int(message_id), int(data["channel_id"]))
        elif event.startswith("MESSAGE_REACTION"):
            self._later("MESSAGE", int(data["message_id"]), int(data["channel_id"]))
        elif event == "TYPING_START":
            self._typing(data, channel)
        elif event.startswith(_STRUCTURE):
            self._structure(event, data, channel)

    def whisper(self, user_id: int, event: str, data: Json) -> None:
        """Take note of what only one user may see."""
        if self.viewer is None or user_id != self.viewer.id:
            return
        if event == "INTERACTION":
            self._later("INTERACTION", int(data["id"]), data["token"])
        else:
            self.notice(event, data, None)

    def _structure(self, event: str, data: Json, channel: Channel | None) -> None:
        guild_id = channel.guild_id if channel is not None else data.get("guild_id")
        if guild_id is None:
            self._later("DIRECT", 0, None)
            return
        self._later("GUILD", int(guild_id), None)
        if event.startswith(_PEOPLE):
            self._later("PEOPLE", 0, None)

    def _later(self, kind: str, number: int, about: Any) -> None:
        if not self._stale:
            self._pending[(kind, number)] = about
        if len(self._pending) > MAX_PENDING:
            self._pending.clear()
            self._stale = True
        if self._timer is None:
            loop = asyncio.get_running_loop()
            due = self._ready_at > loop.time()
            self._timer = loop.call_at(self._ready_at, self._flush) if due else loop.call_soon(self._flush)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._timer = None
        pending, self._pending = self._pending, {}
        if self._stale or self.viewer is None:
            self._stale = False
            self._send_all()
        else:
            self._send_changes(self.viewer, pending)
        self._ready_at = loop.time() + REST * (loop.time() - began)

    def _send_all(self) -> None:
        viewer = self.viewer or self._choose()
        if viewer is None:
            self._line.send("NOBODY", {})
            return
        self.viewer = viewer
        state = views.ready(self._core, viewer)
        self._homes = {int(place["id"]) for place in state["guilds"]}
        self._line.send("READY", state)

    def _send_changes(self, viewer: User, pending: dict[tuple[str, int], Any]) -> None:
        gone: dict[int, list[int]] = {}
        for (kind, number), about in pending.items():
            if kind == "MESSAGE":
                self._send_message(viewer, about, number, gone)
            elif kind == "GUILD":
                self._send_guild(viewer, number)
            elif kind == "PEOPLE":
                self._line.send("PEOPLE", views.people(self._core))
            elif kind == "DIRECT":
                self._line.send("DIRECT", views.direct(self._core, viewer))
            elif (item := self._core.world.interactions.get(about)) is not None:
                self._line.send("INTERACTION", views.interaction(self._core, item))
        for channel_id, ids in gone.items():
            data = {"channel_id": str(channel_id), "ids": [str(item) for item in ids]}
            self._line.send("MESSAGE_GONE", data)

    def _send_message(
        self, viewer: User, channel_id: int, message_id: int, gone: dict[int, list[int]]
    ) -> None:
        """Send a message as it is now, or count it among the gone ones."""
        place = self._core.world.channels.get(channel_id)
        if place is None or not views.sees(self._core, viewer, place):
            return
        found = place.messages.get(message_id)
        if found is None:
            gone.setdefault(channel_id, []).append(message_id)
        elif found.visible_to in (None, viewer.id):
            self._line.send("MESSAGE", views.message(self._core, found, viewer))

    def _send_guild(self, viewer: User, guild_id: int) -> None:
        place = self._core.world.guilds.get(guild_id)
        if place is not None and viewer.id in place.members:
            self._homes.add(guild_id)
            self._line.send("GUILD", views.guild(self._core, place, viewer))
        elif guild_id in self._homes:
            self._homes.remove(guild_id)
            self._line.send("GUILD_GONE", {"id": str(guild_id)})

    def _typing(self, data: Json, channel: Channel | None) -> None:
        if self.viewer is None or channel is None or int(data["user_id"]) == self.viewer.id:
            return
        if views.sees(self._core, self.viewer, channel):
            self._line.send("TYPING", {key: data[key] for key in ("channel_id", "user_id")})
