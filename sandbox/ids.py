"""Time and ids: snowflakes that rise with the time, tokens, and the clock they come from."""

import base64
import random
import time
from datetime import UTC, datetime
from typing import Protocol

EPOCH_MS = 1_420_070_400_000
_LOW_BITS = 22
_LOW_MASK = (1 << _LOW_BITS) - 1


class Clock(Protocol):
    """The time, so that a test can choose it."""

    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, for limits and deadlines."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the seconds of the machine's monotonic clock."""
        return time.monotonic()


class Snowflakes:
    """Makes ids whose upper bits are milliseconds since 2015, each larger than the last of its time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._counter = 0

    def make(self, at: datetime | None = None) -> int:
        """Return a fresh id, of this moment or of the past moment `at` (aware)."""
        if at is not None:
            self._counter = (self._counter + 1) & _LOW_MASK
            return max(1, int(at.timestamp() * 1000) - EPOCH_MS) << _LOW_BITS | self._counter
        now_ms = int(self._clock.now().timestamp() * 1000)
        self._last = max(self._last + 1, (now_ms - EPOCH_MS) << _LOW_BITS)
        return self._last


def snowflake_time(snowflake: int) -> datetime:
    """Return the moment an id was made, aware UTC."""
    return datetime.fromtimestamp(((snowflake >> _LOW_BITS) + EPOCH_MS) / 1000, UTC)


def iso(moment: datetime) -> str:
    """Return a moment as Discord writes it: microseconds and an offset, always."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def bot_token(user_id: int, rng: random.Random) -> str:
    """Return a token in the shape real ones have: the id, a time and a signature, in base64."""
    head = base64.urlsafe_b64encode(str(user_id).encode()).decode().rstrip("=")
    return f"{head}.{opaque(rng, 6)}.{opaque(rng, 38)}"


def opaque(rng: random.Random, length: int) -> str:
    """Return `length` characters that mean nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(rng.choices(letters, k=length))
