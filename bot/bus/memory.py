"""The bus inside one process."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from bot.domain.signal import Signal, Stage


class MemoryBus:
    """A bounded queue per stage; what doesn't fit is left to the database sweep."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._queues: dict[Stage, deque[Signal]] = {stage: deque() for stage in Stage}
        self._filled: dict[Stage, asyncio.Event] = {stage: asyncio.Event() for stage in Stage}

    def publish(self, stage: Stage, signals: Sequence[Signal]) -> None:
        """Hand `signals` to the workers of `stage`; never waits."""
        queue = self._queues[stage]
        room = self._capacity - len(queue)
        queue.extend(signals[:room])
        if queue:
            self._filled[stage].set()

    async def take(self, stage: Stage, limit: int, timeout_seconds: float) -> list[Signal]:
        """Wait for signals and return up to `limit`; an empty list after `timeout_seconds`."""
        queue, filled = self._queues[stage], self._filled[stage]
        if not queue:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await filled.wait()
        taken = [queue.popleft() for _ in range(min(limit, len(queue)))]
        if not queue:
            filled.clear()
        return taken

    def depth(self, stage: Stage) -> int:
        """Return how many signals wait for `stage`."""
        return len(self._queues[stage])
