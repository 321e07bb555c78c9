"""`python -m sandbox`: a loopback Discord of its own, steered over the control API."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from loguru import logger

from sandbox import loopback
from sandbox.control import Control
from sandbox.driver import Sandbox
from sandbox.ops import OperationError
from sandbox.page.server import Page
from sandbox.parent import when_stdin_ends
from sandbox.seed import DEFAULT, build, checked
from sandbox.services import Services

WRONG_ARGUMENTS = 2
MAX_PORT = 65_535


class _Parser(argparse.ArgumentParser):
    """Tells a wrong argument in one line."""

    def error(self, message: str) -> NoReturn:
        """End with the code for wrong arguments."""
        self.exit(WRONG_ARGUMENTS, f"sandbox: {message}\n")


def _from_argument(check: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a check of an argument whose ValueError says what is wrong."""

    def checked(text: str) -> Any:
        try:
            return check(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _whole(low: int, high: int | None = None) -> Callable[[str], int]:
    def check(text: str) -> int:
        right = text.removeprefix("-").isdecimal() and low <= int(text) <= (
            int(text) if high is None else high
        )
        if not right:
            bounds = f"from {low}" if high is None else f"from {low} to {high}"
            raise ValueError(f"a whole number {bounds}, it can't be {text!r}")
        return int(text)

    return _from_argument(check)


def _world(text: str) -> dict[str, Any]:
    """Return the world of a seed file.

    Raises:
        ValueError: it can't be read, or is no JSON of that shape.
    """
    try:
        return checked(json.loads(Path(text).read_text(encoding="utf-8")))
    except OSError as error:
        raise ValueError(f"{text}: {error.strerror}") from None
    except RecursionError:
        raise ValueError(f"{text} is nested too deep") from None


def _arguments() -> argparse.Namespace:
    parser = _Parser(prog="python -m sandbox", description=__doc__)
    host = _from_argument(loopback.checked)
    port = _whole(0, MAX_PORT)
    parser.add_argument("--host", type=host, default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=port, default=0, help="port of API and gateway, 0 for a free one")
    parser.add_argument(
        "--control-port", type=port, default=0, help="port of the control API, 0 for a free one"
    )
    parser.add_argument(
        "--page-port", type=port, default=0, help="port of the chat page; a free one when it is 0 or taken"
    )
    parser.add_argument(
        "--seed",
        type=_from_argument(_world),
        default=DEFAULT,
        metavar="FILE",
        help="JSON file with the guilds to start with",
    )
    parser.add_argument(
        "--random", type=int, help="seed of tokens and faults (default: tokens nobody guesses)"
    )
    parser.add_argument("--record-limit", type=_whole(1), help="entries of the record to keep (default: all)")
    parser.add_argument(
        "--services", action="store_true", help="also run stand-ins of GitHub and of what draws pictures"
    )
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    return parser.parse_args()


def _ready(
    discord: Sandbox, control: Control, page: Page, services: Services | None, state: dict[str, Any]
) -> str:
    line = {
        "api_url": discord.api_url,
        "gateway_url": discord.gateway_url,
        "cdn_url": discord.cdn_url,
        "control_url": control.url,
        "control_token": control.token,
        "page_url": page.address,
        "token": discord.token,
        "application_id": discord.application_id,
        "ids": state,
    }
    if services is not None:
        line["services"] = services.told()
    return json.dumps(line)


async def _run(options: argparse.Namespace) -> None:
    discord = Sandbox(
        host=options.host, port=options.port, seed=options.random, record_limit=options.record_limit
    )
    control = Control(discord.core)
    page = Page(discord.core, control.token)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in the loop
            loop.add_signal_handler(number, control.shutdown.set)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(discord)
        services = await stack.enter_async_context(Services()) if options.services else None
        build(discord.core, options.seed)
        await control.start(options.host, options.control_port)
        await page.start(options.host, options.page_port)
        sys.stdout.write(_ready(discord, control, page, services, await discord.state()) + "\n")
        sys.stdout.flush()
        if options.exit_with_parent:
            when_stdin_ends(loop, control.shutdown.set)
        await control.shutdown.wait()
        await page.stop()
        await control.stop()


def main() -> int:
    """Run until told to stop; return the exit code."""
    options = _arguments()
    logger.remove()
    logger.add(sys.stderr, level="WARNING", diagnose=False)
    try:
        asyncio.run(_run(options))
    except (OSError, OperationError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return WRONG_ARGUMENTS if isinstance(error, OperationError) else 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
