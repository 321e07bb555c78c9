"""Doubtful messages wait for the language model in the background: nobody else does, and none is lost."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest
from sqlalchemy.exc import OperationalError

from bot.db.database import Database
from bot.domain.signal import Signal, Stage
from bot.services.drain import drain
from bot.services.ingest import IngestService
from bot.services.judging import ROOM, TURNS, Doubtful, Judging
from bot.services.refinement import PORTION
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.scripted_refiner import ScriptedRefiner
from tests.services.refining import UNSURE, refined
from tests.services.road import Road
from tests.services.support import eventually, key, running, signal
from tests.services.writing_bench import verdict, verdicts, writer_over
from tests.unit.llm.chain_support import HANG, Bench, ScriptedProvider, Step, settle

HANGS = verdicts(verdict(), after=HANG)
MANY = Step(json.dumps({"results": [verdict(number) for number in range(1, PORTION + 1)]}))
SWEEP = 1.5  # seconds: the sweep comes after one


@pytest.fixture
def model(bench: Bench) -> ScriptedProvider:
    return bench.provider("ollama", HANGS)


@pytest.fixture
def road(
    database: Database, clock: FakeClock, discord: FakeDiscord, bench: Bench, model: ScriptedProvider
) -> Road:
    return Road(database, clock, discord, writer=writer_over(bench, model))


async def doubtful(road: Road, number: int, **values: Any) -> Signal:
    """Hear a message that a language model is asked about; no two of them say the same."""
    told = UNSURE | {"content": f"same here since update number {number}"} | values
    return await road.hear(number, stage=Stage.OBSERVE, **told)


def asked(model: ScriptedProvider, count: int) -> Any:
    async def holds() -> bool:
        return len(model.asked) >= count

    return eventually(holds)


async def in_stage(road: Road, number: int, stage: str) -> None:
    async def holds() -> bool:
        return (await road.row(number)).stage == stage

    await eventually(holds)


class TestNobodyElseWaits:
    async def test_messages_of_both_servers_are_planned_while_the_model_hangs(
        self, road: Road, model: ScriptedProvider, bench: Bench
    ) -> None:
        async with running(road.observer.run, road.orchestrator.run):
            road.bus.publish(Stage.OBSERVE, [await doubtful(road, 0)])
            await asked(model, 1)
            for number, guild in ((1, {}), (2, {"guild_id": None})):
                road.bus.publish(Stage.OBSERVE, [await road.hear(number, stage=Stage.OBSERVE, **guild)])
                await in_stage(road, number, "act")  # a model is to write the reply
            assert (await road.row(0)).stage == "observe"
            await bench.clock.advance(10)
            await in_stage(road, 0, "done")
        assert refined(road) == {"llm_unavailable": 1}

    async def test_the_doubtful_of_another_server_are_judged_meanwhile(
        self, road: Road, model: ScriptedProvider
    ) -> None:
        model.then(HANGS, verdicts(verdict()))
        await road.observer.observe([await doubtful(road, 0)])
        await asked(model, 1)
        await road.observer.observe([await doubtful(road, 1, guild_id=None)])
        await in_stage(road, 1, "plan")
        assert (await road.row(1)).judge == "llm"
        assert (await road.row(0)).stage == "observe"

    async def test_what_comes_meanwhile_is_asked_about_in_one_call(
        self, road: Road, model: ScriptedProvider, bench: Bench
    ) -> None:
        model.then(verdicts(verdict(), after=2), MANY)
        await road.observer.observe([await doubtful(road, 0)])
        await asked(model, 1)
        for number in (1, 2, 3):
            await road.observer.observe([await doubtful(road, number)])
        assert len(model.asked) == 1
        await bench.clock.advance(2)
        await road.at_rest()
        assert len(model.asked) == 2
        assert [(await road.row(number)).judge for number in range(4)] == ["llm"] * 4


class TestBounds:
    async def test_for_whom_there_is_no_room_the_judgement_stands_at_once(
        self, road: Road, model: ScriptedProvider, logged: Logged
    ) -> None:
        await road.observer.observe([await doubtful(road, number) for number in range(ROOM + 1)])
        assert (await road.row(ROOM)).stage == "done"
        assert (await road.row(ROOM - 1)).stage == "observe"
        assert refined(road) == {"llm_behind": 1}
        assert logged.of("WARNING", "No language model judged (behind)")
        await road.observer.observe([await doubtful(road, ROOM + 1, guild_id=None)])
        assert (await road.row(ROOM + 1)).stage == "observe"  # another server has its own room
        assert refined(road) == {"llm_behind": 1}

    async def test_what_lost_half_of_its_time_goes_on_as_it_is(
        self, road: Road, model: ScriptedProvider, bench: Bench, clock: FakeClock
    ) -> None:
        model.then(HANGS, verdicts(verdict()))
        await road.observer.observe([await doubtful(road, 0)])
        await asked(model, 1)
        await road.observer.observe([await doubtful(road, 1)])
        clock.advance(6)
        await road.observer.observe([await doubtful(road, 2)])
        await bench.clock.advance(10)
        await road.at_rest()
        assert [(await road.row(number)).judge for number in range(3)] == [None, None, "llm"]
        assert refined(road) == {"llm_unavailable": 1, "llm_late": 1, "llm_flagged": 1}

    async def test_who_waited_gets_the_time_that_is_left(
        self, road: Road, model: ScriptedProvider, bench: Bench, clock: FakeClock
    ) -> None:
        model.then(verdicts(verdict(), after=2), verdicts(verdict()))
        await road.observer.observe([await doubtful(road, 0)])
        await asked(model, 1)
        await road.observer.observe([await doubtful(road, 1)])
        clock.advance(4)
        await bench.clock.advance(2)
        await road.at_rest()
        first, second = (deadline for _, _, deadline in model.asked)
        assert first - second == pytest.approx(4, abs=1)  # of which some passed

    async def test_only_so_many_servers_are_asked_about_at_the_same_time(self, road: Road) -> None:
        assert road.cascade is not None
        at_work = list[int | None]()

        async def hang(signals: Sequence[Signal], _seconds: float) -> NoReturn:
            at_work.append(signals[0].message.guild_id)
            await asyncio.Event().wait()
            raise AssertionError

        road.cascade.judge = hang  # type: ignore[method-assign,assignment]
        judging = Judging(road.cascade, road.clock, road.observer._judged)
        heard = [signal(number, guild_id=number) for number in range(TURNS + 1)]
        assert len(judging.begin([Doubtful(each, each, None, 1_000.0) for each in heard], 0)) == TURNS + 1
        await settle()
        assert at_work == list(range(TURNS))
        await judging.cancel()
        assert judging.in_hand == set()


class TestNeverLostNeverTwice:
    async def test_the_sweep_leaves_alone_what_is_in_hand(
        self,
        database: Database,
        clock: FakeClock,
        discord: FakeDiscord,
        bench: Bench,
        model: ScriptedProvider,
    ) -> None:
        refiner = ScriptedRefiner(lambda request: request.light)
        road = Road(database, clock, discord, refiner, writer=writer_over(bench, model))
        await doubtful(road, 0)  # the first sweep finds it
        async with running(road.observer.run):
            await asked(model, 1)
            for number in (1, 2):
                clock.advance(SWEEP)
                road.bus.publish(Stage.OBSERVE, [await road.hear(number, stage=Stage.OBSERVE)])
                await in_stage(road, number, "plan")
        assert len(refiner.asked) == 3  # each once
        assert len(model.asked) == 1

    async def test_what_is_met_twice_is_in_hand_once(self, road: Road, model: ScriptedProvider) -> None:
        signal = await doubtful(road, 0)
        await road.observer.observe([signal])
        await road.observer.observe([signal])
        assert road.observer._judging is not None
        assert [len(held) for held in road.observer._judging._held.values()] == [1]
        assert (await road.row(0)).stage == "observe"

    async def test_after_a_crash_the_next_start_has_it_judged(
        self, road: Road, model: ScriptedProvider
    ) -> None:
        async with running(road.observer.run):
            road.bus.publish(Stage.OBSERVE, [await doubtful(road, 0), await doubtful(road, 1, guild_id=None)])
            await asked(model, 2)
            assert road.observer.busy
        assert not road.observer.busy
        assert [(await road.row(number)).stage for number in (0, 1)] == ["observe"] * 2
        model.then(verdicts(verdict()))
        again = road.anew()
        async with running(again.observer.run):
            for number in (0, 1):
                await in_stage(road, number, "plan")
        assert [(await road.row(number)).judge for number in (0, 1)] == ["llm"] * 2

    async def test_an_edited_text_is_judged_beside_the_old_one(
        self, road: Road, model: ScriptedProvider, bench: Bench, clock: FakeClock
    ) -> None:
        model.then(verdicts(verdict(), after=2), verdicts(verdict(intent="problem_report")))
        async with running(road.observer.run):
            road.bus.publish(Stage.OBSERVE, [await doubtful(road, 0)])
            await asked(model, 1)
            await road.edit(0, "it crashes since update number 0")
            await bench.clock.advance(2)
            await road.at_rest()
            clock.advance(SWEEP)
            road.bus.publish(Stage.OBSERVE, [await road.hear(1, stage=Stage.OBSERVE)])
            await in_stage(road, 0, "plan")
        assert (await road.row(0)).intent == "problem_report"

    async def test_stopping_waits_for_the_judgement(
        self, road: Road, model: ScriptedProvider, bench: Bench, ingest: IngestService
    ) -> None:
        model.then(verdicts(verdict(), after=2), Step("Start it again."))
        async with running(road.observer.run, road.orchestrator.run):
            road.bus.publish(Stage.OBSERVE, [await doubtful(road, 0)])
            await asked(model, 1)
            stopping = asyncio.create_task(
                drain(ingest, road.observer, road.orchestrator, road.bus, 30, asyncio.Event())
            )
            await asyncio.sleep(0)
            assert not stopping.done()
            await bench.clock.advance(2)
            assert await stopping
        assert (await road.row(0)).stage == "done"


class TestFailures:
    async def test_one_that_can_not_go_on_does_not_hold_up_the_others(
        self, road: Road, model: ScriptedProvider, logged: Logged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model.then(MANY)
        go_on = road.observer._go_on

        async def fail_on_one(signals: list[Signal], judged: Any) -> None:
            if any(each.id == key(1) for each in signals):
                raise RuntimeError("can't write this down")
            await go_on(signals, judged)

        monkeypatch.setattr(road.observer, "_go_on", fail_on_one)
        await road.observer.observe([await doubtful(road, number) for number in range(3)])
        await road.at_rest()
        rows = [await road.row(number) for number in range(3)]
        assert [row.stage for row in rows] == ["plan"] * 3
        assert [row.judge for row in rows] == ["llm", None, "llm"]
        assert logged.of("ERROR", f"Could not observe {key(1)}")

    async def test_what_is_judged_goes_on_when_the_database_fails_the_worker(
        self, road: Road, model: ScriptedProvider, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model.then(verdicts(verdict(), after=2))
        working = asyncio.create_task(road.observer.run())
        road.bus.publish(Stage.OBSERVE, [await doubtful(road, 0)])
        await asked(model, 1)

        async def refuse(*_: Any) -> None:
            raise OperationalError("update", {}, Exception("database is locked"))

        with monkeypatch.context() as patch:
            patch.setattr(road.observer, "_go_on", refuse)
            road.bus.publish(Stage.OBSERVE, [await road.hear(1, stage=Stage.OBSERVE)])
            with pytest.raises(OperationalError):
                await working
        assert (model.running, model.cancelled) == (1, 0)
        await bench.clock.advance(2)
        await road.at_rest()
        assert (await road.row(0)).judge == "llm"

    async def test_closed_between_two_starts_nothing_is_judged_any_more(
        self, road: Road, model: ScriptedProvider
    ) -> None:
        model.then(verdicts(verdict(), after=2))
        await road.observer.observe([await doubtful(road, 0)])
        await asked(model, 1)
        await road.observer.close()
        assert (model.cancelled, road.observer.busy) == (1, False)

    async def test_when_the_database_is_busy_the_sweep_takes_it_up_again(
        self,
        road: Road,
        model: ScriptedProvider,
        clock: FakeClock,
        logged: Logged,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        model.then(verdicts(verdict()))
        go_on, refused = road.observer._go_on, list[str]()

        async def refuse_once(signals: list[Signal], judged: Any) -> None:
            if judged and not refused:
                refused.extend(each.id for each in signals)
                raise OperationalError("update", {}, Exception("database is locked"))
            await go_on(signals, judged)

        monkeypatch.setattr(road.observer, "_go_on", refuse_once)
        await road.observer.observe([await doubtful(road, 0)])
        await road.at_rest()
        assert logged.of("WARNING", f"The database did not take what was judged of {key(0)}")
        assert (await road.row(0)).stage == "observe"
        async with running(road.observer.run):
            await in_stage(road, 0, "plan")
        assert ((await road.row(0)).judge, len(model.asked)) == ("llm", 1)  # remembered
