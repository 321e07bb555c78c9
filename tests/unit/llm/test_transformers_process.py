import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from bot.child.frames import FAILED
from bot.llm.errors import ProviderUnavailable, TooSlow
from bot.llm.transformers_folders import Folder
from bot.llm.transformers_process import ModelProcess, Patience
from bot.llm.transformers_worker import DONE, TEXT

MODULE = "tests.unit.llm.stand_in_local"
LONG = 60.0  # seconds; reached only when something is broken


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def model(
    name: str = "echo",
    path: Path = Path("models"),
    patience: Patience | None = None,
    time: Time | None = None,
) -> ModelProcess:
    return ModelProcess(Folder(name, path), 1, patience or Patience(), time or Time(), MODULE)


@pytest.fixture
async def echo() -> AsyncIterator[ModelProcess]:
    process = model()
    yield process
    await process.close()


async def ask(process: ModelProcess, text: str, seconds: float = LONG) -> list[tuple[bytes, bytes]]:
    until = asyncio.get_running_loop().time() + seconds
    async with aclosing(process.frames({"text": text}, until)) as frames:
        return [frame async for frame in frames]


async def words(process: ModelProcess, text: str, seconds: float = LONG) -> str:
    frames = await ask(process, text, seconds)
    assert frames[-1][0] == DONE
    assert {kind for kind, _ in frames[:-1]} <= {TEXT}
    return " ".join(body.decode() for _, body in frames[:-1])


def pid_of(process: ModelProcess) -> int:
    assert process.pid is not None
    return process.pid


async def test_it_starts_with_the_first_call_and_stays(echo: ModelProcess) -> None:
    assert echo.pid is None
    assert not echo.is_loaded
    assert await words(echo, "one print ü🙂 three") == "one print ü🙂 three"
    pid = pid_of(echo)
    assert echo.is_loaded
    assert await words(echo, "again") == "again"
    assert echo.pid == pid


async def test_calls_at_once_are_answered_one_after_the_other(echo: ModelProcess) -> None:
    texts = [f"a{number} b{number}" for number in range(20)]
    assert await asyncio.gather(*(words(echo, text) for text in texts)) == texts


@pytest.mark.parametrize("leave", ["aclose", "cancel"])
async def test_an_answer_left_early_is_ended_and_the_next_one_is_its_own(
    echo: ModelProcess, leave: str
) -> None:
    first = asyncio.Event()

    async def read() -> None:
        until = asyncio.get_running_loop().time() + LONG
        async with aclosing(echo.frames({"text": "one wait late"}, until)) as frames:
            async for _ in frames:
                first.set()
                if leave == "aclose":
                    return

    reading = asyncio.create_task(read())
    await first.wait()
    if leave == "cancel":
        reading.cancel()
    await asyncio.wait({reading})
    pid = pid_of(echo)
    assert await words(echo, "next") == "next"
    assert echo.pid == pid


async def test_an_answer_that_cannot_be_interrupted_costs_the_process() -> None:
    process = model(patience=Patience(settle=0.05))
    await words(process, "one")
    pid = pid_of(process)
    with pytest.raises(TooSlow, match="did not answer within the deadline"):
        await ask(process, "one hang", 0.1)
    assert process.trouble
    assert await words(process, "next") == "next"
    assert process.trouble == ""
    assert pid_of(process) != pid
    assert not psutil.pid_exists(pid)
    await process.close()


async def test_a_deadline_leaves_a_process_that_can_be_interrupted(echo: ModelProcess) -> None:
    await words(echo, "one")
    pid = pid_of(echo)
    with pytest.raises(TooSlow):
        await ask(echo, "wait", 0.1)
    assert await words(echo, "next") == "next"
    assert echo.pid == pid


async def test_loading_goes_on_after_the_deadline_of_who_asked_first(tmp_path: Path) -> None:
    process = model("slow", tmp_path)
    with pytest.raises(TooSlow, match="did not load within the deadline"):
        await ask(process, "one", 0.1)
    pid = pid_of(process)
    assert not process.is_loaded
    (tmp_path / "go").touch()
    assert await words(process, "two") == "two"
    assert process.pid == pid
    await process.close()


