"""A worker process with everything but the model: it answers with hashed rows, and obeys some words."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.nlp.hashed import HashedEncoder
from bot.nlp.minilm_worker import main

DIM = 16
WIDTH = 2 * DIM


class Obedient:
    dim = DIM

    def __init__(self, width: int) -> None:
        self.width = width

    def features_now(self, texts: Sequence[str]) -> Vectors:
        for text in texts:
            if text == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if text.startswith("die once ") and not (marker := Path(text.removeprefix("die once "))).exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if text == "hang":
                time.sleep(3_600)
            if text == "raise":
                raise ValueError("no such text")
            if text == "print":
                os.write(sys.stdout.fileno(), b"a library's words\n")
        rows = HashedEncoder(WIDTH).encode_now(texts)
        return rows[:, :DIM] if "narrow" in texts else rows


def load(arguments: Sequence[str]) -> Obedient:
    if "missing" in arguments[0]:
        raise EncoderUnavailable("torch is not installed: python run.py setup")
    if "stuck" in arguments[0]:
        time.sleep(3_600)
    return Obedient(DIM if "vectors only" in arguments[0] else WIDTH)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], load))
