"""Keeps the event loop free while the gateway floods the bot.

discord.py reads as long as frames are buffered, over a thousand of them, without giving the loop its turn:
heartbeats, commands and the writer would wait that long. Here reading pauses for one turn every few frames,
and for some milliseconds while much is still to be written: TCP then holds the flood back. It never stops.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import discord
from aiohttp import WSMessage

FRAMES_PER_TURN = 32
LONGEST_PAUSE = 0.02  # seconds, when the pressure is full


class FairWebSocketResponse(discord.gateway.DiscordClientWebSocketResponse):
    """discord.py's websocket, which lets others run after every `FRAMES_PER_TURN` frames."""

    pressure: Callable[[], float] = staticmethod(lambda: 0.0)  # 0 (nothing to write) to 1 (no room left)
    _frames = 0

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109  (aiohttp's signature)
        """Return the next frame."""
        self._frames += 1
        if self._frames >= FRAMES_PER_TURN:
            self._frames = 0
            await asyncio.sleep(LONGEST_PAUSE * self.pressure())
        return await super().receive(timeout)


def read_fairly(pressure: Callable[[], float]) -> None:
    """Have discord.py's clients made from now on read this way."""
    http: Any = discord.http  # it takes the class from its own names
    fair = type("FairWebSocketResponse", (FairWebSocketResponse,), {"pressure": staticmethod(pressure)})
    http.DiscordClientWebSocketResponse = fair
