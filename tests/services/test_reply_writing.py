"""Replies by a language model: decided once, gated, in time, and the template where there is none."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.signal import Stage
from bot.llm.errors import ProviderUnavailable
from bot.models import Action, AutoReply
from bot.services.guilds import ChannelSeen
from bot.services.stories import StoryService
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.llm.golden_prompts import CANARY
from tests.services.refining import SAID
from tests.services.road import URGENT, Road, crash
from tests.services.support import CHANNEL, GUILD, STAFF_CHANNEL, eventually, key, message_id, running
from tests.services.writing_bench import user_of, writer_over
from tests.unit.llm.chain_support import HANG, Bench, ScriptedProvider, Step

WRITTEN = "Press the green button twice."
TEMPLATE = "Hi Ada. What did you try?"
SLOW = Step(WRITTEN, after=20)


@pytest.fixture
def model(bench: Bench) -> ScriptedProvider:
    return bench.provider("ollama", Step(WRITTEN))


@pytest.fixture
def road(
    database: Database, clock: FakeClock, discord: FakeDiscord, bench: Bench, model: ScriptedProvider
) -> Road:
    return Road(database, clock, discord, writer=writer_over(bench, model), llm_seconds=30)


async def actions(road: Road, number: int = 0) -> list[Action]:
    async with road.database.reading() as tx:
        return list(await tx.actions.list_for(key(number)))


async def being_written(road: Road, model: ScriptedProvider, number: int = 0, **values: Any) -> None:
    """Decide about the message, and return while the model still writes."""
    signal = await road.hear(number, **values)
    road.clock.advance(1)  # it is decided about a moment after it came
    await road.orchestrator.plan([signal])

    async def asked() -> bool:
        return bool(model.running)

    await eventually(asked)


class TestWriting:
    async def test_the_models_words_are_posted_and_the_story_names_it(
        self, road: Road, discord: FakeDiscord, database: Database
    ) -> None:
        row = await road.answer(0)
        assert (row.status, row.plan) == ("responded", "reply")
        [post] = discord.posts
        assert (post.content, post.reference_id) == (WRITTEN, message_id(0))
        story = await StoryService(database).story(key(0))
        assert story is not None
        assert story["actions"][0]["written_by"] == "ollama/llama3.2:3b"

    async def test_the_model_is_told_the_question_the_tip_and_what_was_said(
        self, road: Road, model: ScriptedProvider
    ) -> None:
        await road.hear(0, author_name="Bo", **SAID | {"content": "hello all of you"})
        channel = ChannelSeen(CHANNEL, None, "general")
        await road.guilds.set_tip(GUILD, channel, "See the guide in <#42>.")
        await road.answer(1, content="how do I start the engine?")
        told = user_of(model.asked[0][1])
        for part in ("how do I start the engine?", "See the guide in <#42>.", "Bo: hello all of you"):
            assert f"> {part}" in told

    async def test_a_mention_in_it_pings_nobody(
        self, road: Road, model: ScriptedProvider, discord: FakeDiscord
    ) -> None:
        model.then(Step("Ask @everyone, <@&1400000000000000900> or <@1400000000000000900>."))
        await road.answer(0)
        assert "@everyone" not in discord.posts[0].content
        assert "<@" not in discord.posts[0].content

    async def test_escalations_stay_templates(
        self, road: Road, model: ScriptedProvider, discord: FakeDiscord
    ) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        await road.answer(0, **URGENT)
        assert discord.texts("reply") == ["I have told the team, Ada."]
        assert model.asked == []
        assert [each.written_by for each in await actions(road)] == [None, None]

    async def test_without_a_model_the_template_is_posted_and_nobody_named(
        self, database: Database, clock: FakeClock, discord: FakeDiscord, bench: Bench
    ) -> None:
        road = Road(database, clock, discord, writer=writer_over(bench))
        signal = await road.hear(0)
        await road.orchestrator.plan([signal])
        assert await actions(road) != []  # with the plan itself, as ever
        await road.at_rest()
        assert [post.content for post in discord.posts] == [TEMPLATE]
        assert [each.written_by for each in await actions(road)] == [None]
        assert bench.log.calls == []


class TestFallingBack:
    @pytest.mark.parametrize(
        ("step", "why"),
        [
            pytest.param(
                Step(f"It is {CANARY}"),
                "template: ollama/llama3.2:3b: its answer was refused by the output gate: fence",
                id="refused by the gate",
            ),
            pytest.param(
                Step(error=ProviderUnavailable("start it")),
                "template: ollama/llama3.2:3b: start it",
                id="down",
            ),
        ],
    )
    async def test_the_template_is_posted_and_the_audit_says_why(
        self, road: Road, model: ScriptedProvider, discord: FakeDiscord, step: Step, why: str
    ) -> None:
        model.then(step)
        assert (await road.answer(0)).status == "responded"
        assert [post.content for post in discord.posts] == [TEMPLATE]
        assert [each.written_by for each in await actions(road)] == [why]

    async def test_a_model_that_hangs_is_given_up_within_the_deadline(
        self, road: Road, model: ScriptedProvider, bench: Bench, discord: FakeDiscord
    ) -> None:
        model.then(Step(after=HANG))
        await being_written(road, model)
        await bench.clock.advance(30)
        await road.at_rest()
        assert [post.content for post in discord.posts] == [TEMPLATE]

    async def test_a_bug_is_logged_and_the_template_posted(
        self, road: Road, discord: FakeDiscord, logged: Logged
    ) -> None:
        assert road.writer is not None
        road.writer._prompts = None  # type: ignore[assignment]
        assert (await road.answer(0)).status == "responded"
        assert [post.content for post in discord.posts] == [TEMPLATE]
        assert logged.of("ERROR", "No model could be asked")


class TestMeanwhile:
    async def test_the_database_is_free_and_no_action_stands_yet(
        self, road: Road, model: ScriptedProvider, bench: Bench, discord: FakeDiscord
    ) -> None:
        model.then(SLOW)
        await being_written(road, model)
        async with asyncio.timeout(5):
            await road.hear(1, **SAID)
        assert ((await road.row(0)).stage, await actions(road)) == ("act", [])
        assert road.orchestrator.busy
        await bench.clock.advance(20)
        await road.at_rest()
        assert [post.content for post in discord.posts] == [WRITTEN]

    async def test_staff_are_told_at_once_in_the_same_place(
        self, road: Road, model: ScriptedProvider, bench: Bench, discord: FakeDiscord
    ) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        model.then(SLOW)
        await being_written(road, model)
        await road.orchestrator.plan([await road.hear(1, author_id=7, **URGENT)])

        async def told() -> bool:
            return len(discord.texts("escalate")) == 1

        await eventually(told)
        assert WRITTEN not in discord.texts("reply")
        await bench.clock.advance(20)
        await road.at_rest()
        assert WRITTEN in discord.texts("reply")

    async def test_it_is_not_taken_up_again_while_it_is_written(
        self, road: Road, model: ScriptedProvider, bench: Bench, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        model.then(SLOW)
        await being_written(road, model)
        clock.advance(61)  # the lease is over
        await road.orchestrator._sweep(Stage.ACT)
        await bench.clock.advance(20)
        await road.at_rest()
        assert (len(model.asked), len(discord.posts)) == (1, 1)

    async def test_what_comes_too_late_is_not_posted_and_gives_the_turn_back(
        self,
        database: Database,
        clock: FakeClock,
        discord: FakeDiscord,
        bench: Bench,
        model: ScriptedProvider,
    ) -> None:
        turns = {"channel_throttle_seconds": 3_600, "user_cooldown_seconds": 3_600}
        writer = writer_over(bench, model)
        road = Road(database, clock, discord, writer=writer, llm_seconds=30, orchestrator=turns)
        model.then(SLOW)
        await being_written(road, model)
        clock.advance(15 * 60 + 1)
        await bench.clock.advance(20)
        await road.at_rest()
        row = await road.row(0)
        assert (row.stage, row.status, row.reason) == ("done", "skipped", "too old to answer")
        assert (discord.posts, await actions(road)) == ([], [])
        model.then(Step(WRITTEN))
        assert (await road.answer(1)).status == "responded"

    async def test_what_is_gone_from_discord_gives_the_turn_back(
        self,
        database: Database,
        clock: FakeClock,
        discord: FakeDiscord,
        bench: Bench,
        model: ScriptedProvider,
    ) -> None:
        turns = {"channel_throttle_seconds": 3_600, "user_cooldown_seconds": 3_600}
        writer = writer_over(bench, model)
        road = Road(database, clock, discord, writer=writer, llm_seconds=30, orchestrator=turns)
        model.then(SLOW)
        await being_written(road, model)
        discord.gone.add(message_id(0))
        clock.advance(20)
        await bench.clock.advance(20)
        await road.at_rest()
        assert (await road.row(0)).reason == "the message to answer is gone"
        model.then(Step(WRITTEN))
        assert (await road.answer(1)).status == "responded"

    async def test_what_is_deleted_is_not_answered(
        self, road: Road, model: ScriptedProvider, bench: Bench, discord: FakeDiscord
    ) -> None:
        model.then(SLOW)
        await being_written(road, model)
        await road.forget(0)
        await bench.clock.advance(20)
        await road.at_rest()
        row = await road.row(0)
        assert (row.stage, row.status, row.reason) == ("done", "skipped", "message deleted")
        assert discord.posts == []

    @pytest.mark.parametrize("mode", [AutoReply.OFF, AutoReply.SUGGEST], ids=["off", "no channel to ask in"])
    async def test_what_is_switched_off_meanwhile_is_not_said(
        self, road: Road, model: ScriptedProvider, bench: Bench, discord: FakeDiscord, mode: AutoReply
    ) -> None:
        """Least of all where staff were to be asked first, and their channel was deleted."""
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        if mode is AutoReply.SUGGEST:
            await road.guilds.set_auto_reply(GUILD, mode)
        model.then(SLOW)
        await being_written(road, model)
        if mode is AutoReply.SUGGEST:
            await road.guilds.lose_staff_channel(GUILD, "staff_channel_id")
        else:
            await road.guilds.set_auto_reply(GUILD, mode)
        await bench.clock.advance(20)
        await road.at_rest()
        row = await road.row(0)
        assert (row.stage, row.status, row.reason) == ("done", "skipped", "auto-replies are off here")
        assert (discord.posts, await actions(road)) == ([], [])

    async def test_what_staff_are_to_be_asked_about_meanwhile_goes_to_them(
        self, road: Road, model: ScriptedProvider, bench: Bench, discord: FakeDiscord
    ) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        model.then(SLOW)
        await being_written(road, model)
        await road.guilds.set_auto_reply(GUILD, AutoReply.SUGGEST)
        await bench.clock.advance(20)
        await road.at_rest()
        assert [post.channel_id for post in discord.posts] == [STAFF_CHANNEL]

    async def test_what_is_edited_gets_the_template(
        self, road: Road, model: ScriptedProvider, bench: Bench, discord: FakeDiscord
    ) -> None:
        model.then(SLOW)
        await being_written(road, model)
        await road.edit(0, "how do I stop it?")
        await bench.clock.advance(20)
        await road.at_rest()
        assert [post.content for post in discord.posts] == [TEMPLATE]

    async def test_planning_waits_when_too_much_is_being_written(
        self, road: Road, model: ScriptedProvider, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.services.acting.MOST", 1)
        model.then(SLOW)
        await being_written(road, model)
        waiting = asyncio.create_task(road.orchestrator._acting.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        await bench.clock.advance(20)
        await waiting
        await road.at_rest()


class TestResuming:
    async def test_who_dies_while_it_is_written_has_it_written_again_and_posted_once(
        self, road: Road, model: ScriptedProvider, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        model.then(Step(after=HANG))
        await being_written(road, model)
        await road.orchestrator._acting.cancel()
        assert ((await road.row(0)).stage, await actions(road)) == ("act", [])
        model.then(Step(WRITTEN))
        await self.resumed(road.anew(), clock, seconds=61)
        assert [post.content for post in discord.posts] == [WRITTEN]

    async def test_what_was_decided_is_not_written_again(
        self, road: Road, model: ScriptedProvider, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        discord.before_send = crash
        await road.plan([await road.hear(0)])
        discord.before_send = _nothing
        model.then(Step("Something else."))
        await self.resumed(road.anew(), clock, seconds=61)
        assert [post.content for post in discord.posts] == [WRITTEN]
        assert len(model.asked) == 1

    async def test_without_the_model_the_template_is_posted(
        self, road: Road, model: ScriptedProvider, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        model.then(Step(after=HANG))
        await being_written(road, model)
        await road.orchestrator._acting.cancel()
        await self.resumed(Road(road.database, clock, discord), clock, seconds=61)
        assert [post.content for post in discord.posts] == [TEMPLATE]

    async def test_after_too_long_nothing_is_asked_or_posted(
        self, road: Road, model: ScriptedProvider, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        model.then(Step(after=HANG))
        await being_written(road, model)
        await road.orchestrator._acting.cancel()
        await self.resumed(road.anew(), clock, seconds=timedelta(hours=1).total_seconds())
        assert (len(model.asked), discord.posts) == (1, [])
        assert (await road.row(0)).reason == "too old to answer"

    async def test_a_database_that_is_away_delays_it(
        self, road: Road, clock: FakeClock, discord: FakeDiscord, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        composer = road.orchestrator._composer
        write = composer.write

        async def fail(*_: Any) -> Any:
            raise ConnectionError

        monkeypatch.setattr(composer, "write", fail)
        await road.plan([await road.hear(0)])
        assert ((await road.row(0)).stage, discord.posts) == ("act", [])
        monkeypatch.setattr(composer, "write", write)
        await self.resumed(road, clock, seconds=61)
        assert [post.content for post in discord.posts] == [WRITTEN]

    async def resumed(self, road: Road, clock: FakeClock, seconds: float) -> None:
        """Let so much time pass that the lease is over, and have the work taken up."""
        clock.advance(seconds)

        async def done() -> bool:
            return (await road.row(0)).stage == "done"

        async with running(road.orchestrator.run):
            await eventually(done)


_nothing: Callable[[Action], None] = lambda _action: None  # noqa: E731
