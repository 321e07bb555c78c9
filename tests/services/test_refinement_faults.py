"""The second look when nobody answers, and what happens to a message meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.signal import Judgement, Stage
from bot.nlp.encoder import EncoderBusy, EncoderUnavailable
from bot.nlp.refining import Request
from bot.services.refinement import BEHIND, LOG_SECONDS, REST_SECONDS
from bot.settings import NlpSettings
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.scripted_refiner import ScriptedRefiner, clear, flag
from tests.services.refining import SAID, UNSURE, refined
from tests.services.road import Crash, Road
from tests.services.support import NOW, eventually, key, running


@pytest.fixture
def refiner() -> ScriptedRefiner:
    return ScriptedRefiner()


@pytest.fixture
def road(database: Database, clock: FakeClock, discord: FakeDiscord, refiner: ScriptedRefiner) -> Road:
    return Road(database, clock, discord, refiner)


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("error", "outcome"),
        [
            (EncoderUnavailable("torch is not installed"), "unavailable"),
            (EncoderBusy("1000 texts are waiting"), "busy"),
            (ValueError("a bug"), "failed"),
        ],
        ids=["unavailable", "busy", "a bug"],
    )
    async def test_the_light_judgement_stands(
        self, road: Road, refiner: ScriptedRefiner, logged: Logged, error: Exception, outcome: str
    ) -> None:
        refiner.error = error
        signals = [await road.hear(0, stage=Stage.OBSERVE), await road.hear(1, stage=Stage.OBSERVE, **UNSURE)]
        await road.observer.observe(signals)
        flagged, uncertain = await road.row(0), await road.row(1)
        assert (flagged.stage, flagged.intent, flagged.confidence) == ("plan", "help_request", 0.9)
        assert (uncertain.stage, uncertain.intent, uncertain.reason) == ("done", "other", "nothing asked")
        assert flagged.judge is uncertain.judge is None
        assert refined(road) == {outcome: 2}
        assert len(logged.of("ERROR" if outcome == "failed" else "WARNING", str(error))) == 1

    async def test_nobody_waits_longer_than_the_deadline(
        self, database: Database, clock: FakeClock, discord: FakeDiscord, refiner: ScriptedRefiner
    ) -> None:
        road = Road(database, clock, discord, refiner, nlp=NlpSettings(refine_seconds=0.01))
        refiner.held.clear()
        assert (await road.observe(0)).stage == "plan"
        assert refined(road) == {"late": 1}

    async def test_too_few_answers_are_none(
        self, road: Road, refiner: ScriptedRefiner, logged: Logged
    ) -> None:
        async def forget_one(requests: Sequence[Request]) -> list[Judgement]:
            return [flag(request) for request in requests][1:]

        refiner.refine = forget_one  # type: ignore[method-assign]
        assert (await road.observe(0, **UNSURE)).stage == "done"
        assert logged.of("ERROR", "0 answers to 1 requests")

    async def test_a_judge_that_does_not_answer_is_left_alone_for_a_moment(
        self, road: Road, refiner: ScriptedRefiner, clock: FakeClock
    ) -> None:
        refiner.error = EncoderUnavailable("loading")
        await road.observe(0)
        await road.observe(1)
        assert refiner.batches == [1]
        clock.advance(REST_SECONDS)
        refiner.error = None
        assert (await road.observe(2)).judge == "encoder"
        assert refined(road) == {"unavailable": 2, "confirmed": 1}

    async def test_a_busy_judge_is_asked_again_at_once(self, road: Road, refiner: ScriptedRefiner) -> None:
        refiner.error = EncoderBusy("full")
        await road.observe(0)
        refiner.error = None
        assert (await road.observe(1)).judge == "encoder"

    async def test_it_is_logged_once_in_a_while(
        self, road: Road, refiner: ScriptedRefiner, clock: FakeClock, logged: Logged
    ) -> None:
        refiner.error = EncoderUnavailable("loading")
        for number in range(4):
            await road.observe(number)
            clock.advance(LOG_SECONDS / 2 + 1)
        assert len(logged.of("WARNING", "loading")) == 2

    async def test_when_many_wait_what_asks_does_not_wait_for_the_uncertain(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        signal = await road.hear(0, stage=Stage.OBSERVE)
        road.bus.publish(Stage.OBSERVE, [signal] * (BEHIND + 1))
        await road.observer.observe([signal])
        assert refiner.asked == []
        assert (await road.row(0)).stage == "plan"
        assert refined(road) == {"behind": 1}

    async def test_without_a_second_judge_nothing_is_counted(
        self, database: Database, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        road = Road(database, clock, discord)
        await road.refinement.warm_up()
        assert (await road.observe(0)).judge is None
        assert refined(road) == {}

    async def test_a_judge_that_has_warmed_up_is_asked_at_once(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        refiner.error = EncoderUnavailable("loading")
        await road.observe(0)
        refiner.error = None
        await road.refinement.warm_up()
        assert (await road.observe(1)).judge == "encoder"

    async def test_warming_up_tells_how_it_went(
        self, road: Road, refiner: ScriptedRefiner, logged: Logged
    ) -> None:
        await road.refinement.warm_up()
        assert logged.of("INFO", "The encoder is ready")
        refiner.error = EncoderUnavailable("no memory")
        await road.refinement.warm_up()
        assert logged.of("WARNING", "no memory")


class TestMeanwhile:
    """What happens to the message while it is judged."""

    @asynccontextmanager
    async def judging(self, road: Road, refiner: ScriptedRefiner, **values: Any) -> AsyncIterator[None]:
        """Run the block while message 0 is with the judge; at its end the observer has finished."""
        refiner.held.clear()
        signal = await road.hear(0, stage=Stage.OBSERVE, **values)
        observing = asyncio.create_task(road.observer.observe([signal]))

        async def asked() -> bool:
            return bool(refiner.asked)

        await eventually(asked)
        yield
        refiner.held.set()
        await observing

    async def test_the_database_is_free(self, road: Road, refiner: ScriptedRefiner) -> None:
        async with self.judging(road, refiner), asyncio.timeout(5):
            await road.hear(1, **SAID)
        assert (await road.row(0)).stage == "plan"

    async def test_what_is_deleted_is_not_answered(self, road: Road, refiner: ScriptedRefiner) -> None:
        async with self.judging(road, refiner):
            await road.forget(0)
        record = await road.row(0)
        assert (record.reason, record.rationale) == ("message deleted", "")
        assert road.bus.depth(Stage.PLAN) == 0

    async def test_a_judgement_of_the_text_before_an_edit_is_dropped_and_the_new_text_judged(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        async with self.judging(road, refiner, **UNSURE):
            edit = {
                "key": key(0),
                "edited_at": NOW,
                "content": "never mind",
                "intent": "other",
                "judge": None,
            }
            async with road.database.transaction() as tx:
                await tx.signals.edit_batch([edit])
        assert (await road.row(0)).stage == "observe"
        assert road.bus.depth(Stage.PLAN) == 0
        refiner.answer = clear

        async def done() -> bool:
            return (await road.row(0)).stage == "done"

        async with running(road.observer.run):
            await eventually(done)
        assert [request.text for request in refiner.asked] == [UNSURE["content"], "never mind"]

    @pytest.mark.parametrize(
        ("values", "edit"),
        [
            (UNSURE, {"intent": "help_request", "content": "how do I start it, then?"}),
            ({}, {"intent": "other", "content": "never mind"}),
        ],
        ids=["asks now", "asks no more"],
    )
    async def test_an_edit_counts_when_the_judge_does_not_answer(
        self, road: Road, refiner: ScriptedRefiner, values: dict[str, Any], edit: dict[str, Any]
    ) -> None:
        def fail(_request: Request) -> Judgement:
            raise EncoderUnavailable("the machine is busy")

        refiner.answer = fail
        async with self.judging(road, refiner, **values), road.database.transaction() as tx:
            await tx.signals.edit_batch([{"key": key(0), "edited_at": NOW, **edit}])
        assert ((await road.row(0)).stage, road.bus.depth(Stage.PLAN)) == ("observe", 0)
        [found] = await road.observer._waiting()
        await road.observer.observe([found])
        stage = "plan" if edit["intent"] == "help_request" else "done"
        assert ((await road.row(0)).stage, (await road.row(0)).content) == (stage, edit["content"])

    async def test_who_dies_while_it_is_judged_judges_it_again_and_answers_once(
        self, road: Road, refiner: ScriptedRefiner, discord: FakeDiscord
    ) -> None:
        signal = await road.hear(0, stage=Stage.OBSERVE, **UNSURE)

        def die(_request: Request) -> Judgement:
            raise Crash

        refiner.answer = die
        with pytest.raises(Crash):
            await road.observer.observe([signal])
        assert (await road.row(0)).stage == "observe"
        again = ScriptedRefiner()
        second = Road(road.database, road.clock, discord, again)

        async def answered() -> bool:
            return (await second.row(0)).status == "responded"

        async with running(second.observer.run, second.orchestrator.run):
            await eventually(answered)
        assert again.batches == [1]
        assert len(discord.posts) == 1

    async def test_two_observers_write_one_judgement(self, road: Road, discord: FakeDiscord) -> None:
        signal = await road.hear(0, stage=Stage.OBSERVE, **UNSURE)
        second = Road(road.database, road.clock, discord, ScriptedRefiner(clear))
        await asyncio.gather(road.observer.observe([signal]), second.observer.observe([signal]))
        record = await road.row(0)
        assert road.bus.depth(Stage.PLAN) == (record.stage == "plan")
        assert second.bus.depth(Stage.PLAN) == 0
        assert (record.stage, record.intent) in {("plan", "help_request"), ("done", "other")}
