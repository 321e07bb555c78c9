"""Writes down what language models were asked, behind the back of whoever asks."""

import asyncio
from collections import deque
from datetime import UTC, date, datetime, time, timedelta

from loguru import logger

from bot.db.database import Database, is_of_the_data
from bot.llm.ports import CallRecord, Spend, reasons
from bot.models import LlmCall

CAPACITY = 10_000  # calls waiting to be written
BATCH = 500
SCOPE = "llm_ceilings"  # in table kv: the day of each subject's last notice


class LlmLog:
    """The chain's log of calls: bounded, in memory until its writer comes round.

    When the database is away for long, calls that cost nothing are let go. Those that count towards a day's
    ceilings are never lost while the bot runs: without room for more of them nothing that costs is asked
    (`has_room`). A crash forgets what was not written yet, a part of a second.
    """

    def __init__(self, database: Database, capacity: int = CAPACITY) -> None:
        self._database = database
        self._capacity = capacity
        self._waiting: deque[CallRecord] = deque()
        self._costly = 0  # of those
        self._lost = 0
        self._arrived = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def depth(self) -> int:
        """How many calls wait to be written."""
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether a call that costs is sure to be written down, however many are under way."""
        return self._costly < self._capacity // 2

    def record(self, call: CallRecord) -> None:
        """Write `call` down in the background."""
        if len(self._waiting) >= self._capacity:
            self._lost += 1
            if not _costs(call):
                return
            self._let_one_go()
        self._waiting.append(call)
        self._costly += _costs(call)
        self._arrived.set()

    async def run(self) -> None:
        """Write what comes until cancelled.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database was away for too long; nothing is lost, run it again.
        """
        while True:
            await self._arrived.wait()
            writing = asyncio.create_task(self.flush())
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                # To the end: half-way nobody could tell what is written, and all would be written twice.
                await asyncio.gather(writing, return_exceptions=True)
                raise

    async def flush(self) -> None:
        """Write everything that waits; at the end, call it once the chain is closed.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database was away for too long; what waits still does.
        """
        async with self._writing:
            alone = 0  # how many of the first are written each by itself, as one of them can't be
            while self._waiting:
                size = 1 if alone else BATCH
                batch = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
                try:
                    async with self._database.transaction() as tx:
                        await tx.llm_calls.add([_row(call) for call in batch])
                except BaseException as error:
                    if not is_of_the_data(error) or len(batch) > 1:
                        self._waiting.extendleft(reversed(batch))
                    if not is_of_the_data(error):
                        raise
                    if len(batch) > 1:
                        alone = len(batch)
                        continue
                    _drop(batch[0], error)
                alone = max(0, alone - 1)
                self._costly -= sum(map(_costs, batch))
            self._arrived.clear()
        if self._lost:
            logger.warning("{} calls of language models were not written down: too many waited", self._lost)
            self._lost = 0

    async def spend(self, day: date) -> dict[int | None, Spend]:
        """Return what each guild took in a UTC day, as far as it is written."""
        start = datetime.combine(day, time(), UTC)
        async with self._database.reading() as tx:
            found = await tx.llm_calls.spend(start, start + timedelta(days=1))
        return {each.guild_id: Spend(each.tokens, each.cost) for each in found}

    async def was_told(self, day: date, subject: str) -> bool:
        """Whether the notice about `subject` arrived in a day; remembered over restarts."""
        async with self._database.reading() as tx:
            return await tx.kv.get(SCOPE, subject) == {"day": day.isoformat()}

    async def mark_told(self, day: date, subject: str) -> None:
        """Remember that the notice about `subject` arrived."""
        async with self._database.transaction() as tx:
            await tx.kv.put(SCOPE, subject, {"day": day.isoformat()})

    def _let_one_go(self) -> None:
        """Forget the oldest call that cost nothing; where there is none, there is room to spare for a few."""
        place = next((i for i, each in enumerate(self._waiting) if not _costs(each)), None)
        if place is None:
            self._lost -= 1
        else:
            del self._waiting[place]


def _costs(call: CallRecord) -> bool:
    return call.billed_tokens > 0 or call.cost > 0


def _drop(call: CallRecord, error: BaseException) -> None:
    logger.error(
        "A call of {}/{} can't be written down and is left out of the day's spend after a restart: {}, "
        "{} tokens, {} US dollars",
        *(call.provider, call.model, type(error).__name__, call.billed_tokens, call.cost),
    )


def _row(call: CallRecord) -> LlmCall:
    return LlmCall(
        task=call.task.value,
        guild_id=call.guild_id,
        provider=call.provider,
        model=call.model,
        outcome=call.outcome.value,
        skipped=reasons(call.skipped) or None,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        billed_tokens=call.billed_tokens,
        cost=call.cost,
        milliseconds=call.milliseconds,
        background=call.background,
        created_at=call.created_at,
    )
