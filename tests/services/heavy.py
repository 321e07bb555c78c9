"""What a process is asked to compute in tests; some of it goes wrong."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from bot.services.computing import InThread

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Noting(InThread):
    """Computes, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def run(self, work: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
        """Return what `work` returns."""
        self.asked.append(work.__name__)
        return await super().run(work, *args, **more)


def double(number: int, *, plus: int = 0) -> tuple[int, int]:
    """Return the double, and the process that computed it."""
    return 2 * number + plus, os.getpid()


def die(marker: str) -> int:
    """Kill the process it runs in, unless that is the one that wrote `marker`."""
    if Path(marker).read_text() != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(3_600)
    return os.getpid()


def die_once(marker: str) -> int:
    """Kill the process it runs in, the first time."""
    path = Path(marker)
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(3_600)
    return os.getpid()


def hang(_marker: str = "") -> None:
    """Compute for ever."""
    if _marker:
        Path(_marker).touch()
    time.sleep(3_600)


def fail(text: str) -> None:
    """Raise."""
    raise ValueError(text)
