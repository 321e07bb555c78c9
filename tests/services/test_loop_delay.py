import asyncio
from collections.abc import Iterator, Sequence

import pytest

from bot.services.loop_delay import INTERVAL, LONGEST, LoopDelay
from bot.services.metrics import LOOP_DELAY, Metrics
from tests.fakes import FakeClock


class HeldUpClock(FakeClock):
    """Each sleep takes longer than asked for, by the next number of seconds; the last one never ends."""

    def __init__(self, held_up: Sequence[float]) -> None:
        super().__init__()
        self._held_up: Iterator[float] = iter(held_up)
        self.is_over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        more = next(self._held_up, None)
        if more is None:
            self.is_over.set()
            await asyncio.Event().wait()
        await super().sleep(seconds + (more or 0.0))


async def told(*held_up: float) -> list[float]:
    clock, found = HeldUpClock(held_up), list[float]()
    running = asyncio.create_task(LoopDelay(clock, found.extend).run())
    await clock.is_over.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return [round(each, 6) for each in found]


async def test_a_loop_in_time_is_not_late() -> None:
    assert await told(0, 0, 0) == [0, 0, 0]


async def test_each_look_says_how_late_it_was_and_the_next_one_is_at_its_own_moment() -> None:
    assert await told(0.003, 0.001, 0) == [0.003, 0.001, 0]


async def test_a_loop_that_is_held_up_is_late_for_every_look_it_missed() -> None:
    assert await told(0.07, 0) == [0.07, 0.05, 0.03, 0.01, 0]


async def test_a_machine_that_slept_for_hours_is_not_counted_for_hours() -> None:
    found = await told(7_200, 0)
    assert len(found) == LONGEST / INTERVAL + 2
    assert found[0] == 7_200
    assert found[-1] == pytest.approx(0, abs=1e-6)


async def test_the_metrics_hold_the_delays() -> None:
    metrics = Metrics()
    metrics.loop_delayed([0.001] * 98 + [0.2] * 2)
    assert metrics.quantile(LOOP_DELAY, 0.5) == 0.001
    assert metrics.quantile(LOOP_DELAY, 0.99) == 0.2
    assert b'event_loop_delay_seconds_bucket{le="0.05"} 98.0' in metrics.render()
