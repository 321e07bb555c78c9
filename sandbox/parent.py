"""Ending with the process that started this one."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable


def when_stdin_ends(loop: asyncio.AbstractEventLoop, then: Callable[[], object]) -> None:
    """Call `then` in the loop when standard input ends: the parent is gone.

    A thread, because Windows' event loop can't read a pipe that was inherited.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(sys.stdin.fileno(), 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(then)

    threading.Thread(target=wait, name="stdin", daemon=True).start()
