import asyncio

import pytest

from bot.child.process import Child, ChildDied, Command
from bot.llm.transformers_process import Patience

LONG = 60.0  # seconds; reached only when something is broken


async def test_an_answer_that_was_given_up_halfway_is_still_received_whole() -> None:
    child = Child(Command("the child", "tests.unit.half_child", [], "nothing"), Patience())
    await child.start(LONG)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await child.receive()
    await child.send(b"go on")
    async with asyncio.timeout(LONG):
        assert await child.receive() == (b"T", b"one two!")
    await child.stop()
    assert child.pid is None
    with pytest.raises(ChildDied):
        await child.receive()
    with pytest.raises(ChildDied):
        await child.send(b"anybody?")
