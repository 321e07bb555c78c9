"""How signals travel between the stages of the road."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.signal import Signal, Stage


class SignalBus(Protocol):
    """Carries signals to whoever works on a stage. May lose them: the database knows what is unfinished."""

    def publish(self, stage: Stage, signals: Sequence[Signal]) -> None:
        """Hand `signals` to the workers of `stage`; never waits."""
        ...

    async def take(self, stage: Stage, limit: int, timeout_seconds: float) -> list[Signal]:
        """Wait for signals and return up to `limit`; an empty list after `timeout_seconds`."""
        ...

    def depth(self, stage: Stage) -> int:
        """Return how many signals wait for `stage`."""
        ...
