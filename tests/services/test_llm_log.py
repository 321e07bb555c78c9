"""The log of calls: behind the caller's back, bounded, never twice, and what a restart finds in it."""

import asyncio
import math
from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError

from bot.db.database import Database
from bot.db.llm_calls import LlmCallRepository
from bot.llm.chain import LanguageModels
from bot.llm.ports import CallRecord, ChainPorts, Outcome, Price, Skipped, Spend
from bot.llm.types import Options, Prompt, Task, Usage
from bot.models import LlmCall
from bot.services.llm_log import BATCH, LlmLog
from bot.services.metrics import Metrics
from bot.services.tasks import Worker
from bot.settings import LlmSettings
from tests.conftest import Logged
from tests.fakes import FakeClock
from tests.services.support import GUILD, NOW, OTHER_GUILD
from tests.unit.llm.chain_support import PROMPT, ScriptedProvider, Step, StillClock

TODAY = NOW.date()


def call(**values: Any) -> CallRecord:
    known: dict[str, Any] = {
        "task": Task.REPLY,
        "guild_id": GUILD,
        "provider": "openai",
        "model": "large",
        "outcome": Outcome.ANSWERED,
        "skipped": (Skipped("ollama", "small", "took too long"),),
        "input_tokens": 100,
        "output_tokens": 20,
        "billed_tokens": 120,
        "cost": 0.25,
        "milliseconds": 900,
        "background": True,
        "created_at": NOW,
    }
    return CallRecord(**known | values)


def free(**values: Any) -> CallRecord:
    return call(billed_tokens=0, cost=0.0, **values)


async def stored(database: Database) -> list[LlmCall]:
    async with database.reading() as tx:
        return list(await tx.llm_calls.list_latest(10_000))[::-1]


@pytest.fixture
def log(database: Database) -> LlmLog:
    return LlmLog(database)


async def test_a_call_is_stored_as_it_was(log: LlmLog, database: Database) -> None:
    log.record(call())
    await log.flush()
    [row] = await stored(database)
    assert row.model_dump(exclude={"id"}) == {
        "task": "reply", "guild_id": GUILD, "provider": "openai", "model": "large", "outcome": "answered",
        "skipped": [{"provider": "ollama", "model": "small", "reason": "took too long"}],
        "input_tokens": 100, "output_tokens": 20, "billed_tokens": 120, "cost": 0.25, "milliseconds": 900,
        "background": True, "created_at": NOW,
    }  # fmt: skip


async def test_more_than_a_batch_is_written_in_order(log: LlmLog, database: Database) -> None:
    for number in range(BATCH + 10):
        log.record(call(milliseconds=number))
    await log.flush()
    assert [row.milliseconds for row in await stored(database)] == list(range(BATCH + 10))


