"""What Discord tells of threads only when it is asked: those that are archived."""

import asyncio
from collections import OrderedDict

import aiohttp
import discord
from loguru import logger

KEPT = 10_000  # threads remembered: whether one is private never changes
SECONDS = 10.0  # discord.py waits out rate limits; a summary goes on without a thread


class ArchivedThreads:
    """Knows whether a thread is private, also when discord.py has forgotten it.

    Attributes:
        client: who asks; None until there is one.
    """

    def __init__(self) -> None:
        self.client: discord.Client | None = None
        self._known: OrderedDict[int, bool] = OrderedDict()

    async def is_private(self, thread_id: int) -> bool | None:
        """Return whether a thread is private; None where it is gone, or Discord doesn't tell now."""
        if thread_id in self._known:
            self._known.move_to_end(thread_id)
            return self._known[thread_id]
        if self.client is None:
            return None
        try:
            async with asyncio.timeout(SECONDS):
                thread = await self.client.fetch_channel(thread_id)
        except (discord.NotFound, discord.Forbidden):
            return None
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            logger.warning("Discord doesn't tell of thread {}: {}", thread_id, type(error).__name__)
            return None
        if not isinstance(thread, discord.Thread):
            return None
        self._known[thread_id] = thread.is_private()
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return thread.is_private()
