"""The language model as the last judge: what it is asked about, and what becomes of its answers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.signal import Signal, Stage
from bot.llm.errors import ProviderUnavailable
from bot.models.guild import AutoReply
from bot.nlp.refining import Request
from bot.services.observer import BATCH
from bot.services.refinement import BEHIND, PORTION
from bot.services.stories import StoryService
from bot.settings import LlmSettings
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.scripted_refiner import ScriptedRefiner
from tests.services.refining import SAID, UNSURE, refined
from tests.services.road import Road
from tests.services.support import GUILD, NOW, eventually, key, pass_time
from tests.services.writing_bench import user_of, verdict, verdicts, writer_over
from tests.unit.llm.chain_support import HANG, Bench, ScriptedProvider, Step

SURE: dict[str, Any] = {"intent": "other", "confidence": 0.95, "content": "lunch time for all of us"}
NEARLY: dict[str, Any] = {"confidence": 0.5, "content": "how might one ever start this thing"}
FRENCH: dict[str, Any] = UNSURE | {"language": "fr", "confidence": 0.3}


@pytest.fixture
def model(bench: Bench) -> ScriptedProvider:
    return bench.provider("ollama", verdicts(verdict()))


class Roads:
    """Roads on one database, each with its own mode and judges."""

    def __init__(
        self,
        database: Database,
        clock: FakeClock,
        discord: FakeDiscord,
        bench: Bench,
        model: ScriptedProvider,
    ) -> None:
        self._place = (database, clock, discord)
        self._bench = bench
        self._model = model

    def of(self, mode: str = "cascade", refiner: ScriptedRefiner | None = None, **values: Any) -> Road:
        settings = LlmSettings.model_validate({"observer_mode": mode})
        writer = writer_over(self._bench, self._model)
        return Road(*self._place, refiner, writer=writer, llm=settings, **values)


@pytest.fixture
def roads(
    database: Database, clock: FakeClock, discord: FakeDiscord, bench: Bench, model: ScriptedProvider
) -> Roads:
    return Roads(database, clock, discord, bench, model)


@pytest.fixture
def road(roads: Roads) -> Road:
    return roads.of()


class TestJudging:
    async def test_what_is_raised_goes_on_with_the_light_judgement_kept(
        self, road: Road, model: ScriptedProvider, database: Database
    ) -> None:
        model.then(verdicts(verdict(intent="problem_report", confidence=0.8, reason="since the update")))
        row = await road.observe(0, **UNSURE)
        assert (row.stage, row.intent, row.confidence) == ("plan", "problem_report", 0.8)
        story = await StoryService(database).story(key(0))
        assert story is not None
        assert story["observer"] == {
            "intent": "problem_report",
            "confidence": 0.8,
            "rationale": "since the update",
            "judge": "llm",
            "light": {"intent": "other", "confidence": 0.6},
        }
        [onward] = await road.bus.take(Stage.PLAN, 9, 0)
        assert onward.observer.confidence == 0.8
        assert refined(road) == {"llm_flagged": 1}

    async def test_a_weak_flag_can_be_cleared(self, road: Road, model: ScriptedProvider) -> None:
        model.then(verdicts(verdict(intent="other")))
        row = await road.observe(0, **NEARLY)
        assert (row.stage, row.status, row.judge, row.light_intent) == (
            "done", "skipped", "llm", "help_request",
        )  # fmt: skip
        assert refined(road) == {"llm_cleared": 1}

    async def test_a_weak_flag_can_be_confirmed(self, road: Road) -> None:
        row = await road.observe(0, **NEARLY)
        assert (row.stage, row.confidence, row.judge, row.light_confidence) == ("plan", 0.9, "llm", 0.5)
        assert refined(road) == {"llm_confirmed": 1}

    async def test_all_but_the_intent_stays_the_heads(self, road: Road) -> None:
        heads: dict[str, Any] = {
            "toxicity": 0.4, "sentiment": "neg", "sentiment_score": -0.6, "urgency": "med",
            "language": "und", "purpose": "chatter",
        }  # fmt: skip
        row = await road.observe(0, **UNSURE, **heads)
        assert row.judge == "llm"
        assert {name: getattr(row, name) for name in heads} == heads

    async def test_it_is_held_to_the_confidence_the_guild_asks_for(
        self, road: Road, model: ScriptedProvider, discord: FakeDiscord
    ) -> None:
        model.then(verdicts(verdict(confidence=0.55)))
        await road.observe(0, **UNSURE)
        await road.plan(await road.bus.take(Stage.PLAN, 9, 0))
        assert (await road.row(0)).reason == "not confident enough"
        assert discord.posts == []

    async def test_in_a_language_the_heads_do_not_know_it_counts_half(self, road: Road) -> None:
        await road.guilds.set_languages(GUILD, "fr")
        assert (await road.observe(0, **FRENCH)).confidence == 0.45

    async def test_the_second_judge_is_heard_first(
        self, roads: Roads, model: ScriptedProvider, database: Database
    ) -> None:
        refiner = ScriptedRefiner(lambda request: request.light._replace(confidence=0.7, toxicity=0.05))
        road = roads.of(refiner=refiner)
        row = await road.observe(0, **UNSURE)
        assert (len(refiner.asked), len(model.asked)) == (1, 1)
        assert (row.judge, row.toxicity, row.light_confidence) == ("llm", 0.05, 0.6)
        assert refined(road) == {"confirmed": 1, "llm_flagged": 1}

    async def test_what_was_said_before_is_told(self, road: Road, model: ScriptedProvider) -> None:
        await road.hear(0, author_name="Bo", **SAID | {"content": "the new build crashes"})
        await road.observe(1, **UNSURE)
        assert "> Bo: the new build crashes" in user_of(model.asked[0][1])


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("values", "asked"),
        [
            pytest.param(UNSURE, True, id="undecided"),
            pytest.param(NEARLY, True, id="flagged a little below"),
            pytest.param(NEARLY | {"confidence": 0.45}, True, id="just within the band"),
            pytest.param(NEARLY | {"confidence": 0.4}, False, id="flagged far below"),
            pytest.param(NEARLY | {"confidence": 0.6}, False, id="flagged surely enough"),
            pytest.param(SURE, False, id="surely nothing"),
            pytest.param(SURE | {"toxicity": 0.5}, False, id="only its tone is in doubt"),
            pytest.param(UNSURE | {"content": " "}, False, id="no text"),
            pytest.param(FRENCH, False, id="a language that is not answered"),
            pytest.param(UNSURE | {"created_at": NOW - timedelta(hours=1)}, False, id="too old"),
        ],
    )
    async def test_the_cascade_asks_about_what_is_uncertain(
        self, road: Road, model: ScriptedProvider, values: dict[str, Any], asked: bool
    ) -> None:
        await road.observe(0, **values)
        assert bool(model.asked) is asked

    async def test_the_band_lies_below_the_guilds_own_confidence(
        self, road: Road, model: ScriptedProvider
    ) -> None:
        await road.guilds.set_min_confidence(GUILD, 0.9)
        await road.observe(0, **NEARLY)
        assert model.asked == []
        await road.observe(1, **NEARLY | {"confidence": 0.8})
        assert len(model.asked) == 1

    async def test_nobody_is_asked_where_replies_are_off(self, road: Road, model: ScriptedProvider) -> None:
        await road.guilds.set_auto_reply(GUILD, AutoReply.OFF)
        await road.observe(0, **UNSURE)
        assert model.asked == []

    async def test_what_the_second_judge_is_sure_of_is_not_asked(
        self, roads: Roads, model: ScriptedProvider
    ) -> None:
        road = roads.of(refiner=ScriptedRefiner(lambda request: request.light._replace(confidence=0.9)))
        assert (await road.observe(0, **UNSURE)).judge == "encoder"
        assert model.asked == []

    @pytest.mark.parametrize("values", [SURE, {}], ids=["surely nothing", "surely flagged"])
    async def test_mode_llm_asks_about_all(
        self, roads: Roads, model: ScriptedProvider, values: dict[str, Any]
    ) -> None:
        row = await roads.of("llm").observe(0, **values)
        assert (row.judge, len(model.asked)) == ("llm", 1)

    async def test_mode_embedded_asks_about_nothing(self, roads: Roads, model: ScriptedProvider) -> None:
        assert (await roads.of("embedded").observe(0, **UNSURE)).judge is None
        assert model.asked == []

    async def test_without_a_model_portions_are_as_large_as_ever(self, bench: Bench, road: Road) -> None:
        alone = Road(road.database, road.clock, road.discord, writer=writer_over(bench))
        assert (alone.observer._batch, road.observer._batch) == (BATCH, PORTION)

    async def test_servers_are_asked_about_apart(self, road: Road, model: ScriptedProvider) -> None:
        here = await road.hear(0, stage=Stage.OBSERVE, **UNSURE)
        there = await road.hear(1, stage=Stage.OBSERVE, **UNSURE, guild_id=None)
        await road.observer.observe([here, there])
        await road.at_rest()
        assert len(model.asked) == 2
        assert [(await road.row(number)).judge for number in (0, 1)] == ["llm", "llm"]


class TestWhenItDoesNotAnswer:
    async def test_the_judgement_before_stands(
        self, roads: Roads, model: ScriptedProvider, bench: Bench
    ) -> None:
        model.then(Step(error=ProviderUnavailable("start it")))
        road = roads.of(refiner=ScriptedRefiner(lambda request: request.light._replace(confidence=0.7)))
        row = await road.observe(0, **UNSURE)
        assert (row.stage, row.confidence, row.judge) == ("done", 0.7, "encoder")
        assert (await road.observe(1, **NEARLY, author_id=5)).judge == "encoder"
        assert refined(road) == {"confirmed": 2, "llm_unavailable": 1}

    async def test_one_that_hangs_is_given_up_by_the_chain(
        self, road: Road, model: ScriptedProvider, bench: Bench
    ) -> None:
        model.then(verdicts(verdict(), after=HANG))
        observing = asyncio.create_task(road.observe(0, **UNSURE))
        await eventually(lambda: _true(bool(model.asked)))
        await bench.clock.advance(10)
        assert (await observing).stage == "done"
        assert refined(road) == {"llm_unavailable": 1}

    async def test_the_deadline_holds_whatever_the_chain_does(
        self, roads: Roads, model: ScriptedProvider, logged: Logged
    ) -> None:
        model.then(verdicts(verdict(), after=HANG))
        road = roads.of(llm_seconds=0.5)  # of real time: enough to read what was said before
        assert (await road.observe(0, **UNSURE)).stage == "done"
        assert refined(road) == {"llm_late": 1}
        assert logged.of("WARNING", "No language model judged (late): it didn't answer within 0.5 s")

    async def test_reading_what_was_said_before_is_taken_off_the_models_time(
        self, road: Road, model: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        requests = road.refinement.requests

        async def slowly(signals: Sequence[Signal]) -> list[Request]:
            pass_time(monkeypatch, 4)
            return await requests(signals)

        monkeypatch.setattr(road.refinement, "requests", slowly)
        await road.observe(0, **UNSURE)
        [(_, _, seconds)] = model.asked
        assert 2 < seconds < 6

    async def test_a_database_that_hangs_is_not_taken_for_the_model(
        self, roads: Roads, model: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, logged: Logged
    ) -> None:
        async def never(signals: Sequence[Signal]) -> list[Request]:
            await asyncio.Event().wait()
            raise AssertionError

        road = roads.of(llm_seconds=0.02)
        monkeypatch.setattr(road.refinement, "requests", never)
        assert (await road.observe(0, **UNSURE)).stage == "done"
        assert (refined(road), model.asked) == ({"llm_late": 1}, [])
        assert logged.of("WARNING", "(late): what was said before could not be read within 0.02 s")

    async def test_a_timeout_of_the_database_is_no_models(
        self, road: Road, monkeypatch: pytest.MonkeyPatch, logged: Logged
    ) -> None:
        async def refused(signals: Sequence[Signal]) -> list[Request]:
            raise TimeoutError("no connection")

        monkeypatch.setattr(road.refinement, "requests", refused)
        assert (await road.observe(0, **UNSURE)).stage == "done"
        assert refined(road) == {"llm_failed": 1}
        assert logged.of("ERROR", "No language model judged (failed): TimeoutError('no connection')")

    async def test_a_bug_is_logged_and_harms_nothing(
        self, road: Road, model: ScriptedProvider, logged: Logged
    ) -> None:
        assert road.writer is not None
        road.writer._prompts = None  # type: ignore[assignment]
        assert (await road.observe(0, **UNSURE)).stage == "done"
        assert refined(road) == {"llm_failed": 1}
        assert logged.of("ERROR", "No language model judged")

    async def test_nobody_is_asked_while_many_wait(
        self, road: Road, model: ScriptedProvider, logged: Logged
    ) -> None:
        road.bus.publish(Stage.OBSERVE, [await road.hear(99)] * (BEHIND + 1))
        assert (await road.observe(0, **UNSURE)).stage == "done"
        assert model.asked == []
        assert refined(road) == {"llm_behind": 1}

    async def test_who_is_sure_does_not_wait_for_the_model(
        self, road: Road, model: ScriptedProvider, bench: Bench
    ) -> None:
        model.then(verdicts(verdict(), after=2))
        signals = [
            await road.hear(0, stage=Stage.OBSERVE, **UNSURE),
            await road.hear(1, stage=Stage.OBSERVE),
        ]
        observing = asyncio.create_task(road.observer.observe(signals))
        [first] = await road.bus.take(Stage.PLAN, 9, 10)
        assert first.id == key(1)
        await eventually(lambda: _true(bool(model.asked)))
        assert (await road.row(0)).stage == "observe"
        await observing
        await bench.clock.advance(2)
        await road.at_rest()
        [second] = await road.bus.take(Stage.PLAN, 9, 0)
        assert second.id == key(0)

    async def test_what_was_edited_meanwhile_is_not_judged_by_its_old_text(
        self, road: Road, model: ScriptedProvider, bench: Bench
    ) -> None:
        model.then(verdicts(verdict(), after=2))
        observing = asyncio.create_task(road.observe(0, **UNSURE))
        await eventually(lambda: _true(bool(model.asked)))
        await road.edit(0, "never mind, it works")
        await bench.clock.advance(2)
        row = await observing
        assert (row.stage, row.judge) == ("observe", None)


async def _true(value: bool) -> bool:
    return value
