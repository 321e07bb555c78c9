"""The child's side: requests come in frames on its standard input, answers leave in frames on its output.

A frame is four bytes of length (big endian) and so many bytes; of an answer the first byte is its kind. When
the input ends, for whatever reason, so does the process, even amid a computation.
"""

import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, Final

HEADER: Final = struct.Struct(">I")
READY, FAILED = b"R", b"E"  # kinds; what else there is, is between the two sides


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame, None at the end of the stream."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: BinaryIO, kind: bytes, body: bytes) -> None:
    """Send one answer."""
    stream.write(HEADER.pack(len(body) + 1) + kind + body)
    stream.flush()


def open_child(take: Callable[[bytes], None]) -> BinaryIO:
    """Make this process a child: hand each request to `take`, in a thread, and return where answers go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the bot, which ends this one
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    threading.Thread(target=_read_on, args=(sys.stdin.buffer, take), daemon=True).start()
    return answers


def _read_on(stream: BinaryIO, take: Callable[[bytes], None]) -> None:
    """Hand requests on until the stream ends: then the bot is gone or wants this process gone."""
    while (request := read_frame(stream)) is not None:
        take(request)
    os._exit(0)
