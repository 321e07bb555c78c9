"""The bot's side: starts the child, speaks with it and sees that it ends."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from bot.child.frames import FAILED, HEADER, READY

_ROOT: Final = Path(__file__).resolve().parents[2]
# Importing torch makes this folder, by default among the system's temporary ones, where it stays.
_CACHES: Final = {"TORCHINDUCTOR_CACHE_DIR": str(_ROOT / "data" / "cache" / "torchinductor")}
_GOODBYE: Final = 2.0  # seconds for the process to end by itself


class ChildDied(Exception):  # noqa: N818 - a state, named as what it is
    """The process ended, or what it sent makes no sense."""


class ChildUnavailable(Exception):  # noqa: N818
    """It can't be started or can't work; the message says the fix."""


class FailureLimit(Protocol):
    """How often a child may fail."""

    @property
    def failures(self) -> int:
        """Return how many failures within `period` stop further starts meanwhile."""
        ...

    @property
    def period(self) -> float:
        """Return seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """What a child is.

    Attributes:
        name: as messages call it, such as "the encoder's process".
        module: what it runs.
        memory: what it needs, for people, such as "about 0.5 GB".
        environment: added to the bot's own.
    """

    name: str
    module: str
    arguments: Sequence[str]
    memory: str
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """One process: started by `start`, and gone after `stop`, `give_up` or its own end.

    Nothing here is safe to call from two tasks at once, but for `kill`.
    """

    def __init__(
        self, command: Command, limit: FailureLimit, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._command = command
        self._limit = limit
        self._monotonic = monotonic
        self._process: asyncio.subprocess.Process | None = None
        self._due: int | None = None  # bytes of an answer whose length was read already
        self._failures: deque[float] = deque(maxlen=limit.failures)

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return self._process.pid if self._process else None

    async def start(self, seconds: float) -> bytes:
        """Start it, wait until it says that it is ready and return what it said of itself.

        Raises:
            ChildUnavailable: it can't be started, says so itself, or failed too often lately.
            ChildDied: it ended.
            TimeoutError: it took more than `seconds`; the process is left for `give_up`.
        """
        self._check_failures()
        command = self._command
        self._due = None
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                command.module,
                *command.arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                env={**_CACHES, **os.environ, **command.environment},
                **_own_group(),
            )
        except OSError as error:
            self._failures.append(self._monotonic())
            raise ChildUnavailable(f"{command.name} can't be started: {error.strerror}") from error
        async with asyncio.timeout(seconds):
            kind, answer = await self.receive()
        if kind == FAILED:
            await self.give_up()
            raise ChildUnavailable(answer.decode(errors="replace"))
        if kind != READY:
            raise ChildDied("answered nonsense")
        return answer

    async def send(self, body: bytes) -> None:
        """Send one request.

        Raises:
            ChildDied: nobody is there to take it.
        """
        writer = self._process.stdin if self._process else None
        if writer is None:
            raise ChildDied("ended")
        try:
            writer.write(HEADER.pack(len(body)) + body)
            await writer.drain()
        except OSError as error:
            raise ChildDied("ended") from error

    async def receive(self) -> tuple[bytes, bytes]:
        """Return the next answer's kind and body; cancelled amid one, the next call still returns it whole.

        Raises:
            ChildDied: it ended before.
        """
        reader = self._process.stdout if self._process else None
        if reader is None:
            raise ChildDied("ended")
        try:
            if self._due is None:
                (self._due,) = HEADER.unpack(await reader.readexactly(HEADER.size))
            answer = await reader.readexactly(self._due)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise ChildDied("ended") from error
        self._due = None
        return answer[:1], answer[1:]

    async def stop(self) -> None:
        """End the process, if there is one, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.stdin:
                process.stdin.close()
            async with asyncio.timeout(_GOODBYE):
                await process.wait()
        except (TimeoutError, OSError):
            await _kill(process)
        except asyncio.CancelledError:
            _signal_kill(process)
            raise

    async def give_up(self) -> None:
        """Count a failure and see that the process is gone."""
        self._failures.append(self._monotonic())
        await self.discard()

    async def discard(self) -> None:
        """See that the process is gone at once; no failure of its own."""
        process, self._process = self._process, None
        if process is not None:
            await _kill(process)

    def kill(self) -> None:
        """Send the end without waiting for it; the next answer is `ChildDied`."""
        _signal_kill(self._process)

    def _check_failures(self) -> None:
        """Refuse another start when the last ones failed; loading costs seconds of a core."""
        failures = self._failures
        if len(failures) < self._limit.failures:
            return
        wait = failures[0] + self._limit.period - self._monotonic()
        if wait > 0:
            raise ChildUnavailable(
                f"{self._command.name} failed {len(failures)} times; it is tried again in {wait:.0f} s."
                f" Is there enough memory? (it needs {self._command.memory})"
            )


def _own_group() -> dict[str, Any]:
    """Return what keeps a terminal's Ctrl-C from the process before it can ignore it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def _signal_kill(process: asyncio.subprocess.Process | None) -> None:
    if process is not None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def _kill(process: asyncio.subprocess.Process) -> None:
    _signal_kill(process)
    await process.wait()
