"""What is computed in a process of its own: the same results, and no process left, whatever becomes of it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from bot.domain.errors import UserFacingError
from bot.domain.statistics import Figures
from bot.domain.summaries import Line, Reading
from bot.nlp.digest import extract_topics
from bot.nlp.questions import open_questions
from bot.services.clock import SystemClock
from bot.services.computing import FEW, Computing, InThread, Patience, by_size
from bot.services.statistics.chart import draw_sentiment
from bot.services.summaries.extracts import PickedLines
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.services.heavy import die, die_once, double, fail, hang

DEADLINE = 60.0  # seconds; reached only when something is broken
WORDS = ("printer", "driver", "update", "login", "server", "crash", "map", "mod", "patch", "screen")


@asynccontextmanager
async def computing(
    patience: Patience | None = None,
    clock: SystemClock | FakeClock | None = None,
    module: str = "bot.child.calls",
) -> AsyncIterator[Computing]:
    made = Computing(clock or SystemClock(), patience, module=module)
    before = children()
    try:
        yield made
    finally:
        await made.close()
    assert made.pid is None
    assert children() <= before


def children() -> set[int]:
    """Return the processes of this one."""
    return {each.pid for each in psutil.Process().children(recursive=True)}


def day(count: int) -> list[Line]:
    """Return a day's messages of which something can be told."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        Line(
            message_id=number + 1,
            channel_id=1 + number % 3,
            thread_id=None,
            author_id=1 + number % 7,
            author_name=f"Ada {number % 7} \ud800\N{GRINNING FACE}",
            text=" ".join(WORDS[(number * step + step) % len(WORDS)] for step in (1, 3, 7, 2, 9))
            + ("?" if number % 5 == 0 else f" number {number}."),
            at=start + timedelta(seconds=40 * number, microseconds=number),
            reply_to_id=number if number % 4 == 1 else None,
            intent="help_request" if number % 5 == 0 else "other",
            votes=number % 3,
        )
        for number in range(count)
    ]


async def test_nothing_is_started_before_something_is_asked() -> None:
    async with computing() as it:
        assert it.pid is None


async def test_a_process_of_its_own_computes_and_stays_for_the_next() -> None:
    async with computing() as it:
        found, where = await it.run(double, 21, plus=1)
        assert (found, where) == (43, it.pid)
        assert where != os.getpid()
        assert await it.run(double, 1) == (2, where)


@pytest.mark.parametrize("reading", list(Reading))
async def test_topics_are_those_that_this_process_would_find(reading: Reading) -> None:
    lines = day(FEW + 40)
    async with computing() as it:
        topics = await PickedLines(it).topics(lines, reading)
        assert it.pid is not None
    assert topics == extract_topics(lines, None, reading)
    assert topics


async def test_open_questions_are_those_that_this_process_would_find() -> None:
    lines = [replace(each, channel_id=each.message_id) for each in day(80)]  # so that nobody answers
    async with computing() as it:
        found = await it.run(open_questions, lines)
    assert found == open_questions(lines)
    assert found


async def test_a_picture_is_the_one_that_this_process_would_draw() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    days = [(date(2026, 3, 1) + timedelta(back), Figures(messages=9, mood=back * 90)) for back in range(30)]
    async with computing() as it:
        assert await it.run(draw_sentiment, days) == draw_sentiment(days)


@pytest.mark.parametrize(("messages", "starts"), [(FEW, False), (FEW + 1, True)], ids=["few", "many"])
async def test_only_for_many_messages_a_process_is_started(messages: int, *, starts: bool) -> None:
    async with computing() as it:
        _, where = await by_size(it, messages).run(double, 1)
        assert (where != os.getpid()) is starts


async def test_killed_between_two_requests_it_is_started_again() -> None:
    async with computing() as it:
        _, first = await it.run(double, 1)
        psutil.Process(first).kill()
        found, second = await it.run(double, 2)
        assert found == 4
        assert second not in {first, os.getpid()}


async def test_killed_over_a_request_it_is_asked_once_more(tmp_path: Path) -> None:
    async with computing() as it:
        where = await it.run(die_once, str(tmp_path / "marker"))
        assert where == it.pid


async def test_killed_twice_a_thread_does_the_work_and_the_log_says_so(
    tmp_path: Path, logged: Logged
) -> None:
    marker = tmp_path / "ours"
    marker.write_text(str(os.getpid()))
    async with computing() as it:
        assert await it.run(die, str(marker)) == os.getpid()
        assert it.pid is None
    assert logged.of("WARNING") == ["die is computed in a thread: its process ended"]


