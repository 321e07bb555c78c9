"""A clock the test moves."""

from datetime import UTC, datetime


class Clock:
    """Stands still until `time` is moved; seconds."""

    def __init__(self) -> None:
        self.time = 1_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(1_700_000_000 + self.time, UTC)

    def monotonic(self) -> float:
        return self.time
