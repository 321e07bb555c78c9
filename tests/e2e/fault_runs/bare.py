"""A bare discord.py client that writes down what it hears, and what it should have heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord as dpy

from sandbox import Sandbox
from tests.sandbox.pointing import pointed_at

DEADLINE = 10.0
Heard = tuple[str, int, str]  # what happened, the message's id, its text

_KINDS = {"message": "said", "message_edit": "edited", "message_delete": "deleted", "thread": "edited"}


class Listener(dpy.Client):
    """Writes down by channel what it hears of messages, in order."""

    def __init__(self) -> None:
        # Without a cache of messages, in which a later edit would change what was heard before.
        super().__init__(intents=dpy.Intents.all(), guild_ready_timeout=0.05, max_messages=None)
        self.heard: dict[int, list[Heard]] = {}
        self._waited_for: dict[int, asyncio.Event] = {}

    async def has_heard(self, message_id: int) -> None:
        """Wait until a message was heard."""
        async with asyncio.timeout(DEADLINE):
            await self._waited_for.setdefault(message_id, asyncio.Event()).wait()

    def _note(self, channel_id: int, what: str, message_id: int, text: str = "") -> None:
        self.heard.setdefault(channel_id, []).append((what, message_id, text))

    async def on_message(self, message: dpy.Message) -> None:
        self._note(message.channel.id, "said", message.id, message.content)
        self._waited_for.setdefault(message.id, asyncio.Event()).set()

    async def on_raw_message_edit(self, payload: dpy.RawMessageUpdateEvent) -> None:
        self._note(payload.channel_id, "edited", payload.message_id, payload.data["content"])

    async def on_raw_message_delete(self, payload: dpy.RawMessageDeleteEvent) -> None:
        self._note(payload.channel_id, "deleted", payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: dpy.RawBulkMessageDeleteEvent) -> None:
        for message_id in sorted(payload.message_ids):
            self._note(payload.channel_id, "deleted", message_id)


@asynccontextmanager
async def listening(discord: Sandbox, client: dpy.Client) -> AsyncIterator[None]:
    """Run a client until the block ends."""
    with pointed_at(discord):
        await client.login(discord.token)
        connected = asyncio.create_task(client.connect())
        try:
            async with asyncio.timeout(DEADLINE):
                await client.wait_until_ready()
            yield
        finally:
            await client.close()
            await asyncio.gather(connected, return_exceptions=True)


def unlike(discord: Sandbox, mark: int, heard: dict[int, list[Heard]]) -> list[str]:
    """Return, channel by channel, where what was heard isn't what happened since `mark`, in that order.

    What happened is what people did, not what was sent. A thread started from a message edits it.
    """
    happened: dict[int, list[Heard]] = {}
    texts: dict[int, str] = {}
    for entry in discord.record:
        what, id_ = _KINDS.get(entry["kind"]), entry.get("message_id")
        if what is None or id_ is None:  # a thread that didn't start from a message
            continue
        if "content" in entry:
            texts[id_] = entry["content"]
        if entry["n"] > mark:
            text = "" if what == "deleted" else texts[id_]
            place = entry["parent_id"] if entry["kind"] == "thread" else entry["channel_id"]
            happened.setdefault(place, []).append((what, id_, text))
    return [
        f"in {place}: {_difference(happened.get(place, []), heard.get(place, []))}"
        for place in sorted(happened.keys() | heard.keys())
        if happened.get(place, []) != heard.get(place, [])
    ]


def _difference(happened: list[Heard], heard: list[Heard]) -> dict[str, Any]:
    at = next((n for n, (a, b) in enumerate(zip(happened, heard, strict=False)) if a != b), None)
    return {
        "missed": [each for each in happened if each not in heard],
        "twice or more": [each for each in set(heard) if heard.count(each) > 1],
        "invented": [each for each in heard if each not in happened],
        "first difference at": at,
    }
