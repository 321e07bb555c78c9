"""The second look: what is judged again, and with which context."""

from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Stage, Urgency
from bot.models import SignalRecord
from bot.services.stories import StoryService
from tests.fakes import FakeClock, FakeDiscord
from tests.scripted_refiner import ScriptedRefiner, clear, flag
from tests.services.refining import SAID, UNSURE, refined
from tests.services.road import Road
from tests.services.support import CHANNEL, NOW, OTHER_CHANNEL, key, message_id

SURE: dict[str, Any] = {"intent": "other", "confidence": 0.95, "content": "lunch time"}


@pytest.fixture
def refiner() -> ScriptedRefiner:
    return ScriptedRefiner()


@pytest.fixture
def road(database: Database, clock: FakeClock, discord: FakeDiscord, refiner: ScriptedRefiner) -> Road:
    return Road(database, clock, discord, refiner)


async def through(road: Road, number: int, **values: Any) -> SignalRecord:
    """Observe the message, then have what goes on decided about and carried out."""
    await road.observe(number, **values)
    onward = await road.bus.take(Stage.PLAN, 9, 0)
    if onward:
        await road.plan(onward)
    return await road.row(number)


async def observer_of(database: Database, number: int) -> dict[str, Any]:
    story = await StoryService(database).story(key(number))
    assert story is not None
    found: dict[str, Any] = story["observer"]
    return found


