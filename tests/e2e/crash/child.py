"""The bot as a process of its own, started quickly: forked from a server that has imported it."""

import asyncio
import importlib
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# What every life would import again; `_run` reads anew what a module took from its environment.
PRELOADED = (
    "aiosqlite", "alembic.command", "bot.app", "bot.cli", "discord.ext.commands", "fastapi", "loguru",
    "prometheus_client", "pydantic_settings", "pytest", "sqlalchemy.ext.asyncio", "sqlmodel", "tenacity",
    "typer", "uvicorn", "vaderSentiment.vaderSentiment", "yaml",
)  # fmt: skip


def _run(folder: str, env: Mapping[str, str]) -> None:
    """Be the bot: a fresh environment, a folder of its own, output to a file, then the command line."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    log = os.open("bot.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.path.insert(0, str(ROOT))
    from bot.cli import main
    from bot.services import failpoints

    importlib.reload(failpoints)  # it reads which point is armed when it is imported
    raise SystemExit(main(["run"]))


class BotProcess:
    """One life of the bot in `folder`, which keeps its data and its log from one life to the next."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(PRELOADED))
        self.log = folder / "bot.log"
        self._begin = self.log.stat().st_size if self.log.exists() else 0
        self._process = context.Process(target=_run, args=(str(folder), dict(env)), daemon=True)
        self._process.start()
        self._ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        sentinel = self._process.sentinel

        def ended() -> None:
            loop.remove_reader(sentinel)
            self._ended.set()

        loop.add_reader(sentinel, ended)

    async def ended_within(self, seconds: float) -> bool:
        """Wait for the end; return whether it came."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        self._process.join()
        return True

    @property
    def exit_code(self) -> int | None:
        """What it ended with: minus the signal's number when killed, None while it runs."""
        return self._process.exitcode

    def output(self) -> str:
        """Return what it wrote in this life."""
        return self.log.read_bytes()[self._begin :].decode("utf-8", "replace") if self.log.exists() else ""

    def killed_at(self) -> str | None:
        """Return the fail point at which it killed itself."""
        found = re.search(r"^killed at (\S+)$", self.output(), re.MULTILINE)
        return found[1] if found and self.exit_code == -signal.SIGKILL else None

    def api_url(self) -> str | None:
        """Return where its admin API listens, None while it doesn't."""
        found = re.search(r"Admin API at (http://\S+)", self.output())
        return found[1] if found else None

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once, wherever it is."""
        self._process.kill()