async def test_the_worker_writes_what_comes(
    log: LlmLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, flush = asyncio.Event(), log.flush

    async def watched() -> None:
        await flush()
        written.set()

    monkeypatch.setattr(log, "flush", watched)
    worker = Worker("llm log", log.run, FakeClock())
    worker.start()
    for number in range(2):
        written.clear()
        log.record(call(milliseconds=number))
        async with asyncio.timeout(10):
            await written.wait()
    await worker.stop()
    assert [row.milliseconds for row in await stored(database)] == [0, 1]


async def test_a_writer_that_is_stopped_amid_writing_writes_everything_once(
    log: LlmLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, add = asyncio.Event(), LlmCallRepository.add

    async def watched(self: LlmCallRepository, calls: list[LlmCall]) -> None:
        begun.set()
        await add(self, calls)

    monkeypatch.setattr(LlmCallRepository, "add", watched)
    log.record(call())
    task = asyncio.create_task(log.run())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await log.flush()
    assert len(await stored(database)) == 1


async def test_a_database_that_is_away_loses_nothing(
    log: LlmLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    with monkeypatch.context() as patch:
        patch.setattr(LlmCallRepository, "add", away)
        for number in range(3):
            log.record(call(milliseconds=number))
        with pytest.raises(OperationalError):
            await log.flush()
    assert log.depth == 3
    await log.flush()
    assert [row.milliseconds for row in await stored(database)] == [0, 1, 2]


# Whatever the limits before it let through: what a column refuses, by the kind of database.
ABSURD = [
    pytest.param({"input_tokens": 2**63}, id="too large"),
    pytest.param({"cost": math.nan, "guild_id": 2**63}, id="no number"),
    pytest.param({"skipped": (Skipped("ollama", "small", object()),)}, id="no text"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("values", ABSURD)
async def test_a_call_that_cannot_be_written_is_dropped_and_no_other(
    log: LlmLog, database: Database, logged: Logged, values: dict[str, Any]
) -> None:
    for number in range(5):
        log.record(call(milliseconds=number, **values if number == 2 else {}))
    await log.flush()
    assert [row.milliseconds for row in await stored(database)] == [0, 1, 3, 4]
    assert (log.depth, log.has_room) == (0, True)
    [line] = logged.of("ERROR")
    assert "A call of openai/large can't be written down and is left out of the day's spend" in line
    log.record(call(milliseconds=5))
    await log.flush()
    assert len(await stored(database)) == 5


async def test_a_database_that_leaves_amid_single_rows_loses_and_repeats_nothing(
    log: LlmLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, tries = LlmCallRepository.add, 0

    async def leaving(self: LlmCallRepository, calls: list[LlmCall]) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:  # after the batch and the first row
            raise OperationalError("INSERT", {}, Exception("disk I/O error"))
        await add(self, calls)

    monkeypatch.setattr(LlmCallRepository, "add", leaving)
    for number in range(3):
        log.record(call(milliseconds=number, **{"input_tokens": 2**63} if number == 1 else {}))
    with pytest.raises(OperationalError):
        await log.flush()
    assert log.depth == 2
    await log.flush()
    assert [row.milliseconds for row in await stored(database)] == [0, 2]


async def test_a_schema_that_is_wrong_drops_no_call(log: LlmLog, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object) -> None:
        raise ProgrammingError("INSERT", {}, Exception("no such column"))

    monkeypatch.setattr(LlmCallRepository, "add", unknown)
    log.record(call())
    with pytest.raises(ProgrammingError):
        await log.flush()
    assert log.depth == 1


async def test_too_many_waiting_lose_what_cost_nothing_and_say_so(database: Database, logged: Logged) -> None:
    log = LlmLog(database, capacity=4)
    for number in range(4):
        log.record(free(milliseconds=number))
    log.record(free(milliseconds=4))
    log.record(call(milliseconds=5))
    assert (log.depth, log.has_room) == (4, True)
    log.record(call(milliseconds=6))
    assert not log.has_room, "half of it is of calls that cost: nothing more of that kind is to be asked"
    for number in (7, 8, 9):  # but what is under way still comes in
        log.record(call(milliseconds=number))
    await log.flush()
    assert [row.milliseconds for row in await stored(database)] == [5, 6, 7, 8, 9]
    assert log.has_room
    assert logged.of("WARNING") == ["5 calls of language models were not written down: too many waited"]


async def test_the_days_spend_is_by_guild(log: LlmLog) -> None:
    for each in (call(), call(), call(guild_id=OTHER_GUILD), call(guild_id=None, cost=1.0), free()):
        log.record(each)
    await log.flush()
    assert await log.spend(TODAY) == {
        GUILD: Spend(240, 0.5), OTHER_GUILD: Spend(120, 0.25), None: Spend(120, 1.0)
    }  # fmt: skip
    assert await log.spend(date(2026, 3, 2)) == {}


async def test_a_notice_that_arrived_is_remembered_for_its_day_over_restarts(
    log: LlmLog, database: Database
) -> None:
    assert not await log.was_told(TODAY, "total")
    await log.mark_told(TODAY, "total")
    assert await LlmLog(database).was_told(TODAY, "total")
    assert not await log.was_told(TODAY, str(GUILD))
    assert not await log.was_told(date(2026, 3, 2), "total")


async def test_ceilings_hold_over_a_restart(database: Database) -> None:
    """The chain on the real log: what one process spent, the next knows."""
    prompt = Prompt(PROMPT.messages, options=Options(max_tokens=100))
    settings = LlmSettings.model_validate(
        {
            "chains": {"reply": ["openai/large"]},
            "ceilings": {"usd_per_day_guild": 5.0, "usd_per_day": None, "tokens_per_day": None},
        }
    )
    answered = []
    for _ in range(3):
        clock, log = StillClock(NOW), LlmLog(database)
        provider = ScriptedProvider(clock, "openai", Step(usage=Usage(0, 100)), is_hosted=True)
        ports = ChainPorts(clock, log, Metrics(), prices=lambda *_: Price(0.0, 10_000.0))
        llm = LanguageModels({"openai": provider}, settings, ports)
        calls = [
            llm.complete(Task.REPLY, prompt, guild_id=guild, fallback=lambda: "none")
            for guild in (GUILD, GUILD, OTHER_GUILD)
        ]
        answers = [await each for each in calls]
        answered.append([not answer.is_embedded for answer in answers])
        await llm.close()
        await log.flush()
    assert answered == [[True, True, True], [True, True, True], [True, False, True]]
