"""How the running bot hears that it should stop, is watched, and ends within its time."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from loguru import logger

from bot.bus.memory import MemoryBus
from bot.core.client import Bot, Services
from bot.domain.signal import Stage
from bot.services.metrics import Metrics


def listen_for_signals(stop: Callable[[], None]) -> None:
    """Call `stop` whenever the process is told to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)
    if sys.platform == "win32":  # the one signal a parent can send there without being hit itself
        signal.signal(signal.SIGBREAK, lambda *_: loop.call_soon_threadsafe(stop))


def is_connected(bot: Bot) -> bool:
    """Whether events arrive; `is_ready` alone stays true while discord.py tries to connect again."""
    socket: Any = bot.ws  # None until it is connected, whatever its type says
    return bot.is_ready() and not bot.is_closed() and socket is not None and bool(socket.open)


def track(metrics: Metrics, services: Services, bus: MemoryBus, bot: Bot) -> None:
    """Have the queues and the connection watched."""
    depths: dict[str, Callable[[], int]] = {
        "ingest": lambda: services.ingest.depth,
        "observe": lambda: bus.depth(Stage.OBSERVE),
        "plan": lambda: bus.depth(Stage.PLAN),
    }
    for name, depth in depths.items():
        metrics.track_queue(name, depth)
    metrics.track_latency(lambda: bot.latency)


async def within(seconds: float, work: Awaitable[None], what: str) -> None:
    """Await `work`, which is given up after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        logger.warning("Gave up {} after {} s", what, seconds)


def title_of(bot: Bot, thread_id: int) -> str:
    """Return a thread's title, "" when Discord hasn't told of it."""
    thread = bot.get_channel(thread_id)
    return thread.name if isinstance(thread, discord.Thread) else ""


async def warm_up_encoder(bot: Bot) -> None:
    """Have the second judge load what it needs, once nothing more urgent does."""
    await bot.wait_until_ready()
    await bot.services.refinement.warm_up()
