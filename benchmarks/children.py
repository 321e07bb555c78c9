"""Child processes of a measurement: started, listened to line by line, weighed, and always ended."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROJECT = Path(__file__).resolve().parent.parent
_LINE_LIMIT = 1 << 20
_END_SECONDS = 15.0
_KEPT_LINES = 40


class MeasurementError(Exception):
    """A child died, stayed silent or said that the measurement is void; the text has its last words."""


class Child:
    """One process, as an async context manager; its JSON lines with an `event` key are its events."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path
    ) -> None:
        self._name = name
        self._arguments = [sys.executable, *arguments]
        path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
        self._environment = {**os.environ, "PYTHONPATH": path, **environment}
        self._cwd = cwd
        self._process: asyncio.subprocess.Process
        self._reader: asyncio.Task[None]
        self._last_words: list[str] = []
        self._changed = asyncio.Condition()
        self._ended = False
        self.events: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            cwd=self._cwd,
            limit=_LINE_LIMIT,
        )
        self._reader = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _END_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def say(self, line: str) -> None:
        """Write a line to the child's stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def event(self, name: str, seconds: float, skip: int = 0) -> dict[str, Any]:
        """Return the child's event of this name (after `skip` of them), waiting up to `seconds`.

        Raises:
            MeasurementError: It did not come, or the child ended or reported an error.
        """
        found = await self._find(name, seconds, skip, {})
        if found is None:
            raise MeasurementError(f"{self._name}: no {name!r} within {seconds:g} s.\n{self.last_words}")
        return found

    async def match(self, name: str, seconds: float, **values: Any) -> dict[str, Any] | None:
        """Return the child's event of this name and these values, or None if none came within `seconds`."""
        return await self._find(name, seconds, 0, values)

    async def _find(
        self, name: str, seconds: float, skip: int, values: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                while True:
                    self.check()
                    found = [
                        event for event in self.events if event.items() >= {"event": name, **values}.items()
                    ]
                    if len(found) > skip:
                        return found[skip]
                    if self._ended:
                        raise MeasurementError(f"{self._name} ended without {name!r}.\n{self.last_words}")
                    await self._changed.wait()
        return None

    def check(self) -> None:
        """Raise MeasurementError if the child reported an error."""
        for event in self.events:
            if event["event"] == "error":
                raise MeasurementError(f"{self._name}: {event['text']}")

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return not self._ended

    @property
    def last_words(self) -> str:
        """The last lines it printed that were no events."""
        return "\n".join(self._last_words)

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            event = _event(line)
            if event is None:
                self._last_words = [
                    *self._last_words[1 - _KEPT_LINES :],
                    line.decode(errors="replace").rstrip(),
                ]
                continue
            async with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        async with self._changed:
            self._ended = True
            self._changed.notify_all()


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b'{"event"'):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class Scale:
    """The resident memory of a process and its descendants, in MB (10^6 bytes), from /proc.

    The peak of a family is the largest sum seen by `weigh`, or the kernel's own high-water mark when the
    process is alone: nothing between two looks is missed then.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0

    def weigh(self) -> float:
        """Return what the family weighs now."""
        now = sum(_status(pid, "VmRSS") for pid in _family(self._pid))
        self._peak = max(self._peak, now)
        return now

    def cpu_seconds(self) -> float:
        """Return the processor time the family has used, user and system: steadier than the clock's."""
        ticks = 0
        for pid in _family(self._pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])  # utime and stime, proc(5)
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak(self) -> float:
        """Return the most it has weighed."""
        self.weigh()
        family = _family(self._pid)
        return max(self._peak, _status(self._pid, "VmHWM")) if len(family) == 1 else self._peak


def _family(pid: int) -> list[int]:
    family = [pid]
    for member in family:
        for path in Path(f"/proc/{member}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                family += [int(child) for child in path.read_text().split()]
    return family


def _status(pid: int, key: str) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0
