"""Waiting for an event, but not for ever."""

import asyncio

from bot.services.clock import SystemClock, wait_until


class Held(SystemClock):
    """A clock whose sleepers are woken by hand."""

    def __init__(self) -> None:
        self.awake = asyncio.Event()
        self.sleeping = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Sleep until woken."""
        self.sleeping.set()
        await self.awake.wait()


async def test_the_event_ends_it_and_nothing_is_left_sleeping() -> None:
    clock, event, before = Held(), asyncio.Event(), asyncio.all_tasks()
    waiting = asyncio.create_task(wait_until(event, clock, 30))
    await clock.sleeping.wait()
    event.set()
    await asyncio.wait_for(waiting, 5)
    assert asyncio.all_tasks() == before


async def test_the_time_ends_it() -> None:
    clock, event = Held(), asyncio.Event()
    waiting = asyncio.create_task(wait_until(event, clock, 30))
    await clock.sleeping.wait()
    assert not waiting.done()
    clock.awake.set()
    await asyncio.wait_for(waiting, 5)


async def test_cancelled_it_leaves_nothing_sleeping() -> None:
    clock, event, before = Held(), asyncio.Event(), asyncio.all_tasks()
    waiting = asyncio.create_task(wait_until(event, clock, 30))
    await clock.sleeping.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert asyncio.all_tasks() == before
