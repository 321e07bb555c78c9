"""The process that computes: `python -m bot.child.calls`.

A request is a pickled function, by its name, with its arguments; an answer what it returned, pickled. Both
ends are this program: nobody else's pickles are read.
"""

import pickle
import queue
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.child.frames import FAILED, READY, open_child, write_frame

DONE: Final = b"D"


def packed(work: Callable[..., Any], args: tuple[Any, ...], more: Mapping[str, Any]) -> bytes:
    """Return a request."""
    return pickle.dumps((work, args, more), pickle.HIGHEST_PROTOCOL)


def unpacked(answer: bytes) -> Any:
    """Return what was computed."""
    return pickle.loads(answer)  # noqa: S301  (our own process's)


def main() -> int:
    """Compute what is asked, for ever."""
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    answers = open_child(requests.put)
    write_frame(answers, READY, b"")
    while True:
        write_frame(answers, *_answer(requests.get()))


def _answer(request: bytes) -> tuple[bytes, bytes]:
    try:
        work, args, more = pickle.loads(request)  # noqa: S301  (the bot's)
        return DONE, pickle.dumps(work(*args, **more), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  (the asker is told)
        return FAILED, type(error).__name__.encode()


if __name__ == "__main__":
    sys.exit(main())
