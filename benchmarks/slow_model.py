"""The loopback Ollama of `bench llm`: answers everything after some seconds, and tells how many wait for it.

    python -m benchmarks.slow_model --seconds 2

It prints JSON lines: where it listens, then each time more requests than ever before are open at once.
"""

import argparse
import asyncio
import contextlib
import json
import re
import sys
import time
from typing import Any

from sandbox.ollama import Asked, Latency, OllamaSandbox
from sandbox.parent import when_stdin_ends

MODEL = "llama3.2:3b"
_ID = re.compile(r"^\[(m\d+)\]", re.MULTILINE)
_REPLY = (
    "These words are scripted. Restart the service, then look at its log for the first line that says error."
)


def say(event: str, **values: Any) -> None:
    """Print one JSON line for the process that started this one."""
    sys.stdout.write(json.dumps({"event": event, "time_ns": time.time_ns(), **values}) + "\n")
    sys.stdout.flush()


def answer(asked: Asked) -> str | dict[str, Any]:
    """Judge every message that has an id, reply to the rest."""
    if asked.format is None:
        return _REPLY
    verdict = {"intent": "help_request", "confidence": 0.9, "reason": "asks for help"}
    return {"results": [{"id": each, **verdict} for each in _ID.findall(asked.prompt)]}


async def serve(seconds: float) -> None:
    """Serve until standard input ends."""
    over = asyncio.Event()
    when_stdin_ends(asyncio.get_running_loop(), over.set)
    async with OllamaSandbox([MODEL], latency=Latency(first=seconds)) as ollama:
        ollama.script(answer)
        say("listening", url=ollama.url, model=MODEL)
        most = 0
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.2)
            if ollama.server.most_open > most:
                most = ollama.server.most_open
                say("open", most=most)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_model", description=__doc__)
    parser.add_argument("--seconds", type=float, required=True, help="to the first word of each answer")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().seconds))


if __name__ == "__main__":
    main()
