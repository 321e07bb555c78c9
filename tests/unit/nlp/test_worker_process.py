import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest

from bot.nlp.batching import BatchingEncoder, Limits
from bot.nlp.encoder import EncoderUnavailable
from bot.nlp.hashed import HashedEncoder
from bot.nlp.minilm_weights import Weights
from bot.nlp.worker_process import Patience, WorkerProcess
from tests.unit.nlp.stand_in_worker import DIM, WIDTH

MODULE = "tests.unit.nlp.stand_in_worker"
DEADLINE = 60.0  # seconds; reached only when something is broken


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def worker(
    place: str = "model", patience: Patience | None = None, time: Time | None = None, dim: int = DIM
) -> WorkerProcess:
    weights = Weights(Path(place), "stand-in", dim, download=False)
    return WorkerProcess(weights, patience=patience, monotonic=time or Time(), module=MODULE)


@pytest.fixture
async def running() -> AsyncIterator[WorkerProcess]:
    process = worker()
    yield process
    await process.stop()


def pid_of(process: WorkerProcess) -> int:
    assert process.pid is not None
    return process.pid


async def gone(pid: int) -> None:
    """Return when no process has this id any more."""
    async with asyncio.timeout(DEADLINE):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # its end sends no event


async def test_it_starts_with_the_first_batch_and_answers(running: WorkerProcess) -> None:
    assert running.pid is None
    texts = ["one", "print", "three \ud800"]
    assert np.array_equal(await running.encode_batch(texts), HashedEncoder(WIDTH).encode_now(texts))
    pid = running.pid
    await running.encode_batch(["again"])
    assert running.pid == pid


async def test_after_stop_the_process_is_gone_and_the_next_batch_starts_another(
    running: WorkerProcess,
) -> None:
    await running.encode_batch(["one"])
    pid = pid_of(running)
    await running.stop()
    assert running.pid is None
    assert not psutil.pid_exists(pid)
    await running.encode_batch(["two"])
    assert pid_of(running) != pid


async def test_killed_between_batches_it_is_started_again(running: WorkerProcess) -> None:
    await running.encode_batch(["one"])
    pid = pid_of(running)
    os.kill(pid, signal.SIGKILL)
    assert (await running.encode_batch(["two"])).shape == (1, WIDTH)
    assert pid_of(running) != pid


async def test_killed_over_a_batch_it_is_started_again_for_it(running: WorkerProcess, tmp_path: Path) -> None:
    vectors = await running.encode_batch([f"die once {tmp_path / 'marker'}", "two"])
    assert np.array_equal(vectors[1:], HashedEncoder(WIDTH).encode_now(["two"]))


async def test_a_process_that_keeps_dying_is_given_up_for_a_while() -> None:
    time = Time()
    process = worker(time=time, patience=Patience(failures=2, period=600))
    with pytest.raises(EncoderUnavailable, match="ended: is there enough memory"):
        await process.encode_batch(["die"])
    assert process.pid is None
    time.now = 599
    with pytest.raises(EncoderUnavailable, match="failed 2 times; it is tried again in 1 s"):
        await process.encode_batch(["fine"])
    time.now = 601
    assert (await process.encode_batch(["fine"])).shape == (1, WIDTH)
    await process.stop()


async def test_what_a_batch_raises_is_told_and_the_process_stays(running: WorkerProcess) -> None:
    await running.encode_batch(["one"])
    pid = running.pid
    with pytest.raises(EncoderUnavailable, match="ValueError: no such text"):
        await running.encode_batch(["raise"])
    assert (await running.encode_batch(["one"])).shape == (1, WIDTH)
    assert running.pid == pid


@pytest.mark.parametrize(
    ("place", "text", "patience", "words"),
    [
        ("missing", "x", Patience(), "torch is not installed: python run.py setup"),
        ("stuck", "x", Patience(load=0.3), "did not answer in time"),
        ("model", "hang", Patience(answer=0.3), "did not answer in time"),
        ("model", "narrow", Patience(), "answered nonsense"),
    ],
    ids=["can't load", "hangs loading", "hangs encoding", "nonsense"],
)
async def test_failures_are_told_and_leave_no_process(
    place: str, text: str, patience: Patience, words: str
) -> None:
    process = worker(place, patience)
    children = set(psutil.Process().children())
    with pytest.raises(EncoderUnavailable, match=words):
        await process.encode_batch([text])
    assert process.pid is None
    assert set(psutil.Process().children()) <= children


async def test_another_model_than_was_found_is_not_used() -> None:
    with pytest.raises(EncoderUnavailable, match="holds another model"):
        await worker(dim=DIM + 1).encode_batch(["x"])


async def test_a_process_whose_rows_have_another_width_is_not_used() -> None:
    process = worker("vectors only")
    assert (process.dim, process.width) == (DIM, WIDTH)
    with pytest.raises(EncoderUnavailable, match="holds another model"):
        await process.encode_batch(["x"])
    assert process.pid is None


async def test_a_process_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(EncoderUnavailable, match="can't be started: No such file"):
        await worker().encode_batch(["x"])


async def test_ctrl_c_leaves_it_alone(running: WorkerProcess) -> None:
    await running.encode_batch(["one"])
    pid = pid_of(running)
    os.kill(pid, signal.SIGINT)
    await running.encode_batch(["two"])
    assert running.pid == pid
    assert os.getpgid(pid) != os.getpgid(0)  # a terminal's Ctrl-C doesn't even reach it


async def test_close_during_use_ends_the_process_and_the_wait() -> None:
    process = worker()
    encoder = BatchingEncoder(process, "stand-in", Limits(gather=0))
    await encoder.encode(["one"])
    pid = pid_of(process)
    waiting = asyncio.create_task(encoder.encode(["hang"]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await encoder.close()
    with pytest.raises(EncoderUnavailable, match="closed"):
        await waiting
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("last_text", ["fine", "hang"])
async def test_it_dies_with_its_parent(last_text: str) -> None:
    code = (
        "import asyncio, os, signal\n"
        "from tests.unit.nlp.test_worker_process import worker\n"
        "async def main():\n"
        "    process = worker()\n"
        "    await process.encode_batch(['one'])\n"
        "    print(process.pid, flush=True)\n"
        f"    waiting = asyncio.create_task(process.encode_batch([{last_text!r}]))\n"
        "    await asyncio.sleep(0.05)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    await gone(int(done.stdout))
