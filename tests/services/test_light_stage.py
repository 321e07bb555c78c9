"""The light stage: what it sends on to be judged again."""

from collections.abc import Sequence

import pytest

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.arrival import Change
from bot.domain.signal import Intent, Judgement, Stage
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.refining import Doubting
from bot.services.ingest import IngestService
from bot.services.metrics import Metrics
from bot.settings import IngestSettings
from tests.fakes import FakeClock, FakeDiscord
from tests.scripted_refiner import ScriptedRefiner
from tests.services.ingesting import row, written
from tests.services.road import Road
from tests.services.support import NOW, arrival, eventually, key, running


@pytest.fixture
def refiner() -> ScriptedRefiner:
    return ScriptedRefiner()


@pytest.fixture
def road(database: Database, clock: FakeClock, discord: FakeDiscord, refiner: ScriptedRefiner) -> Road:
    return Road(database, clock, discord, refiner)


class Light:
    """A light judge that is sure of nothing it is not told."""

    def classify(self, texts: Sequence[str]) -> list[Judgement]:
        sure = EmbeddedClassifier().classify(texts)
        unsure = {"same here": 0.6}
        return [
            each._replace(intent=Intent.OTHER, confidence=unsure[text]) if text in unsure else each
            for text, each in zip(texts, sure, strict=True)
        ]


class TestLightStage:
    @pytest.fixture
    def doubting(self, database: Database, bus: MemoryBus, clock: FakeClock) -> IngestService:
        return IngestService(database, Doubting(Light()), bus, clock, Metrics(), IngestSettings())

    async def test_what_is_uncertain_goes_on_as_asking_nothing(
        self, doubting: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(doubting, arrival(0), arrival(1, "same here"))
        [onward] = await bus.take(Stage.OBSERVE, 9, 0)
        stored = await row(database, 1)
        assert stored is not None
        assert (onward.id, onward.observer.intent, onward.observer.confidence) == (key(1), Intent.OTHER, 0.6)
        assert (stored.stage, stored.status, stored.intent, stored.reason) == (
            "observe",
            "pending",
            "other",
            "",
        )

    async def test_without_a_second_judge_it_ends_there(
        self, database: Database, bus: MemoryBus, clock: FakeClock
    ) -> None:
        alone = IngestService(database, Light(), bus, clock, Metrics(), IngestSettings())
        await written(alone, arrival(0, "same here"))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.stage, stored.reason) == ("done", "nothing asked")

    async def test_members_with_an_ignored_role_are_not_judged_again(
        self, doubting: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(doubting, arrival(0, "same here", muted=True))
        stored = await row(database, 0)
        assert stored is not None
        assert stored.stage == "done"
        assert bus.depth(Stage.OBSERVE) == 0

    async def test_the_roles_of_uncertain_authors_are_asked_for(self, doubting: IngestService) -> None:
        assert doubting.asks([arrival(0), arrival(1, "same here")]) == [False, True]

    async def test_an_edited_text_is_the_light_judges_again(
        self, doubting: IngestService, road: Road, database: Database
    ) -> None:
        await written(doubting, arrival(0, "same here"))
        await road.observer.observe(await road.observer._waiting())
        before = await row(database, 0)
        edit = {"change": Change.EDIT, "edited_at": NOW}
        await written(doubting, arrival(0, "good evening", **edit))
        after = await row(database, 0)
        assert before is not None
        assert after is not None
        assert (before.judge, before.light_confidence, before.intent) == ("encoder", 0.6, "help_request")
        assert (after.judge, after.light_confidence, after.light_intent, after.intent) == (
            None,
            None,
            None,
            "other",
        )

    async def test_few_are_taken_at_once_so_that_none_waits_for_many(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        signals = [await road.hear(number, stage=Stage.OBSERVE) for number in range(40)]
        road.bus.publish(Stage.OBSERVE, signals)

        async def all_judged() -> bool:
            return sum(refiner.batches) >= 40

        async with running(road.observer.run):
            await eventually(all_judged)
        assert refiner.batches[0] == 32
