"""One bot against one fresh Discord: the piece every measurement is made of."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import PROJECT, Child, Scale
from benchmarks.targets import READY_SECONDS, Target

_LISTEN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """A bot that is ready, and its Discord."""

    target: Target
    bot: Child
    discord: Child
    scale: Scale
    identified_seconds: float  # from its start until Discord had sent it its guild
    ready_seconds: float  # from its start until it also said that it is ready
    ready_mb: float


@asynccontextmanager
async def running(  # noqa: PLR0913  (what a measurement may want otherwise)
    target_class: type[Target],
    frames: Path,
    messages: int,
    *,
    channels: int = 0,
    heartbeat_ms: int | None = None,
    extra: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> AsyncIterator[Running]:
    """Start a Discord and the bot, wait until it is ready, and end both afterwards.

    Args:
        target_class: which bot.
        frames: the flood's folder.
        messages: how many the bot will have stored.
        channels: besides those of the flood.
        heartbeat_ms: between two heartbeats.
        extra: of the bot's environment.
        home: the bot's folder, kept for its next start; None for one that goes with it.

    Raises:
        MeasurementError: One of them did not come up.
    """
    folder = home or Path(tempfile.mkdtemp(prefix="lookout-bench-"))
    arguments = ["-m", "benchmarks.flood", "--frames", str(frames), "--channels", str(channels)]
    if heartbeat_ms is not None:
        arguments += ["--heartbeat-ms", str(heartbeat_ms)]
    try:
        async with Child("flood", arguments, {}, PROJECT) as discord:
            port = (await discord.event("listening", _LISTEN_SECONDS))["port"]
            target = target_class(folder, port, messages, extra)
            started = time.time_ns()
            async with target.child() as bot:
                ready = await target.ready(bot)
                sent = int((await discord.event("guild_sent", READY_SECONDS))["time_ns"])
                scale = Scale(bot.pid)
                yield Running(
                    target=target,
                    bot=bot,
                    discord=discord,
                    scale=scale,
                    identified_seconds=(sent - started) / 1e9,
                    ready_seconds=(max(ready, sent) - started) / 1e9,
                    ready_mb=scale.weigh(),
                )
    finally:
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)
