"""The end of maintenance beside a decision under way, on each kind of database."""

import asyncio
from typing import Any

from bot.db.database import Database
from bot.domain.maintenance import Mode
from bot.domain.signal import Stage
from bot.services.maintenance import MaintenanceService
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import Road


class Slow(MaintenanceService):
    """Lets a test do something in the middle of a decision."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def is_first(self, *given: Any) -> bool:
        self.reached.set()
        await self.go_on.wait()
        return await super().is_first(*given)


async def test_what_is_being_kept_just_as_it_ends_is_answered_all_the_same(database: Database) -> None:
    clock = FakeClock()
    maintenance = Slow(database, clock)
    road = Road(database, clock, FakeDiscord(), maintenance=maintenance)
    await maintenance.set(Mode.SOFT)
    deciding = asyncio.create_task(road.answer(0))
    await maintenance.reached.wait()
    ending = asyncio.create_task(maintenance.set(Mode.OFF))
    await asyncio.wait({ending}, timeout=0.2)  # it may wait for the decision, or not
    maintenance.go_on.set()
    await deciding
    await ending
    async with database.reading() as tx:
        assert len(await tx.queue.list_waiting(Stage.PLAN, clock.now(), 10)) == 1
