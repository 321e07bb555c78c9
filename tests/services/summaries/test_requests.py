"""What members ask for: one at a time in a server, shared by who asks for the same, a bounded queue."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from bot.domain.errors import UserFacingError
from bot.domain.summaries import Coverage, Digest, Reading
from bot.services.clock import SystemClock
from bot.services.summaries.collecting import Collected, Collecting, Wanted
from bot.services.summaries.making import Manner, SummaryMaker
from bot.services.summaries.requests import SECONDS, WAITING, SummaryRequests
from bot.services.summaries.storing import Stored, SummaryStore
from tests.fakes import FakeClock
from tests.services.summaries.support import GENERAL, GUILD, HELP, TODAY, Workshop, said, store

WANTED = Wanted(GUILD, GENERAL, TODAY)
HERE = WANTED._replace(places=frozenset({GENERAL})), WANTED._replace(places=frozenset({HELP}))


class HeldMaker:
    """Makes a summary of what is stored when it is let go, and remembers what it was asked for."""

    def __init__(self, collecting: Collecting) -> None:
        self.begun: list[Wanted] = []
        self.manners: list[Manner] = []
        self.fault: Exception | None = None
        self.at_once = 0  # the most that were being made
        self._now = 0
        self._collecting = collecting
        self._gate = asyncio.Semaphore(0)
        self._changed = asyncio.Event()

    def let_go(self, count: int = 1) -> None:
        for _ in range(count):
            self._gate.release()

    async def until_begun(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.begun) < count:
                self._changed.clear()
                await self._changed.wait()

    async def make(self, wanted: Wanted, manner: Manner) -> tuple[Digest, Collected]:
        self._now += 1
        self.at_once = max(self.at_once, self._now)
        self.begun.append(wanted)
        self.manners.append(manner)
        self._changed.set()
        try:
            await self._gate.acquire()
        finally:
            self._now -= 1
        if self.fault is not None:
            raise self.fault
        collected = await self._collecting.collect(wanted)
        return Digest((), Coverage(len(collected.lines), collected.total, 1)), collected


class Desk:
    """The requests, the maker behind them, and who asks."""

    def __init__(self, shop: Workshop) -> None:
        self.maker, self.clock = HeldMaker(shop.collecting), FakeClock()
        kept = SummaryStore(shop.database, SystemClock(), shop.collecting)
        self.requests = SummaryRequests(cast("SummaryMaker", self.maker), kept, self.clock)
        self.heard: list[tuple[str, int, int]] = []

    def ask(self, name: str, wanted: Wanted, reading: Reading = Reading.SHORT) -> asyncio.Task[Stored | None]:
        asked = self.requests.ask(wanted, reading, None, lambda read, of: self.heard.append((name, read, of)))
        return asyncio.create_task(asked)


@pytest.fixture
async def desk(shop: Workshop) -> AsyncIterator[Desk]:
    await store(shop.database, said(1, "The office is closed on Friday."), said(2, "Which door?", HELP))
    made = Desk(shop)
    yield made
    await made.requests.close()


async def test_who_asks_for_the_same_shares_it_and_all_hear_how_far_it_is(desk: Desk) -> None:
    first, second = desk.ask("ann", WANTED), desk.ask("bob", WANTED)
    await desk.maker.until_begun(1)
    await asyncio.sleep(0)
    desk.maker.manners[0].progress(1, 2)
    desk.maker.let_go(2)
    mine, theirs = await first, await second
    assert desk.maker.begun == [WANTED]
    assert mine is not None
    assert mine is theirs
    assert (mine.summary.guild_id, mine.summary.messages_read) == (GUILD, 2)
    assert sorted(desk.heard) == [("ann", 1, 2), ("bob", 1, 2)]
    desk.maker.let_go()
    again = await desk.ask("ann", WANTED)  # what is over is made anew
    assert again is not None
    assert again.summary.id != mine.summary.id


async def test_who_gives_up_does_not_end_it_for_the_others(desk: Desk) -> None:
    first, second = desk.ask("ann", WANTED), desk.ask("bob", WANTED)
    await desk.maker.until_begun(1)
    first.cancel()
    await asyncio.wait({first})
    desk.maker.manners[0].progress(1, 2)
    desk.maker.let_go()
    assert await second is not None
    assert desk.heard == [("bob", 1, 2)]


async def test_a_server_has_one_at_a_time_and_others_do_not_wait_for_it(desk: Desk) -> None:
    elsewhere = WANTED._replace(guild_id=GUILD + 1)
    short, detailed = desk.ask("ann", WANTED), desk.ask("bob", WANTED, Reading.DETAILED)
    await desk.maker.until_begun(1)
    assert desk.requests.must_wait(GUILD)
    assert not desk.requests.must_wait(elsewhere.guild_id)
    other = desk.ask("eve", elsewhere)
    await desk.maker.until_begun(2)
    assert [each.guild_id for each in desk.maker.begun] == [GUILD, GUILD + 1]
    desk.maker.let_go(3)
    assert await other is None  # nothing was said there
    assert None not in (await short, await detailed)
    assert [each.reading for each in desk.maker.manners].count(Reading.DETAILED) == 1
    assert desk.maker.at_once == 2
    assert not desk.requests.must_wait(GUILD)


async def test_more_than_a_few_are_told_to_come_later_unless_it_is_being_made_already(desk: Desk) -> None:
    many = [WANTED._replace(places=frozenset({GENERAL, number})) for number in range(WAITING + 1)]
    asked = [desk.ask("ann", each) for each in many]
    await desk.maker.until_begun(1)
    with pytest.raises(UserFacingError, match="Try again in a few minutes"):
        await asyncio.wait_for(desk.ask("bob", WANTED), 5)
    asked.append(desk.ask("bob", many[-1]))
    desk.maker.let_go(len(many))
    assert None not in await asyncio.gather(*asked)
    assert len(desk.maker.begun) == len(many)
    desk.maker.let_go()
    assert await desk.ask("bob", WANTED) is not None


async def test_a_failure_reaches_all_who_wait_and_leaves_the_way_free(desk: Desk) -> None:
    here, there = HERE
    desk.maker.fault = UserFacingError("The machine is full.")
    asked = [desk.ask("ann", here), desk.ask("bob", here)]
    next_one = desk.ask("eve", there)
    await desk.maker.until_begun(1)
    desk.maker.let_go()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [str(each) for each in told] == ["The machine is full."] * 2
    desk.maker.fault = None
    desk.maker.let_go()
    assert await next_one is not None
    assert not desk.requests.must_wait(GUILD)


async def test_who_waits_for_a_turn_gets_it_in_the_same_time(desk: Desk) -> None:
    here, there = HERE
    first, second = desk.ask("ann", here), desk.ask("bob", there)
    await desk.maker.until_begun(1)
    await asyncio.sleep(0)
    desk.clock.advance(SECONDS - 60)
    desk.maker.let_go()
    await first
    await desk.maker.until_begun(2)
    assert [each.seconds for each in desk.maker.manners] == [SECONDS, 60]
    desk.maker.let_go()
    assert await second is not None
