"""The process that holds the model: `python -m bot.nlp.minilm_worker FOLDER THREADS [--download]`.

It speaks in the frames of `bot.child.frames`: a request is a JSON array of texts; an answer is one byte of
kind and then features (float32, row by row) or a JSON object or text.
"""

import json
import queue
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from bot.child.frames import FAILED, READY, open_child, write_frame
from bot.nlp.encoder import EncoderUnavailable, Vectors

FEATURES: Final = b"V"


class Model(Protocol):
    """What encodes here."""

    dim: int
    width: int

    def features_now(self, texts: Sequence[str]) -> Vectors:
        """Return the features of `texts`, shape (n, width); the first `dim` columns are the vectors."""
        ...


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
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    answers = open_child(requests.put)
    try:
        model = load(arguments)
    except EncoderUnavailable as error:
        write_frame(answers, FAILED, str(error).encode())
        return 1
    serve(model, requests, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