async def test_who_waits_behind_a_long_answer_is_told_at_its_deadline(echo: ModelProcess) -> None:
    until = asyncio.get_running_loop().time() + LONG
    async with aclosing(echo.frames({"text": "one wait"}, until)) as frames:
        await anext(frames)
        with pytest.raises(TooSlow, match="busy with other answers"):
            await ask(echo, "two", 0.05)
    assert await words(echo, "three") == "three"


async def test_killed_between_calls_it_is_started_again(echo: ModelProcess) -> None:
    await words(echo, "one")
    pid = pid_of(echo)
    os.kill(pid, signal.SIGKILL)
    assert await words(echo, "two") == "two"
    assert pid_of(echo) != pid


async def test_dying_before_it_says_anything_it_is_asked_again(echo: ModelProcess, tmp_path: Path) -> None:
    text = f"die-once {tmp_path / 'marker'}"
    assert await words(echo, text) == text


async def test_dying_amid_an_answer_is_told_and_the_next_call_works(
    echo: ModelProcess, tmp_path: Path
) -> None:
    with pytest.raises(ProviderUnavailable, match="the process of echo ended: is there enough memory"):
        await ask(echo, f"one die {tmp_path / 'marker'}")
    assert echo.pid is None
    assert await words(echo, "two") == "two"


async def test_a_process_that_keeps_dying_is_given_up_for_a_while(tmp_path: Path) -> None:
    time = Time()
    process = model(time=time, patience=Patience(failures=2, period=600))
    with pytest.raises(ProviderUnavailable, match="ended"):
        await ask(process, f"die {tmp_path / 'marker'}")
    time.now = 599
    with pytest.raises(ProviderUnavailable, match="failed 2 times; it is tried again in 1 s"):
        await ask(process, "fine")
    time.now = 601
    assert await words(process, "fine") == "fine"
    await process.close()


async def test_a_model_that_cannot_be_loaded_is_told() -> None:
    process = model("missing")
    with pytest.raises(ProviderUnavailable, match=r"torch is not installed: python run\.py setup"):
        await ask(process, "one")
    assert process.pid is None
    assert "run.py setup" in process.trouble


async def test_a_model_that_never_loads_is_given_up(tmp_path: Path) -> None:
    process = model("slow", tmp_path, Patience(load=0.1))
    with pytest.raises(ProviderUnavailable, match="was not loaded in 0 s"):
        await ask(process, "one")
    assert process.pid is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("overflow", {"why": "overflow", "text": "too many words"}),
        ("memory", {"why": "fault", "text": "RuntimeError: can't allocate memory"}),
        ("secret", {"why": "fault", "text": "ValueError"}),
    ],
)
async def test_what_goes_wrong_in_the_model_is_told_without_a_members_words(
    echo: ModelProcess, text: str, told: dict[str, str]
) -> None:
    ((kind, body),) = await ask(echo, text)
    assert (kind, json.loads(body)) == (FAILED, told)
    assert await words(echo, "next") == "next"


async def test_ctrl_c_leaves_it_alone(echo: ModelProcess) -> None:
    await words(echo, "one")
    pid = pid_of(echo)
    os.kill(pid, signal.SIGINT)
    assert await words(echo, "two") == "two"
    assert echo.pid == pid
    assert os.getpgid(pid) != os.getpgid(0)


@pytest.mark.parametrize("name", ["echo", "slow"])
async def test_close_during_use_ends_the_process_and_the_wait(name: str, tmp_path: Path) -> None:
    process = model(name, tmp_path)
    children = set(psutil.Process().children())
    waiting = asyncio.create_task(ask(process, "hang"))
    async with asyncio.timeout(LONG):
        while process.pid is None:  # noqa: ASYNC110 - its start sends no event
            await asyncio.sleep(0)
    await process.close()
    with pytest.raises(ProviderUnavailable):
        await waiting
    assert set(psutil.Process().children()) <= children
    with pytest.raises(ProviderUnavailable, match=f"{name} is closed"):
        await ask(process, "one")
