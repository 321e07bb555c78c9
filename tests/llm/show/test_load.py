"""A hundred requests at once: the loop goes on, each is answered, none waits for another's answer."""

import asyncio

import pytest

from bot.llm.types import Task
from tests.llm.show.casts import NETWORK
from tests.llm.show.conftest import NewCast, NewStage
from tests.llm.show.stage import DEADLINE, GUILD, REPLY
from tests.llm.show.stage import asked as question
from tests.unit.llm.chain_support import StillClock

REQUESTS = 100
PINGS = 50


@pytest.mark.parametrize("name", NETWORK)
async def test_a_hundred_requests_under_way_hold_up_neither_the_loop_nor_each_other(
    name: str, new_cast: NewCast, new_stage: NewStage
) -> None:
    cast = await new_cast(name)
    assert cast.provider is not None
    # A clock that stands still: no deadline can help, and whoever blocked would wait for ever.
    stage = new_stage(
        {name: cast.provider},
        clock=StillClock(),
        chains=cast.links,
        concurrency={name: REQUESTS},
        queue_size=REQUESTS,
        ceilings={"tokens_per_day_guild": None, "usd_per_day_guild": None},
    )
    thought = asyncio.Event()
    cast.hold(thought, REPLY)
    asking = [
        asyncio.create_task(stage.writer.reply(question(f"question {n}?"), GUILD, DEADLINE))
        for n in range(REQUESTS)
    ]
    await cast.loopback.wait_for(lambda _: len(cast.bodies()) == REQUESTS, DEADLINE)
    await _ping_over_the_loop()
    assert not any(task.done() for task in asking)
    [status] = stage.llm.status()
    assert (status.running, status.waiting) == (REQUESTS, 0)
    thought.set()
    answers = await asyncio.gather(*asking)
    assert {(each.text, each.answer.provider) for each in answers} == {(REPLY, name)}
    calls = await stage.calls()
    assert [(each.task, each.outcome) for each in calls] == [(Task.REPLY, "answered")] * REQUESTS


@pytest.mark.parametrize("name", NETWORK)
async def test_more_than_a_provider_takes_at_once_wait_their_turn_in_its_queue(
    name: str, new_cast: NewCast, new_stage: NewStage
) -> None:
    cast = await new_cast(name)
    assert cast.provider is not None
    stage = new_stage({name: cast.provider}, clock=StillClock(), chains=cast.links, concurrency={name: 4})
    thought = asyncio.Event()
    cast.hold(thought, REPLY)
    asking = [asyncio.create_task(stage.writer.reply(question(), GUILD, DEADLINE)) for _ in range(20)]
    await cast.loopback.wait_for(lambda _: len(cast.bodies()) == 4, DEADLINE)
    await _ping_over_the_loop()
    assert len(cast.bodies()) == 4
    thought.set()
    assert {each.answer.provider for each in await asyncio.gather(*asking)} == {name}


async def _ping_over_the_loop() -> None:
    """Exchange some bytes with a server on this loop, as heartbeats and messages are."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for number in range(PINGS):
        writer.write(b"%d\n" % number)
        assert await reader.readline() == b"%d\n" % number
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
