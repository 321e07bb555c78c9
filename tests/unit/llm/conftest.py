import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.unit.llm.chain_support import Bench, StillClock


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """The surroundings of chains; at the end all are closed and no task may be left."""
    bench = Bench()
    yield bench
    for chain in bench.chains:
        await chain.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "a task is left behind"
