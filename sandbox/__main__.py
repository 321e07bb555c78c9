"""`python -m sandbox`: a loopback Discord of its own, steered over the control API."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loguru import logger

from sandbox.control import Control
from sandbox.driver import Sandbox
from sandbox.page.server import Page
from sandbox.seed import DEFAULT, build


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback)")
    parser.add_argument("--port", type=int, default=0, help="port of API and gateway, 0 for a free one")
    parser.add_argument(
        "--control-port", type=int, default=0, help="port of the control API, 0 for a free one"
    )
    parser.add_argument(
        "--page-port", type=int, default=0, help="port of the chat page; a free one when it is 0 or taken"
    )
    parser.add_argument("--seed", type=Path, help="JSON file with the guilds to start with")
    parser.add_argument("--random", type=int, default=0, help="seed of ids and faults")
    parser.add_argument("--record-limit", type=int, help="entries of the record to keep (default: all)")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input closes")
    return parser.parse_args()


def _ready(discord: Sandbox, control: Control, page: Page, state: dict[str, Any]) -> str:
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
    return json.dumps(line)


def _when_stdin_ends(loop: asyncio.AbstractEventLoop, then: Callable[[], object]) -> None:
    """Call `then` in the loop when standard input ends: the parent is gone.

    A thread, because Windows' event loop can't read a pipe that was inherited.
    """

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(sys.stdin.fileno(), 4096):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(then)

    threading.Thread(target=wait, name="stdin", daemon=True).start()


async def _run(options: argparse.Namespace, world: dict[str, Any]) -> None:
    discord = Sandbox(
        host=options.host, port=options.port, seed=options.random, record_limit=options.record_limit
    )
    control = Control(discord.core)
    page = Page(discord.core, control.token)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in the loop
            loop.add_signal_handler(number, control.shutdown.set)
    async with discord:
        build(discord.core, world)
        await control.start(options.host, options.control_port)
        await page.start(options.host, options.page_port)
        sys.stdout.write(_ready(discord, control, page, await discord.state()) + "\n")
        sys.stdout.flush()
        if options.exit_with_parent:
            _when_stdin_ends(loop, control.shutdown.set)
        await control.shutdown.wait()
        await page.stop()
        await control.stop()


def main() -> int:
    """Run until told to stop; return the exit code."""
    options = _arguments()
    logger.remove()
    logger.add(sys.stderr, level="WARNING", diagnose=False)
    try:
        world = json.loads(options.seed.read_text(encoding="utf-8")) if options.seed else DEFAULT
        asyncio.run(_run(options, world))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
