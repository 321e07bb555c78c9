"""The time, as services see it."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time and waiting for it, so that a test can choose both."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back, for measuring."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


async def wait_until(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Return once `event` is set, or after `seconds`; the event is then set as well."""
    pausing = asyncio.ensure_future(clock.sleep(seconds))
    pausing.add_done_callback(lambda _pausing: event.set())
    try:
        await event.wait()
    finally:
        pausing.cancel()
        await asyncio.gather(pausing, return_exceptions=True)
