"""`python -m sandbox.ollama`: the loopback Ollama alone; prints its address as a line of JSON."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

from loguru import logger

from sandbox import loopback
from sandbox.ollama.answers import SCRIPTED, Asked
from sandbox.ollama.driver import OllamaSandbox
from sandbox.ollama.latency import Latency
from sandbox.parent import when_stdin_ends
from sandbox.scripted import Rule

WRONG_ARGUMENTS = 2


def _rules(text: str) -> list[Rule]:
    """Return the rules of a file: a JSON list of objects with `contains`, `after` and `answer`."""
    try:
        found: Any = json.loads(Path(text).read_text(encoding="utf-8"))
        return [
            _rule(str(each.get("contains", "")), str(each.get("after", "")), each["answer"]) for each in found
        ]
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise argparse.ArgumentTypeError(
            f'{text}: must be a JSON list of {{"contains": "...", "answer": "..."}}'
        ) from None


def _rule(contains: str, after: str, answer: Any) -> Rule:
    """Return a rule; a text is no answer to a request for JSON.

    Args:
        contains: what the prompt must hold, in letters of any case.
        after: behind the last place of this, where it has one; "" for anywhere.
        answer: to such a prompt.
    """

    def matches(asked: Asked) -> bool:
        read = asked.prompt.rpartition(after)[2] if after else asked.prompt
        return contains.lower() in read.lower() and not (isinstance(answer, str) and asked.format)

    return Rule(matches, answer)


def _host(text: str) -> str:
    try:
        return loopback.checked(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.ollama", description=SCRIPTED)
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--model", action="append", help="a pulled model (default: llama3.2:3b)")
    parser.add_argument("--script", type=_rules, default=[], metavar="FILE", help="JSON list of rules")
    parser.add_argument("--load", type=float, default=0.0, help="median seconds to load a model")
    parser.add_argument("--first", type=float, default=0.0, help="median seconds to the first word")
    parser.add_argument("--line", type=float, default=0.0, help="median seconds between two words")
    parser.add_argument("--spread", type=float, default=0.0, help="spread of the delays (log-normal)")
    parser.add_argument("--seed", type=int, default=0, help="of the delays")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    return parser.parse_args(argv)


async def _run(options: argparse.Namespace) -> None:
    latency = Latency(options.load, options.first, options.line, options.spread, options.seed)
    ollama = OllamaSandbox(
        options.model or ["llama3.2:3b"], latency=latency, address=(options.host, options.port)
    )
    ollama.script(*options.script)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in the loop
            loop.add_signal_handler(number, over.set)
    async with ollama:
        sys.stdout.write(json.dumps({"url": ollama.url, "note": SCRIPTED}) + "\n")
        sys.stdout.flush()
        if options.exit_with_parent:
            when_stdin_ends(loop, over.set)
        await over.wait()


def main(argv: list[str] | None = None) -> int:
    """Run until told to stop; return the exit code."""
    options = _arguments(argv)
    logger.remove()
    logger.add(sys.stderr, level="WARNING", diagnose=False)
    try:
        asyncio.run(_run(options))
    except OSError as error:
        sys.stderr.write(f"sandbox.ollama: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
