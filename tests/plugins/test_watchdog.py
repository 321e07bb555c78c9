"""A plugin that holds everything up or takes memory is ended from outside, wherever its code stands."""

import asyncio
import signal
import time
from pathlib import Path

import pytest

from bot.plugin_api.testing import GUILD, Trial, on_trial
from bot.services.plugins.steps import resident
from tests.plugins.bad_plugins import (
    ALLOCATES,
    ALLOCATES_SLOWLY,
    BLOCKS,
    BLOCKS_IN_A_TASK,
    SPINS,
    listener,
)
from tests.plugins.support import write_plugin

LIMITS = {"stall_seconds": 0.2, "memory_megabytes": 100, "deadline_seconds": 20}
CATCHES = listener("while True:\n    try:\n        time.sleep(1000)\n    except Exception:\n        pass")
IN_C = listener("max(map(lambda _: time.sleep(0.001) or 0, range(10**9)))")
# More than glibc ever takes from memory that was freed before (32 MB): the process grows for sure.
GROWS = listener("kept.append(b'x' * 40_000_000)")


async def suspended(trial: Trial) -> str:
    """Return why it is suspended, once it is and has been unloaded."""

    def is_over() -> bool:
        entry = trial.service.registry.entries["bad"]
        return entry.is_suspended and entry.host is None

    async with asyncio.timeout(10):
        while not is_over():  # noqa: ASYNC110  (nothing tells of it)
            await asyncio.sleep(0.01)
    return trial.service.info("bad", GUILD).why


@pytest.mark.parametrize(
    "source",
    [SPINS, BLOCKS, BLOCKS_IN_A_TASK, CATCHES, IN_C],
    ids=["loop", "sleep", "task", "catching", "in-c"],
)
async def test_what_holds_up_the_loop_is_ended_and_named(tmp_path: Path, source: str) -> None:
    folder = write_plugin(tmp_path, "bad", source, "messages.read")
    async with on_trial(folder, settings=LIMITS) as trial:
        started = time.monotonic()
        await trial.say("bad, please")
        why = await suspended(trial)
        assert time.monotonic() - started < 5
        assert "held up the bot for 0." in why
        assert "in plugin.py, line " in why


@pytest.mark.parametrize("source", [ALLOCATES, ALLOCATES_SLOWLY], ids=["at-once", "in-a-loop"])
async def test_what_takes_memory_is_ended_and_its_memory_comes_back(tmp_path: Path, source: str) -> None:
    folder = write_plugin(tmp_path, "bad", source, "messages.read")
    async with on_trial(folder, settings=LIMITS | {"stall_seconds": 20}) as trial:
        before = resident()
        await trial.say("bad, please")
        assert "MB of memory" in await suspended(trial)
        await asyncio.sleep(0)
        assert resident() - before < 60_000_000


async def test_what_many_calls_keep_is_added_up(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path, "bad", GROWS, "messages.read")
    limits = LIMITS | {"memory_megabytes": 200, "stall_seconds": 20}
    async with on_trial(folder, settings=limits) as trial:
        for _ in range(4):
            await trial.say("bad, please")
        assert trial.service.info("bad", GUILD).state == "runs"
        await trial.say("bad, please")
        await trial.say("bad, please")
        assert "all calls together keep" in await suspended(trial)


async def test_it_stays_suspended_after_a_restart_until_it_is_reloaded(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path, "bad", SPINS, "messages.read")
    async with on_trial(folder, settings=LIMITS) as trial:
        await trial.say("bad, please")
        why = await suspended(trial)
        await trial.service.close()
        await trial.service.load()
        info = trial.service.info("bad", GUILD)
        assert (info.state, info.why) == ("suspended", why)
        assert trial.service.troubles() == [f"bad is suspended: {why}"]
        assert (await trial.service.reload("bad")).state == "runs"


async def test_the_signal_is_left_as_it_was(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGUSR2)
    folder = write_plugin(tmp_path, "bad", SPINS, "messages.read")
    async with on_trial(folder, settings=LIMITS):
        assert signal.getsignal(signal.SIGUSR2) != before
    assert signal.getsignal(signal.SIGUSR2) == before