class TestJudging:
    async def test_what_was_uncertain_and_asks_is_answered(
        self, road: Road, discord: FakeDiscord, database: Database
    ) -> None:
        record = await through(road, 0, **UNSURE)
        assert (record.status, record.intent, record.confidence) == ("responded", "help_request", 0.93)
        assert [post.reference_id for post in discord.posts] == [message_id(0)]
        assert await observer_of(database, 0) == {
            "intent": "help_request",
            "confidence": 0.93,
            "rationale": "asks, after what was said",
            "judge": "encoder",
            "light": {"intent": "other", "confidence": 0.6},
        }
        assert refined(road) == {"flagged": 1}

    async def test_what_was_flagged_and_asks_nothing_is_not_answered(
        self, road: Road, refiner: ScriptedRefiner, discord: FakeDiscord, database: Database
    ) -> None:
        refiner.answer = clear
        record = await through(road, 0)
        assert (record.stage, record.status, record.plan) == ("done", "skipped", "noop")
        assert (record.reason, record.finished_at) == ("nothing asked", NOW)
        assert discord.posts == []
        assert await observer_of(database, 0) == {
            "intent": "other",
            "confidence": 0.97,
            "rationale": "only quotes what was asked",
            "judge": "encoder",
            "light": {"intent": "help_request", "confidence": 0.9},
        }
        assert refined(road) == {"cleared": 1}

    async def test_the_new_judgement_is_stored_and_handed_on_as_a_whole(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        whole = Judgement(
            Purpose.SUPPORT,
            Sentiment.NEGATIVE,
            -0.4,
            Urgency.HIGH,
            0.2,
            Intent.PROBLEM_REPORT,
            0.8,
            "x",
            "en",
        )
        refiner.answer = lambda _: whole
        record = await road.observe(0, **UNSURE)
        stored = (
            record.purpose, record.sentiment, record.sentiment_score, record.urgency, record.toxicity,
            record.intent, record.confidence, record.rationale, record.language,
        )  # fmt: skip
        assert stored == whole[:9]
        [onward] = await road.bus.take(Stage.PLAN, 9, 0)
        tags, observer = onward.nano_tags, onward.observer
        told = (
            tags.purpose, tags.sentiment, tags.sentiment_score, tags.urgency, tags.toxicity,
            observer.intent, observer.confidence, observer.rationale, onward.language,
        )  # fmt: skip
        assert told == whole[:9]

    async def test_where_both_agree_the_story_tells_one_opinion(
        self, road: Road, refiner: ScriptedRefiner, database: Database
    ) -> None:
        refiner.answer = lambda request: request.light
        await road.observe(0)
        told = await observer_of(database, 0)
        assert (told["judge"], told["light"]) == ("encoder", None)
        assert refined(road) == {"confirmed": 1}

    async def test_what_the_light_judge_is_sure_of_is_not_judged_again(
        self, road: Road, refiner: ScriptedRefiner, discord: FakeDiscord, database: Database
    ) -> None:
        await road.answer(0)
        thanks = {"content": "Thanks, that fixed it!", "sentiment": "pos", "confidence": 0.95}
        record = await road.observe(1, reply_to_id=discord.posts[0].id, intent="other", **thanks)
        assert refiner.asked == []
        assert record.reason == "thanked or solved"
        assert (await observer_of(database, 1))["judge"] == "light"

    async def test_possible_attacks_are_judged_again(self, road: Road, refiner: ScriptedRefiner) -> None:
        refiner.answer = lambda request: request.light._replace(toxicity=0.05)
        assert (await road.observe(0, **SURE, toxicity=0.6)).toxicity == 0.05

    async def test_a_follow_up_is_one_by_the_new_judgement(
        self, road: Road, refiner: ScriptedRefiner, discord: FakeDiscord
    ) -> None:
        await road.answer(0, rationale="asks how to start it")
        reply: dict[str, Any] = {"reply_to_id": discord.posts[0].id, "content": "the blue one, version 3"}
        refiner.answer = clear
        told = await road.observe(1, **reply)  # by the light judge it would ask on
        assert (told.stage, told.reason) == ("done", "replied to the bot, asked nothing more")
        refiner.answer = flag
        asked = await road.observe(2, **reply, intent="other", confidence=0.6)
        assert (asked.stage, asked.intent, asked.judge) == ("plan", "help_request", "encoder")

    async def test_a_foreign_text_is_trusted_no_more_than_before(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        refiner.answer = lambda request: flag(request)._replace(language="tr")
        assert (await road.observe(0, **UNSURE)).confidence == 0.465

    async def test_what_both_say_of_a_foreign_text_is_not_discounted_twice(
        self, road: Road, refiner: ScriptedRefiner, database: Database
    ) -> None:
        refiner.answer = lambda request: request.light
        assert (await road.observe(0, language="tr", confidence=0.45)).confidence == 0.45
        assert refiner.asked[0].light.confidence == 0.9
        assert (await observer_of(database, 0))["light"] is None

    async def test_a_rationale_fits_into_its_column(self, road: Road, refiner: ScriptedRefiner) -> None:
        refiner.answer = lambda request: flag(request)._replace(rationale="so " * 15 + "x" * 400)
        assert (await road.observe(0, **UNSURE)).rationale == ("so " * 15 + "x" * 400)[:300]

    async def test_what_goes_on_is_counted_as_flagged_once(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        signals = [await road.hear(0, stage=Stage.OBSERVE), await road.hear(1, stage=Stage.OBSERVE, **UNSURE)]
        refiner.answer = lambda request: flag(request) if "same" in request.text else clear(request)
        await road.observer.observe(signals)
        await road.observer.observe(signals)
        assert b'observer_flagged_total{intent="help_request"} 1.0' in road.metrics.render()


class TestContext:
    async def test_it_is_what_was_said_before_in_the_same_place(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        for number, name in enumerate(("Eve", "Dan", "Cid", "Bob")):
            await road.hear(number, author_name=name, content=f"line  {number}\nand more", **SAID)
        await road.hear(4, place_id=OTHER_CHANNEL, content="elsewhere", **SAID)
        await road.hear(6, content="later", **SAID)
        await road.observe(5, **UNSURE)
        [request] = refiner.asked
        assert request.context == ("Dan: line 1 and more", "Cid: line 2 and more", "Bob: line 3 and more")
        assert (request.text, request.author) == (UNSURE["content"], "Ada")
        assert (request.light.intent, request.light.confidence) == (Intent.OTHER, 0.6)

    async def test_what_was_deleted_or_holds_no_text_is_left_out(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        await road.hear(0, content="my address is 5 Elm Street", **SAID)
        await road.hear(1, content="   ", **SAID)
        await road.hear(2, content="it crashes", **SAID)
        await road.forget(0)
        await road.observe(3, **UNSURE)
        assert refiner.asked[0].context == ("Ada: it crashes",)

    async def test_a_thread_begins_with_its_title_and_the_message_it_was_started_from(
        self, road: Road, refiner: ScriptedRefiner
    ) -> None:
        road.refinement.title_of = {message_id(1): "No sound, token xoxb-0000000000-aaaaaaaaaaaa"}.get  # type: ignore[assignment]
        await road.hear(0, content="beside", **SAID)
        await road.hear(1, content="no sound after the update", **SAID)
        in_thread = {"channel_id": CHANNEL, "thread_id": message_id(1), "place_id": message_id(1)}
        for number in range(2, 5):
            await road.observe(number, **UNSURE | in_thread, author_name="Bob")
        title, *rest = refiner.asked[0].context
        assert title.startswith("No sound")
        assert "xoxb" not in title
        assert rest == ["Ada: no sound after the update"]
        assert len(refiner.asked[1].context) == 3
        assert refiner.asked[2].context[0] == "Ada: no sound after the update"

    async def test_a_channel_has_no_title(self, road: Road, refiner: ScriptedRefiner) -> None:
        road.refinement.title_of = lambda _: "general"
        await road.observe(0, **UNSURE)
        assert refiner.asked[0].context == ()

    async def test_each_line_is_bounded(self, road: Road, refiner: ScriptedRefiner) -> None:
        await road.hear(0, content="x" * 4_000, **SAID)
        await road.observe(1, **UNSURE)
        assert refiner.asked[0].context == (f"Ada: {'x' * 300}",)
