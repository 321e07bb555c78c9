"""The process that holds one local model: `python -m bot.llm.transformers_worker NAME FOLDER THREADS [REPO]`.

It speaks in the frames of `bot.child.frames`. A request is a JSON object with a number `id`, or
`{"cancel": id}`, which ends that request and all before it. Answered are pieces of text and then one JSON
object: done or failed.
"""

import json
import os
import queue
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from bot.child.frames import FAILED, READY, open_child, write_frame
from bot.llm.errors import ModelMissing
from bot.llm.transformers_folders import Folder, describe
from bot.llm.transformers_models import Call, CannotLoad, TooLong, fetch, load

TEXT, DONE = b"T", b"D"
OVERFLOW, FAULT = "overflow", "fault"  # why a request failed
_NICE: Final = 5  # the bot's own process, which must answer Discord's heartbeats, goes first
_WORDS: Final = 200  # characters of an error
_FOLDER_ARGUMENTS: Final = 3


class Model(Protocol):
    """What answers here."""

    def answer(self, request: Mapping[str, Any], call: Call) -> dict[str, Any]:
        """Say an answer and return what is told at its end."""
        ...


class Inbox:
    """Requests that wait, and up to which nobody waits any more."""

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._cancelled = 0

    def take(self, body: bytes) -> None:
        """Take a frame; called in the reading thread."""
        request = json.loads(body)
        if "cancel" in request:
            self._cancelled = request["cancel"]
        else:
            self._requests.put(request)

    def next(self) -> dict[str, Any]:
        """Return the next request, when there is one."""
        return self._requests.get()

    def is_cancelled(self, number: int) -> bool:
        """Return whether nobody waits for a request any more."""
        return number <= self._cancelled


def answer(model: Model, request: dict[str, Any], call: Call) -> tuple[bytes, Any]:
    """Return the kind and the object that end the answer to a request."""
    try:
        return DONE, model.answer(request, call)
    except TooLong as error:
        return FAILED, {"why": OVERFLOW, "text": str(error)}
    except (RuntimeError, MemoryError) as error:  # torch's own, such as no memory left
        return FAILED, {"why": FAULT, "text": f"{type(error).__name__}: {error}"[:_WORDS]}
    except Exception as error:  # noqa: BLE001 - the asker is told; the words may be a member's
        return FAILED, {"why": FAULT, "text": type(error).__name__}


def serve(model: Model, inbox: Inbox, answers: BinaryIO) -> None:
    """Say that the model is ready, then answer requests for ever."""
    write_frame(answers, READY, b"")
    while True:
        request = inbox.next()
        number = request["id"]

        def say(text: str) -> None:
            write_frame(answers, TEXT, text.encode(errors="replace"))

        def is_cancelled(number: int = number) -> bool:
            return inbox.is_cancelled(number)

        kind, told = answer(model, request, Call(say, is_cancelled))
        write_frame(answers, kind, json.dumps(told).encode())


def load_model(folder: Folder, threads: int) -> Model:
    """Load the model of a folder; fetch it first where a repository is named."""
    if folder.repo:
        fetch(folder.repo, folder.path)
    return load(folder.path, describe(folder), threads)


def main(arguments: Sequence[str], load: Callable[[Folder, int], Model] = load_model) -> int:
    """Load a model and serve; returns 1 when it can't be loaded."""
    inbox = Inbox()
    answers = open_child(inbox.take)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    name, place, threads = arguments[:_FOLDER_ARGUMENTS]
    repo = "".join(arguments[_FOLDER_ARGUMENTS:])
    try:
        model = load(Folder(name, Path(place), repo), int(threads))
    except (CannotLoad, ModelMissing) as error:
        write_frame(answers, FAILED, str(error).encode(errors="replace"))
        return 1
    serve(model, inbox, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
