"""A child process of the demo: away from the terminal's Ctrl-C, stopped in good time, its log kept."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.demo.errors import DemoError

ROOT = Path(__file__).resolve().parents[2]
LINE_LIMIT = 1 << 20  # bytes of a child's line
TAIL_BYTES = 64 * 1024


class Child:
    """A running child; its standard error (and output, unless that is read here) goes to a file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._ended = asyncio.create_task(process.wait(), name=f"{name} ended")

    @classmethod
    async def start(
        cls, name: str, arguments: Sequence[str], log: Path, *, env: Mapping[str, str], speaks: bool = False
    ) -> "Child":
        """Start `python ARGUMENTS` in the project's folder.

        Args:
            name: for messages.
            arguments: after the interpreter.
            log: where its output goes.
            env: the whole environment.
            speaks: its standard output is read with `read_line`, and its standard input stays open.

        Raises:
            DemoError: it can't be started.
        """
        # A group of its own: Ctrl-C reaches the demo only, which then stops its children in order.
        with log.open("ab") as file:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *arguments,
                    cwd=ROOT,
                    env=dict(env),
                    stdin=asyncio.subprocess.PIPE if speaks else asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE if speaks else file,
                    stderr=file,
                    limit=LINE_LIMIT,
                    start_new_session=True,
                    creationflags=getattr(
                        subprocess, "CREATE_NEW_PROCESS_GROUP", 0
                    ),  # Windows has no sessions
                )
            except OSError as error:
                raise DemoError(f"{name} can't be started: {error}") from None
        return cls(name, process, log)

    @property
    def ended(self) -> "asyncio.Task[int]":
        """Done when the process has ended, with its exit code."""
        return self._ended

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def read_line(self, seconds: float) -> bytes:
        """Return the next line of its output, b"" when it has ended.

        Raises:
            TimeoutError: it said nothing for that long.
        """
        assert self._process.stdout is not None  # started with `speaks`
        async with asyncio.timeout(seconds):
            return await self._process.stdout.readline()

    async def stop(self, seconds: float) -> int:
        """Ask it to end, and end it after `seconds`; return its exit code (negative: a signal's number)."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                self._ask()
        return await self.wait(seconds)

    async def wait(self, seconds: float) -> int:
        """Wait for its end, and end it after `seconds`; return its exit code."""
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._ended)
        except TimeoutError:
            self.kill()
            return await self._ended

    def kill(self) -> None:
        """End it at once."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def tail(self, lines: int = 12) -> list[str]:
        """Return the end of its log."""
        return tail(self.log, lines)

    def _ask(self) -> None:
        if sys.platform == "win32":
            self._process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self._process.terminate()


def tail(log: Path, lines: int = 12) -> list[str]:
    """Return the last lines of a file that aren't empty; none when it can't be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-lines:]
