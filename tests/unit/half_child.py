"""A child that sends half an answer, and the other half when it is asked for anything."""

import threading

from bot.child.frames import HEADER, READY, open_child, write_frame


def main() -> None:
    asked = threading.Event()
    answers = open_child(lambda _request: asked.set())
    write_frame(answers, READY, b"")
    answers.write(HEADER.pack(9) + b"Tone")
    answers.flush()
    asked.wait()
    answers.write(b" two")
    answers.write(b"!")
    answers.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