async def test_where_no_process_can_be_started_a_thread_does_the_work(
    monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    async with computing() as it:
        assert await it.run(double, 3) == (6, os.getpid())
    assert "can't be started: No such file" in logged.of("WARNING")[0]


async def test_a_process_that_keeps_dying_is_left_alone_for_a_while(logged: Logged) -> None:
    async with computing(Patience(failures=2), module="tests.services.no_such_module") as it:
        assert await it.run(double, 3) == (6, os.getpid())
        assert await it.run(double, 3) == (6, os.getpid())
    assert "ended" in logged.of("WARNING")[0]
    assert "failed 2 times; it is tried again in" in logged.of("WARNING")[1]


async def test_what_takes_too_long_is_ended_and_told() -> None:
    async with computing(Patience(answer=0.5)) as it:
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(UserFacingError, match="takes longer to compute than I may"):
                await it.run(hang)
        assert it.pid is None
        assert (await it.run(double, 2))[0] == 4


async def test_a_process_that_does_not_start_in_time_is_done_without() -> None:
    async with computing(Patience(start=0.0)) as it:
        assert await it.run(double, 3) == (6, os.getpid())
        assert it.pid is None


async def test_an_error_is_raised_as_if_it_were_computed_here() -> None:
    async with computing() as it:
        with pytest.raises(ValueError, match="no such text"):
            await it.run(fail, "no such text")
        pid = it.pid
        assert pid is not None
        assert await it.run(double, 2) == (4, pid)  # it is alive and well


async def test_given_up_it_is_ended_and_the_next_gets_its_own_answer(tmp_path: Path) -> None:
    async with computing(Patience(failures=1)) as it:
        _, pid = await it.run(double, 1)
        waiting = asyncio.create_task(it.run(hang, str(tmp_path / "marker")))
        await there(tmp_path / "marker")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not psutil.pid_exists(pid)
        found, where = await it.run(double, 5)  # it was no failure of the process
        assert (found, where) == (10, it.pid)


async def test_unused_for_a_while_it_is_ended() -> None:
    class Waiting(FakeClock):
        over = asyncio.Event()

        async def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            await self.over.wait()

    clock = Waiting()
    async with computing(Patience(idle=77), clock) as it:
        _, pid = await it.run(double, 1)
        _, again = await it.run(double, 1)
        await asyncio.sleep(0)
        assert again == pid
        assert set(clock.slept) == {77}
        clock.over.set()
        async with asyncio.timeout(DEADLINE):
            while it.pid is not None or psutil.pid_exists(pid):  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # its end sends no event
        assert (await it.run(double, 1))[1] != pid


async def test_several_take_turns_and_each_gets_its_own() -> None:
    async with computing() as it:
        found = await asyncio.gather(*(it.run(double, number) for number in range(6)))
        assert found == [(2 * number, it.pid) for number in range(6)]


async def test_closed_amid_a_request_it_is_gone_and_the_asker_is_told(tmp_path: Path) -> None:
    async with computing() as it:
        waiting = asyncio.create_task(it.run(hang, str(tmp_path / "marker")))
        await there(tmp_path / "marker")
        pid = it.pid
        assert pid is not None
        await it.close()
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(UserFacingError, match="being stopped"):
                await waiting
        assert not psutil.pid_exists(pid)
        with pytest.raises(UserFacingError, match="being stopped"):
            await it.run(double, 1)


@pytest.mark.parametrize("work", ["double, 1", "hang"])
async def test_it_dies_with_the_bot(work: str) -> None:
    code = (
        "import asyncio, os, signal\n"
        "from bot.services.clock import SystemClock\n"
        "from bot.services.computing import Computing\n"
        "from tests.services.heavy import double, hang\n"
        "async def main():\n"
        "    it = Computing(SystemClock())\n"
        "    await it.run(double, 1)\n"
        "    print(it.pid, flush=True)\n"
        f"    waiting = asyncio.create_task(it.run({work}))\n"
        "    await asyncio.sleep(0.05)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout, done.stderr
    async with asyncio.timeout(DEADLINE):
        pid = int(done.stdout)
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # its end sends no event


async def test_a_thread_computes_the_same() -> None:
    assert await InThread().run(double, 2, plus=1) == (5, os.getpid())


async def there(path: Path) -> None:
    """Return when there is such a file."""
    async with asyncio.timeout(DEADLINE):
        while not path.exists():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.01)  # its making sends no event
