"""Session starts: how many IDENTIFYs an application may send at once, and in a day."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.core import Core

DAY = 86_400.0


class Starts:
    """Counts the sessions every application starts.

    A shard's bucket is its number modulo `max_concurrency`; each bucket takes one start per
    `identify_interval` seconds. `session_starts` is what a day allows, from the first start on.

    Source: docs events/gateway#sharding-max-concurrency, docs events/gateway#session-start-limit-object.
    """

    def __init__(self, core: "Core") -> None:
        self._core = core
        self._latest: dict[tuple[int, int], float] = {}  # by application and bucket
        self._days: dict[int, tuple[float, int]] = {}  # by application: its day's end, and the starts so far

    def begin(self, app_id: int, shard: int) -> bool:
        """Count a start; False, and not counted, when its bucket had one just now."""
        now = self._core.clock.monotonic()
        bucket = app_id, shard % self._core.max_concurrency
        latest = self._latest.get(bucket)
        if latest is not None and now - latest < self._core.identify_interval:
            return False
        self._latest[bucket] = now
        ends, used = self._day(app_id)
        self._days[app_id] = (ends or now + DAY, used + 1)
        return True

    def _day(self, app_id: int) -> tuple[float, int]:
        """Return when the application's day ends (0: it has not begun) and its starts so far."""
        ends, used = self._days.get(app_id, (0.0, 0))
        return (ends, used) if ends > self._core.clock.monotonic() else (0.0, 0)

    def exhausted(self, app_id: int) -> bool:
        """Whether the application has no start left today."""
        return self._day(app_id)[1] >= self._core.session_starts

    def forgive(self, app_id: int) -> None:
        """Begin the application's day anew."""
        self._days.pop(app_id, None)

    def limit(self, app_id: int) -> dict[str, Any]:
        """Return the session_start_limit object; `reset_after` is milliseconds, 0 before the first start."""
        ends, used = self._day(app_id)
        return {
            "total": self._core.session_starts,
            "remaining": max(0, self._core.session_starts - used),
            "reset_after": int((ends - self._core.clock.monotonic()) * 1000) if ends else 0,
            "max_concurrency": self._core.max_concurrency,
        }
