"""A circuit breaker: who keeps failing is left in peace for a while, then tried with one call."""

import math
from collections import deque
from enum import StrEnum

from loguru import logger

from bot.llm.errors import Paused
from bot.llm.ports import Clock
from bot.settings_llm import LlmBreaker

RATE_LIMIT_SECONDS = 30.0  # where nobody says how long
LONGEST_LIMIT = 3_600.0


class State(StrEnum):
    """Whether calls pass."""

    CLOSED = "closed"  # all
    HALF_OPEN = "half-open"  # one, to see
    OPEN = "open"  # none


GAUGE = {State.CLOSED: 0.0, State.HALF_OPEN: 1.0, State.OPEN: 2.0}


class Breaker:
    """Decides whether a provider or a model is asked; each change of its mind is one line in the log.

    Whoever asks enters and holds a ticket until they know how it went. What comes in on a ticket from before
    the last change counts for nothing: ten calls that hang together open the breaker once.
    """

    def __init__(self, name: str, clock: Clock, settings: LlmBreaker) -> None:
        self._name = name
        self._clock = clock
        self._settings = settings
        self._failures: deque[float] = deque()  # when, of those within the window
        self._in_a_row = 0
        self._state = State.CLOSED
        self._until = 0.0
        self._why = ""
        self._era = 0  # counts changes; tickets are of one
        self._is_probed = False

    @property
    def state(self) -> State:
        """Whether calls pass: after its time one does, whether or not anybody has asked since."""
        is_over = self._state is State.OPEN and self._clock.monotonic() >= self._until
        return State.HALF_OPEN if is_over else self._state

    @property
    def why(self) -> str:
        """What it failed with when it was left alone last; "" where it never was."""
        return self._why

    def check(self) -> None:
        """Do nothing if a call may pass now.

        Raises:
            Paused: it may not.
        """
        left = self._until - self._clock.monotonic()
        if self._state is State.OPEN and left > 0:
            raise Paused(f"{self._name} is not asked for another {math.ceil(left)} s: {self._why}")
        if self._state is State.HALF_OPEN and self._is_probed:
            raise Paused(f"{self._name} is being tried with one call first: {self._why}")

    def is_passable(self) -> bool:
        """Whether a call may pass now."""
        try:
            self.check()
        except Paused:
            return False
        return True

    def enter(self) -> int:
        """Return a ticket for one call.

        Raises:
            Paused: no call may pass.
        """
        self.check()
        if self._state is State.OPEN:
            self._become(State.HALF_OPEN)
            logger.info("{}: trying it again with one call", self._name)
        self._is_probed = self._state is State.HALF_OPEN
        return self._era

    def succeeded(self, ticket: int) -> None:
        """Note that there was an answer."""
        if ticket != self._era:
            return
        self._in_a_row = 0
        if self._state is State.HALF_OPEN:
            self._become(State.CLOSED)
            self._failures.clear()
            logger.info("{}: answers again", self._name)

    def failed(self, ticket: int, why: str) -> None:
        """Note a failure; `why` is shown to the owner."""
        if ticket != self._era or self._state is State.OPEN:
            return
        now = self._clock.monotonic()
        self._failures.append(now)
        while self._failures[0] < now - self._settings.window_seconds:
            self._failures.popleft()
        # One that hangs fails once in a deadline, too seldom for the window.
        self._in_a_row += 1
        is_down = (
            len(self._failures) >= self._settings.failures or self._in_a_row >= self._settings.consecutive
        )
        if is_down or self._state is State.HALF_OPEN:
            self._open(self._settings.open_seconds, why)

    def limited(self, seconds: float | None, why: str) -> None:
        """Note that quiet was asked for, for `seconds` where it said so; no failure of its own."""
        told = seconds if seconds is not None and math.isfinite(seconds) and seconds > 0 else None
        length = min(told or RATE_LIMIT_SECONDS, LONGEST_LIMIT)
        if self._state is State.OPEN:
            self._until = max(self._until, self._clock.monotonic() + length)
        else:
            self._open(length, why)

    def gave_up(self, ticket: int) -> None:
        """Note that a call ended without showing how the provider is."""
        if ticket == self._era:
            self._is_probed = False

    def _open(self, seconds: float, why: str) -> None:
        self._become(State.OPEN)
        self._until = self._clock.monotonic() + seconds
        self._why = why
        logger.warning("{}: not asked for {:.0f} s: {}", self._name, seconds, why)

    def _become(self, state: State) -> None:
        self._state = state
        self._era += 1
        self._is_probed = False
