"""A member with the page open: what happens in the world, narrowed down to what they may see.

Events say only that something changed; what is sent is its state at the end of the loop's turn. So a burst
costs one message per thing that changed, and nothing is shown that was hidden in the meantime.
"""

import asyncio
from typing import Any, Protocol

from sandbox.core import Core
from sandbox.page import views
from sandbox.world import Channel, User

Json = dict[str, Any]
MAX_PENDING = 2_000  # changes; more, and the page gets everything anew instead

_MESSAGE_EVENTS = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})
_GONE_EVENTS = frozenset({"MESSAGE_DELETE", "MESSAGE_DELETE_BULK"})
_STRUCTURE = ("GUILD_", "CHANNEL_", "THREAD_")


class Line(Protocol):
    """The way to one page."""

    def send(self, kind: str, data: Any) -> None:
        """Send an event."""
        ...


class Watcher:
    """Follows the world for one page."""

    def __init__(self, core: Core, viewer: User, line: Line) -> None:
        self.viewer = viewer
        self._core = core
        self._line = line
        self._pending: dict[tuple[str, int], int] = {}
        self._stale = False
        self._scheduled = False

    def start(self) -> None:
        """Send the whole state, then follow."""
        self._core.hub.watchers.append(self)
        self._line.send("READY", views.ready(self._core, self.viewer))

    def stop(self) -> None:
        """Follow no longer."""
        if self in self._core.hub.watchers:
            self._core.hub.watchers.remove(self)

    def notice(self, event: str, data: Json, channel: Channel | None) -> None:
        """Take note of an event of the world."""
        if event in _MESSAGE_EVENTS or event.startswith("MESSAGE_REACTION"):
            message_id = data["id"] if event in _MESSAGE_EVENTS else data["message_id"]
            self._later("MESSAGE", int(message_id), int(data["channel_id"]))
        elif event in _GONE_EVENTS:
            self._gone(int(data["channel_id"]), [int(i) for i in data.get("ids") or [data["id"]]])
        elif event == "TYPING_START":
            self._typing(data, channel)
        elif event.startswith(_STRUCTURE):
            if "guild_id" in data or (channel is not None and channel.guild_id is not None):
                guild_id = channel.guild_id if channel is not None else int(data["guild_id"])
                self._later("GUILD", guild_id or 0, 0)
            else:
                self._later("DIRECT", 0, 0)

    def whisper(self, user_id: int, event: str, data: Json) -> None:
        """Take note of what only one user may see."""
        if user_id != self.viewer.id:
            return
        if event == "INTERACTION":
            self._later("INTERACTION", int(data["id"]), 0)
        else:
            self.notice(event, data, None)

    def note(self, message_id: int, channel_id: int) -> None:
        """Take note that something was said about a message."""
        self._later("MESSAGE", message_id, channel_id)

    def _later(self, kind: str, number: int, place: int) -> None:
        self._pending[(kind, number)] = place
        if len(self._pending) > MAX_PENDING:
            self._pending.clear()
            self._stale = True
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        pending, self._pending = self._pending, {}
        if self._stale:
            self._stale = False
            self._line.send("READY", views.ready(self._core, self.viewer))
            return
        for (kind, number), place in pending.items():
            if kind == "MESSAGE":
                self._send_message(place, number)
            elif kind == "GUILD":
                self._send_guild(number)
            elif kind == "DIRECT":
                self._line.send("DIRECT", views.direct(self._core, self.viewer))
            else:
                self._send_interaction(number)

    def _send_message(self, channel_id: int, message_id: int) -> None:
        place = self._core.world.channels.get(channel_id)
        found = place.messages.get(message_id) if place else None
        if place is None or found is None or found.visible_to not in (None, self.viewer.id):
            return
        if views.sees(self._core, self.viewer, place):
            self._line.send("MESSAGE", views.message(self._core, found, self.viewer))

    def _send_guild(self, guild_id: int) -> None:
        place = self._core.world.guilds.get(guild_id)
        if place is None or self.viewer.id not in place.members:
            self._line.send("GUILD_GONE", {"id": str(guild_id)})
            return
        self._line.send("GUILD", views.guild(self._core, place, self.viewer))
        self._line.send("PEOPLE", views.people(self._core))

    def _send_interaction(self, interaction_id: int) -> None:
        for item in self._core.world.interactions.values():
            if item.id == interaction_id:
                self._line.send("INTERACTION", views.interaction(self._core, item))

    def _gone(self, channel_id: int, ids: list[int]) -> None:
        place = self._core.world.channels.get(channel_id)
        if place is not None and views.sees(self._core, self.viewer, place):
            data = {"channel_id": str(channel_id), "ids": [str(item) for item in ids]}
            self._line.send("MESSAGE_GONE", data)

    def _typing(self, data: Json, channel: Channel | None) -> None:
        mine = int(data["user_id"]) == self.viewer.id
        if channel is not None and not mine and views.sees(self._core, self.viewer, channel):
            self._line.send("TYPING", {key: data[key] for key in ("channel_id", "user_id")})
