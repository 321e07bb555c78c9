"""Shows how far a summary is, in the answer that waits for it."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp
import discord

from bot.texts import text

EVERY_SECONDS = 2.0  # between two edits


class Progress:
    """Edits the deferred answer while something is made; a failed edit only costs that line."""

    def __init__(self, interaction: discord.Interaction[Any], *, must_wait: bool) -> None:
        self._interaction = interaction
        self._line = text("summaries.progress_waiting") if must_wait else text("summaries.progress_reading")
        self._changed = asyncio.Event()
        self._changed.set()
        self._showing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._showing = asyncio.create_task(self._show(), name="progress of a summary")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._showing is not None:
            self._showing.cancel()
            await asyncio.wait({self._showing})  # so that its last edit can't come after the summary

    def tell(self, read: int, total: int) -> None:
        """Note how many messages are read."""
        self._line = text("summaries.progress", read=f"{read:,}", total=f"{total:,}")
        self._changed.set()

    async def _show(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            with suppress(discord.DiscordException, aiohttp.ClientError, OSError):
                await self._interaction.edit_original_response(content=self._line)
            await asyncio.sleep(EVERY_SECONDS)
