"""A bot as a process of its own."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from sandbox import Sandbox
from tests.e2e.facts import API_LINE, Facts
from tests.only_loopback.plugin import child_environment

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 60.0  # seconds for a process to start or to end; the machine may be a busy one


class Child(Facts):
    """A bot as a process of its own, started as an owner starts it."""

    def __init__(self, discord: Sandbox, folder: Path, env: dict[str, str]) -> None:
        super().__init__(folder)
        self._env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ},
            **child_environment(),
            "DISCORD_BOT_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "DISCORD_CDN_URL": discord.cdn_url,
            "DB_PATH": str(self.database),
            "LOOKOUT_LOG__FOLDER": str(folder / "logs"),
            "ADMIN_PORT": "0",
            "LOOKOUT_NLP__ENCODER": "off",  # a model would take seconds to load
            "LOOKOUT_DISCORD__WELCOME": "false",
            "NO_COLOR": "1",
            **env,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._reading: list[asyncio.Task[None]] = []
        self.out: list[str] = []
        self.err: list[str] = []

    async def start(self) -> None:
        """Start the process; it may well fail."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "run", env=self._env, cwd=ROOT, stdout=pipe, stderr=pipe
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._reading = [
            asyncio.create_task(self._read(self._process.stdout, self.out)),
            asyncio.create_task(self._read(self._process.stderr, self.err)),
        ]

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        async for line in stream:
            text = line.decode(errors="replace").rstrip("\n")
            lines.append(text)
            if API_LINE in text:
                self.api_url = text.partition(API_LINE)[2].strip().partition(" ")[0]

    async def ready(self) -> None:
        """Wait until /readyz says so."""
        await self.until("the child's admin API", lambda: self._alive() and self.api_url, LONGEST)

        async def look() -> bool:
            return self._alive() and (await self.get("/readyz"))[0] == 200

        await self.until("the child to be ready", look, LONGEST)

    def _alive(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, "\n".join(self.err)
        return True

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self, timeout: float = LONGEST) -> int:  # noqa: ASYNC109
        """Return the exit code once it is over and everything it said is read."""
        assert self._process is not None
        async with asyncio.timeout(timeout):
            code = await self._process.wait()
            await asyncio.gather(*self._reading)
        await self.close_session()
        return code

    async def clean_up(self) -> None:
        """Kill it if it still runs."""
        await self.close_session()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._reading, return_exceptions=True)
