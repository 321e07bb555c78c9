"""Runs without the pauses that discord.py and the bot make in the face of trouble."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import discord
import discord.http
import pytest
from discord.gateway import KeepAliveHandler

from sandbox import Sandbox
from tests.e2e.fault_runs.schedule import Schedule

LONGEST_PAUSE = 0.05  # seconds between two tries of a request
RETRY_SECONDS = 0.1  # until the bot tries a channel again that could not be read
HEARTBEAT_INTERVAL = 0.2  # seconds, where there are zombies
ZOMBIE_AFTER = 0.45  # seconds of silence; more than the interval, or every client were a zombie


@contextmanager
def hasty(schedule: Schedule) -> Iterator[None]:
    """Shorten the pauses of this process for a run of `schedule`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("discord.Client.before_identify_hook", _when_ready)
        patch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.01)
        patch.setattr(discord.http, "asyncio", _asyncio_in_haste())
        patch.setattr("bot.services.recovery.RETRY_SECONDS", RETRY_SECONDS)
        if schedule.has_zombies:
            _notice_zombies(patch)
        yield


async def _when_ready(client: discord.Client, *_: Any, **__: Any) -> None:
    """Identify without the five seconds between two identifications, but never while a READY is dealt with.

    discord.py confuses the guilds of three sessions that begin within `guild_ready_timeout`.
    """
    dealing = client._connection._ready_task
    if dealing is not None:
        await asyncio.wait({dealing})


def _asyncio_in_haste() -> ModuleType:
    hasty_one = ModuleType("asyncio")
    hasty_one.__dict__.update(asyncio.__dict__)

    async def sleep(seconds: float, result: Any = None) -> Any:
        return await asyncio.sleep(min(seconds, LONGEST_PAUSE), result)

    hasty_one.__dict__["sleep"] = sleep
    return hasty_one


def _notice_zombies(patch: pytest.MonkeyPatch) -> None:
    usual = KeepAliveHandler.__init__

    def impatient(self: KeepAliveHandler, *args: Any, **kwargs: Any) -> None:
        usual(self, *args, **kwargs)
        self.heartbeat_timeout = ZOMBIE_AFTER

    patch.setattr(KeepAliveHandler, "__init__", impatient)


async def prepare(discord: Sandbox, schedule: Schedule) -> None:
    """Make the sandbox as the schedule wants it, before any client connects."""
    discord.faults.seed(schedule.seed)
    wanted = {"replay_limit": schedule.replay_limit, "identify_interval": schedule.identify_interval}
    if schedule.has_zombies:
        wanted["heartbeat_interval"] = HEARTBEAT_INTERVAL
    known = await discord.call("settings")
    await discord.call("settings", **{name: value for name, value in wanted.items() if name in known})
