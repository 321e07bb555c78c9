"""Keeps the event loop free while the gateway floods the bot.

discord.py reads as long as frames are buffered, over a thousand of them, without giving the loop its turn:
heartbeats, commands and the writer would wait that long. Here reading pauses for one turn every few frames.
"""

import asyncio
from typing import Any

import discord
from aiohttp import WSMessage

FRAMES_PER_TURN = 32


class FairWebSocketResponse(discord.gateway.DiscordClientWebSocketResponse):
    """discord.py's websocket, which lets others run after every `FRAMES_PER_TURN` frames."""

    _frames = 0

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109  (aiohttp's signature)
        """Return the next frame."""
        self._frames += 1
        if self._frames >= FRAMES_PER_TURN:
            self._frames = 0
            await asyncio.sleep(0)
        return await super().receive(timeout)


def read_fairly() -> None:
    """Have discord.py's clients made from now on read this way."""
    http: Any = discord.http  # it takes the class from its own names
    http.DiscordClientWebSocketResponse = FairWebSocketResponse
