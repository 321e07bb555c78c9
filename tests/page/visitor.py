"""A raw client of the chat page's server: HTTP, and the live feed as one member."""

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from sandbox import Sandbox

TOKEN = "the-page-token"  # noqa: S105 - of a page in a test
DEADLINE = 15.0
Json = dict[str, Any]


class Live:
    """The live feed of one page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, what: Any) -> None:
        await self.socket.send_str(what if isinstance(what, str) else json.dumps(what))

    async def next(self) -> tuple[str, Any]:
        """Return the next event.

        Raises:
            ConnectionError: the server closed; its code is the argument.
        """
        async with asyncio.timeout(DEADLINE):
            frame = await self.socket.receive()
        if frame.type != aiohttp.WSMsgType.TEXT:
            raise ConnectionError(self.socket.close_code)
        event = json.loads(frame.data)
        return event["t"], event["d"]

    async def until(self, kind: str, fits: Callable[[Any], object] = lambda _: True) -> Any:
        """Return the data of the next event of a kind that fits."""
        while True:
            found, data = await self.next()
            if found == kind and fits(data):
                return data

    async def before(self, content: str) -> list[tuple[str, Any]]:
        """Return the events before the message with this content."""
        seen: list[tuple[str, Any]] = []
        while True:
            event = await self.next()
            if event[0] == "MESSAGE" and event[1]["content"] == content:
                return seen
            seen.append(event)

    async def close_code(self) -> int:
        try:
            while True:
                await self.next()
        except ConnectionError as closed:
            return int(closed.args[0])


class Visitor:
    """Speaks to the page's server."""

    def __init__(self, address: str) -> None:
        self.base, _, self.token = address.partition("/#")
        self.session = aiohttp.ClientSession()
        self._lines: list[Live] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self._lines:
            await line.socket.close()
        await self.session.close()

    async def get(self, path: str, **headers: str) -> tuple[int, Any, bytes]:
        async with self.session.get(self.base + path, headers=headers) as reply:
            return reply.status, reply.headers, await reply.read()

    async def op(self, name: str, /, token: str | None = TOKEN, **args: Any) -> tuple[int, Any]:
        return await self.post(f"/op/{name}", json.dumps(args).encode(), token)

    async def post(self, path: str, body: Any, token: str | None = TOKEN, **headers: str) -> tuple[int, Any]:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.session.post(self.base + path, data=body, headers=headers) as reply:
            return reply.status, await reply.json()

    async def done(self, name: str, /, **args: Any) -> Any:
        """Return the result of an operation that works."""
        status, answer = await self.op(name, **args)
        assert status == 200, answer
        return answer["result"]

    async def line(self, **headers: str) -> Live:
        """Open a line that has said nothing yet."""
        live = Live(await self.session.ws_connect(self.base + "/live", headers=headers, max_msg_size=0))
        self._lines.append(live)
        return live

    async def watch(self, who: str | int | None) -> tuple[Live, Json]:
        """Look at the page as a member, by id or None; return the line and READY."""
        live = await self.line()
        await live.say({"token": TOKEN, "as": None if who is None else str(who)})
        return live, await live.until("READY")


def channel_names(guild: Json) -> list[str]:
    return [channel["name"] for channel in guild["channels"]]


def ids_are_text(value: object) -> bool:
    """Whether no number in JSON is beyond what JavaScript holds."""
    if isinstance(value, dict):
        return all(ids_are_text(item) for item in value.values())
    if isinstance(value, list):
        return all(ids_are_text(item) for item in value)
    return not isinstance(value, int) or abs(value) < 1 << 53


def id_of(room: Sandbox, name: str) -> int:
    """Return the id of the user, channel or role of a name."""
    world = room.core.world
    known = {user.username: user.id for user in world.users.values()}
    for guild in world.guilds.values():
        known |= {guild.name: guild.id} | {role.name: role.id for role in guild.roles.values()}
        known |= {channel.name: channel.id for channel in guild.channels.values()}
    return known[name]


async def register(room: Sandbox, *commands: Json) -> None:
    """Let the bot's application offer these commands everywhere."""
    url = f"{room.api_url}/applications/{room.application_id}/commands"
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bot {room.token}"}) as session,
        session.put(url, json=commands) as reply,
    ):
        assert reply.status == 200, await reply.text()
