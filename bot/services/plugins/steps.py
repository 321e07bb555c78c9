"""Runs the code of plugins step by step, so that it is known whose turn it is, and what a turn took.

A step is what a coroutine does between two waits: nothing else runs on the event loop meanwhile.
"""

import mmap
import os
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class _Memory:
    """Reads how much memory the process has, from a file that stays open."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY) if path.exists() else None
        self._page = mmap.PAGESIZE

    def resident(self) -> int:
        if self._file is None:
            return 0
        return int(os.pread(self._file, 64, 0).split()[1]) * self._page


_memory = _Memory(Path("/proc/self/statm"))


def resident() -> int:
    """Return how many bytes of memory the process has; 0 where the system doesn't tell (it is Linux's)."""
    return _memory.resident()


@dataclass(slots=True)
class Turn:
    """A step under way."""

    plugin: str
    started: float  # monotonic
    resident: int  # bytes, when it began
    grown: int  # bytes, by the steps of the call before it


class Meter:
    """Knows whose step is under way, and what the steps of each plugin have added to memory.

    Attributes:
        turn: the step under way; also read by the watchdog's thread.
        held: bytes by plugin: what its steps added, less what they gave back.
    """

    def __init__(self, output: Callable[[str], Any]) -> None:
        self._output = output
        self._real = (sys.stdout, sys.stderr)
        self.turn: Turn | None = None
        self.held: dict[str, int] = {}

    @contextmanager
    def step(self, plugin: str, grown: int = 0) -> Iterator[Turn]:
        """Measure a step; what it prints goes to the plugin's output."""
        outer = self.turn
        turn = Turn(plugin, time.monotonic(), resident(), grown)
        output = self._output(plugin)
        before = sys.stdout, sys.stderr
        self.turn = turn
        sys.stdout = sys.stderr = output
        try:
            yield turn
        finally:
            self.turn = outer
            sys.stdout, sys.stderr = before
            added = resident() - turn.resident
            turn.grown += added
            self.held[plugin] = max(0, self.held.get(plugin, 0) + added)


class Stepped(Awaitable[T]):
    """A plugin's coroutine that runs step by step.

    Attributes:
        grown: bytes its steps added to memory so far.
    """

    def __init__(
        self, coroutine: Coroutine[Any, Any, T], plugin: str, meter: Meter, check: Callable[[int], None]
    ) -> None:
        self._coroutine = coroutine
        self._plugin = plugin
        self._meter = meter
        self._check = check
        self.grown = 0

    def __await__(self) -> Generator[Any, Any, T]:
        """Drive it: each send or throw is a step."""
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            turn = self._meter.turn
            try:
                with self._meter.step(self._plugin, self.grown) as turn:
                    if thrown is None:
                        waits_for = self._coroutine.send(sent)
                    else:
                        waits_for = self._coroutine.throw(thrown)
                    thrown = None
            except StopIteration as end:
                self._note(turn)
                self._check(self.grown)
                value: T = end.value
                return value
            self._note(turn)
            try:
                self._check(self.grown)
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001  (handed on to the coroutine)
                thrown = error

    def _note(self, turn: Turn | None) -> None:
        self.grown = turn.grown if turn is not None else 0
