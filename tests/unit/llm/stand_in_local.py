"""A local model's process with everything but the model: it says what it is told and obeys some words."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.llm.transformers_folders import Folder
from bot.llm.transformers_models import Call, CannotLoad, TooLong
from bot.llm.transformers_worker import main


class Obedient:
    def answer(self, request: Mapping[str, Any], call: Call) -> dict[str, Any]:
        words = str(request["text"]).split()
        for word in words:
            self._obey(word, words[-1], call)
            call.say(word)
        return {"input": len(words), "output": len(words), "finish": "stop"}

    def _obey(self, word: str, last: str, call: Call) -> None:
        if word == "die" or (word == "die-once" and not Path(last).exists()):
            Path(last).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "hang":
            threading.Event().wait()
        if word == "wait":
            while not call.is_cancelled():
                time.sleep(0.005)
        if word == "overflow":
            raise TooLong("too many words")
        if word == "memory":
            raise RuntimeError("can't allocate memory")
        if word == "secret":
            raise ValueError("what a member wrote")
        if word == "print":
            os.write(sys.stdout.fileno(), b"a library's words\n")


def load(folder: Folder, _threads: int) -> Obedient:
    if folder.name == "missing":
        raise CannotLoad("torch is not installed: python run.py setup")
    if folder.name == "slow":
        while not (folder.path / "go").exists():
            time.sleep(0.005)
    return Obedient()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], load))
