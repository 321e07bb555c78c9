import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.services.tasks import FIRST_PAUSE, LONGEST_PAUSE, OrderedTasks, TaskSet, Worker
from tests.conftest import Logged
from tests.fakes import FakeClock


async def finished(worker: Worker) -> None:
    """Wait until the worker's work has returned."""
    [task] = [task for task in asyncio.all_tasks() if task.get_name() == worker.name]
    async with asyncio.timeout(5):
        await task


def failing(times: int, before_each: Callable[[], None] = lambda: None) -> Callable[[], Awaitable[None]]:
    left = times

    async def work() -> None:
        nonlocal left
        before_each()
        if left:
            left -= 1
            raise RuntimeError(f"{left} more")

    return work


class TestWorker:
    async def test_work_that_fails_is_started_again_after_growing_pauses(self, logged: Logged) -> None:
        clock = FakeClock()
        worker = Worker("digging", failing(9), clock)
        worker.start()
        await finished(worker)
        assert clock.slept == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
        assert len(logged.of("ERROR", "digging failed")) == 6
        assert len(logged.of("CRITICAL", "digging failed")) == 3  # it does its work no more

    async def test_a_failure_after_long_good_work_pauses_as_briefly_as_the_first(
        self, logged: Logged
    ) -> None:
        clock = FakeClock()
        worker = Worker("digging", failing(3, lambda: clock.advance(LONGEST_PAUSE + 1)), clock)
        worker.start()
        await finished(worker)
        assert clock.slept == [FIRST_PAUSE] * 3
        assert logged.of("ERROR")

    async def test_stopping_cancels_the_work_and_waits_for_its_end(self) -> None:
        began, tidied = asyncio.Event(), False

        async def work() -> None:
            nonlocal tidied
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                tidied = True

        worker = Worker("digging", work, FakeClock())
        worker.start()
        async with asyncio.timeout(5):
            await began.wait()
            await worker.stop()
        assert tidied
        await worker.stop()  # again, harmless

    async def test_stopping_one_that_never_ran_is_harmless(self) -> None:
        await Worker("digging", failing(0), FakeClock()).stop()

    async def test_starting_twice_runs_it_once(self) -> None:
        starts = 0

        async def work() -> None:
            nonlocal starts
            starts += 1
            await asyncio.Event().wait()

        worker = Worker("digging", work, FakeClock())
        worker.start()
        worker.start()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert starts == 1
        await worker.stop()

    async def test_it_can_be_started_again(self) -> None:
        runs = 0

        async def work() -> None:
            nonlocal runs
            runs += 1

        worker = Worker("digging", work, FakeClock())
        for _ in range(2):
            worker.start()
            await finished(worker)
        assert runs == 2


class TestTaskSet:
    async def test_a_failure_is_logged_with_the_tasks_name(self, logged: Logged) -> None:
        async def fail() -> None:
            raise RuntimeError("no light")

        tasks = TaskSet()
        tasks.spawn(fail(), "look around")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert logged.of("ERROR", "look around failed")

    async def test_cancel_ends_what_runs_and_logs_nothing(self, logged: Logged) -> None:
        ended: list[str] = []

        async def wait(name: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        tasks = TaskSet()
        tasks.spawn(wait("a"), "a")
        tasks.spawn(wait("b"), "b")
        await asyncio.sleep(0)
        await tasks.cancel()
        assert sorted(ended) == ["a", "b"]
        assert logged.of("ERROR") == []

    @pytest.mark.filterwarnings("error")
    async def test_tasks_are_kept_until_they_end(self) -> None:
        import gc

        done = asyncio.Event()

        async def work() -> None:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.01, future.set_result, None)
            await future
            done.set()

        tasks = TaskSet()
        tasks.spawn(work(), "work")
        gc.collect()
        async with asyncio.timeout(5):
            await done.wait()


class TestOrderedTasks:
    async def run(self, tasks: OrderedTasks) -> None:
        async with asyncio.timeout(5):
            while len(tasks):
                await tasks.wait_for_one()

    async def test_keeps_the_order_of_a_key_only(self) -> None:
        tasks, gate, seen = OrderedTasks(2), asyncio.Event(), list[str]()

        async def slow() -> None:
            await gate.wait()
            seen.append("slow")

        async def quick(name: str) -> None:
            seen.append(name)

        tasks.spawn_after("a", slow, "slow")
        tasks.spawn_after("a", lambda: quick("after slow"), "after slow")
        tasks.spawn_after("b", lambda: quick("elsewhere"), "elsewhere")
        async with asyncio.timeout(5):
            await tasks.wait_for_one()
        assert seen == ["elsewhere"]
        gate.set()
        await self.run(tasks)
        assert seen == ["elsewhere", "slow", "after slow"]

    async def test_a_failure_does_not_hold_up_the_next_one_of_its_key(self, logged: Logged) -> None:
        tasks, seen = OrderedTasks(1), list[str]()

        async def fail() -> None:
            raise RuntimeError

        async def work() -> None:
            seen.append("done")

        tasks.spawn_after("a", fail, "first")
        tasks.spawn_after("a", work, "second")
        await self.run(tasks)
        assert seen == ["done"]
        assert logged.of("ERROR", "first failed")

    async def test_runs_no_more_than_allowed_at_the_same_time(self) -> None:
        tasks, running, most = OrderedTasks(2), 0, 0

        async def work() -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

        for number in range(6):
            tasks.spawn_after(number, work, str(number))
        await self.run(tasks)
        assert most == 2

    async def test_cancel_ends_those_that_wait_for_their_turn_too(self) -> None:
        tasks = OrderedTasks(1)
        for _ in range(3):
            tasks.spawn_after("a", asyncio.Event().wait, "waiting")
        await asyncio.sleep(0)
        await tasks.cancel()
        assert len(tasks) == 0
        assert tasks._last == {}
