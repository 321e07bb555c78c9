import asyncio

from bot.bus.memory import MemoryBus
from bot.domain.signal import Signal, Stage
from tests.services.support import signal


def ids(signals: list[Signal]) -> list[str]:
    return [each.id for each in signals]


def numbered(*numbers: int) -> list[Signal]:
    return [signal(number) for number in numbers]


async def test_signals_come_out_in_the_order_they_went_in() -> None:
    bus = MemoryBus()
    bus.publish(Stage.PLAN, numbered(1, 2))
    bus.publish(Stage.PLAN, numbered(3))
    assert ids(await bus.take(Stage.PLAN, 2, 1)) == ids(numbered(1, 2))
    assert ids(await bus.take(Stage.PLAN, 2, 1)) == ids(numbered(3))


async def test_stages_are_kept_apart() -> None:
    bus = MemoryBus()
    bus.publish(Stage.PLAN, numbered(1))
    assert bus.depth(Stage.OBSERVE) == 0
    assert await bus.take(Stage.OBSERVE, 9, 0) == []
    assert bus.depth(Stage.PLAN) == 1


async def test_what_does_not_fit_is_dropped_and_the_earlier_ones_stay() -> None:
    bus = MemoryBus(capacity=3)
    bus.publish(Stage.PLAN, numbered(1, 2))
    bus.publish(Stage.PLAN, numbered(3, 4, 5))
    bus.publish(Stage.PLAN, numbered(6))
    assert bus.depth(Stage.PLAN) == 3
    assert ids(await bus.take(Stage.PLAN, 9, 1)) == ids(numbered(1, 2, 3))
    bus.publish(Stage.PLAN, numbered(7))
    assert ids(await bus.take(Stage.PLAN, 9, 1)) == ids(numbered(7))


async def test_taking_from_an_empty_bus_ends_after_the_timeout() -> None:
    async with asyncio.timeout(5):
        assert await MemoryBus().take(Stage.PLAN, 9, 0.01) == []


async def test_whoever_waits_is_woken_by_what_comes() -> None:
    bus = MemoryBus()
    taking = asyncio.create_task(bus.take(Stage.PLAN, 9, 30))
    await asyncio.sleep(0)
    bus.publish(Stage.PLAN, [])
    await asyncio.sleep(0)
    assert not taking.done()
    bus.publish(Stage.PLAN, numbered(1))
    async with asyncio.timeout(5):
        assert ids(await taking) == ids(numbered(1))


async def test_an_emptied_bus_makes_the_next_one_wait_again() -> None:
    bus = MemoryBus()
    bus.publish(Stage.PLAN, numbered(1))
    await bus.take(Stage.PLAN, 9, 1)
    assert await bus.take(Stage.PLAN, 9, 0.01) == []


async def test_two_takers_never_get_the_same_signal() -> None:
    bus = MemoryBus()
    takers = [asyncio.create_task(bus.take(Stage.PLAN, 2, 5)) for _ in range(2)]
    await asyncio.sleep(0)
    bus.publish(Stage.PLAN, numbered(1, 2, 3, 4))
    async with asyncio.timeout(5):
        taken = [each for taker in takers for each in ids(await taker)]
    assert sorted(taken) == sorted(ids(numbered(1, 2, 3, 4)))
