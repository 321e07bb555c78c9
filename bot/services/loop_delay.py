"""Measures how late the event loop is: what is due then, such as a heartbeat, waits as long."""

from collections.abc import Callable, Sequence

from bot.services.clock import Clock

INTERVAL = 0.02  # seconds between two looks
LONGEST = 60.0  # seconds; a machine that slept would else count hours of looks


class LoopDelay:
    """Looks at the clock at fixed moments and tells how late each look was.

    A look that could not be taken because the loop was held up counts as late as it is, so a delay of a
    second shows in as many looks as that second should have had, not in one.
    """

    def __init__(self, clock: Clock, tell: Callable[[Sequence[float]], None]) -> None:
        self._clock = clock
        self._tell = tell

    async def run(self) -> None:
        """Measure until cancelled."""
        due = self._clock.monotonic() + INTERVAL
        while True:
            await self._clock.sleep(max(0.0, due - self._clock.monotonic()))
            late = self._clock.monotonic() - due
            looks = 1 + int(min(max(0.0, late), LONGEST) / INTERVAL)
            self._tell([late - look * INTERVAL for look in range(looks)])
            due += INTERVAL * (1 + int(max(0.0, late) / INTERVAL))
