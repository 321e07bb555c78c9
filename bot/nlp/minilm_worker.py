"""The process that holds the model: `python -m bot.nlp.minilm_worker FOLDER THREADS [--download]`.

It reads frames of its standard input and answers each on its standard output. A frame is four bytes of
length (big endian) and so many bytes: a request is a JSON array of texts; an answer is one byte of kind and
then features (float32, row by row) or a JSON object or text. When the input ends, for whatever reason, so
does the process, even amid a computation.
"""

import json
import os
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from bot.nlp.encoder import EncoderUnavailable, Vectors

HEADER: Final = struct.Struct(">I")
FEATURES, READY, FAILED = b"V", b"R", b"E"


class Model(Protocol):
    """What encodes here."""

    dim: int
    width: int

    def features_now(self, texts: Sequence[str]) -> Vectors:
        """Return the features of `texts`, shape (n, width); the first `dim` columns are the vectors."""
        ...


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


def serve(model: Model, requests: "queue.SimpleQueue[bytes]", answers: BinaryIO) -> None:
    """Say that the model is ready, then answer requests for ever."""
    write_frame(answers, READY, json.dumps({"dim": model.dim, "width": model.width}).encode())
    while True:
        texts = json.loads(requests.get())
        try:
            features = model.features_now(texts)
        except Exception as error:  # noqa: BLE001 - one batch failed; the asker is told
            write_frame(answers, FAILED, f"{type(error).__name__}: {error}".encode())
        else:
            write_frame(answers, FEATURES, features.tobytes())


def _read_on(stream: BinaryIO, requests: "queue.SimpleQueue[bytes]") -> None:
    """Hand requests on until the stream ends: then the bot is gone or wants this process gone."""
    while (request := read_frame(stream)) is not None:
        requests.put(request)
    os._exit(0)


def load_minilm(arguments: Sequence[str]) -> Model:
    """Load the model the arguments name; fetch it first when they say so."""
    folder = Path(arguments[0])
    if "--download" in arguments:
        from bot.nlp.minilm_weights import download

        download(folder)
    from bot.nlp.minilm import MiniLM

    return MiniLM(folder, int(arguments[1]))


def main(arguments: Sequence[str], load: Callable[[Sequence[str]], Model] = load_minilm) -> int:
    """Load a model and serve; returns 1 when it can't be loaded."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the bot, which ends this one
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_on, args=(sys.stdin.buffer, requests), daemon=True).start()
    try:
        model = load(arguments)
    except EncoderUnavailable as error:
        write_frame(answers, FAILED, str(error).encode())
        return 1
    serve(model, requests, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
