"""The observer: signals in, rows and signals out."""

import asyncio
from typing import Any

import pytest

from bot.domain.signal import Intent, Observation, Signal, Stage
from bot.services.statistics.counting import CountingService
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import REPORT, Road
from tests.services.support import (
    NOW,
    OTHER_MEMBER,
    eventually,
    key,
    message_id,
    running,
    signal,
)


async def idle(road: Road) -> bool:
    return not road.observer.busy


class TestObserver:
    async def test_what_asks_is_handed_on(self, road: Road) -> None:
        row = await road.observe(0)
        assert (row.stage, row.status, row.observed_at) == ("plan", "pending", NOW)
        [onward] = await road.bus.take(Stage.PLAN, 9, 0)
        assert (onward.id, onward.stage, onward.observed_at) == (key(0), Stage.PLAN, NOW)

    async def test_what_asks_nothing_ends_here(self, road: Road) -> None:
        row = await road.observe(0, intent="other")
        assert (row.stage, row.status, row.plan, row.reason) == ("done", "skipped", "noop", "nothing asked")
        assert row.finished_at == NOW
        assert road.bus.depth(Stage.PLAN) == 0

    async def test_what_is_judged_anew_is_counted_anew(self, road: Road) -> None:
        """What the light judge flagged has been counted as a question; it ends as none."""
        counting = CountingService(road.database, road.clock, road.guilds, messages_days=30)
        await road.observe(0)
        await counting.count_all()
        async with road.database.transaction() as tx:
            await tx.queue.advance([key(0)], Stage.PLAN, {"stage": Stage.OBSERVE.value})
        await road.observer.observe([signal(0, observer=Observation(Intent.OTHER, 0.9, ""))])
        await counting.count_all()
        async with road.database.reading() as tx:
            [counted] = (await tx.statistics.counted([message_id(0)])).values()
        assert not counted.asks

    async def test_the_member_who_asks_on_still_asks_what_they_asked(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.answer(0, rationale="asks how to start it")
        again = {"intent": "other", "content": "and still nothing"}
        row = await road.observe(1, reply_to_id=discord.posts[0].id, **again)
        assert (row.stage, row.intent, row.confidence) == ("plan", "help_request", 0.9)
        assert row.rationale == "follows up on: asks how to start it"
        [onward] = await road.bus.take(Stage.PLAN, 9, 0)
        assert onward.observer == Observation(Intent.HELP_REQUEST, 0.9, row.rationale)

    async def test_who_thanks_the_bot_asks_nothing_more(self, road: Road, discord: FakeDiscord) -> None:
        await road.answer(0)
        thanks: dict[str, Any] = {"intent": "other", "content": "Thanks, that fixed it!", "sentiment": "pos"}
        row = await road.observe(1, reply_to_id=discord.posts[0].id, **thanks)
        assert (row.stage, row.status, row.plan, row.intent) == ("done", "skipped", "noop", "other")
        assert row.reason == "thanked or solved"
        assert road.bus.depth(Stage.PLAN) == 0

    async def test_who_gives_the_details_asked_for_reports_nothing_new(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.answer(0)
        details = "Windows 11, version 3.2, steps: open the app, click start, it shows error 0x80"
        row = await road.observe(1, reply_to_id=discord.posts[0].id, content=details, **REPORT)
        assert (row.stage, row.intent) == ("done", "other")
        assert row.reason == "replied to the bot, asked nothing more"
        assert road.bus.depth(Stage.PLAN) == 0

    async def test_a_report_in_reply_to_the_bot_that_asks_on_keeps_its_own_intent(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.answer(0)
        row = await road.observe(1, reply_to_id=discord.posts[0].id, content="it still fails", **REPORT)
        assert (row.stage, row.intent, row.rationale) == ("plan", "problem_report", "asks how")

    async def test_an_attack_on_the_bot_is_not_taken_for_thanks(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.answer(0)
        row = await road.observe(
            1, reply_to_id=discord.posts[0].id, intent="other", content="thanks, idiot", toxicity=0.85
        )
        assert (row.stage, row.intent) == ("plan", "help_request")

    async def test_another_member_who_answers_the_bot_asks_nothing(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.answer(0)
        row = await road.observe(1, intent="other", author_id=OTHER_MEMBER, reply_to_id=discord.posts[0].id)
        assert row.reason == "nothing asked"

    async def test_a_reply_to_a_member_is_no_follow_up(self, road: Road) -> None:
        await road.answer(0)
        assert (await road.observe(1, intent="other", reply_to_id=message_id(0))).reason == "nothing asked"

    async def test_what_was_deleted_meanwhile_is_not_handed_on(self, road: Road) -> None:
        signal = await road.hear(0, stage=Stage.OBSERVE)
        await road.forget(0)
        await road.observer.observe([signal])
        assert (await road.row(0)).reason == "message deleted"
        assert road.bus.depth(Stage.PLAN) == 0

    async def test_what_is_met_twice_is_timed_once(self, road: Road) -> None:
        signals = [
            await road.hear(0, stage=Stage.OBSERVE),
            await road.hear(1, stage=Stage.OBSERVE, intent="other"),
        ]
        await road.observer.observe(signals)
        await road.observer.observe(signals)
        assert b"ingest_to_observe_seconds_count 2.0" in road.metrics.render()

    async def test_two_observers_hand_a_signal_on_once(self, road: Road) -> None:
        signal = await road.hear(0, stage=Stage.OBSERVE)
        second = road.anew()
        await asyncio.gather(road.observer.observe([signal]), second.observer.observe([signal]))
        assert road.bus.depth(Stage.PLAN) + second.bus.depth(Stage.PLAN) == 1

    async def test_what_the_bus_lost_is_found_in_the_database(self, road: Road) -> None:
        await road.hear(0, stage=Stage.OBSERVE)

        async def observed() -> bool:
            return (await road.row(0)).stage == "plan"

        async with running(road.observer.run):
            await eventually(observed)
        assert not road.observer.busy

    async def test_what_the_bus_lost_is_found_while_messages_keep_coming(
        self, road: Road, clock: FakeClock
    ) -> None:
        lost = 0
        async with running(road.observer.run):
            await eventually(lambda: idle(road))
            await road.hear(lost, stage=Stage.OBSERVE)
            for number in range(1, 50):
                road.bus.publish(Stage.OBSERVE, [await road.hear(number, stage=Stage.OBSERVE)])
                clock.advance(0.5)
                await asyncio.sleep(0.01)  # far below the second after which the bus gives up waiting
                if (await road.row(lost)).stage == "plan":
                    return
        pytest.fail("it was left lying")

    async def test_one_bad_signal_does_not_hold_up_the_others(
        self, road: Road, logged: Logged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signals = [await road.hear(number, stage=Stage.OBSERVE) for number in range(3)]
        observe = road.observer.observe

        async def fail_on_one(batch: list[Signal]) -> None:
            if any(each.id == key(1) for each in batch):
                raise RuntimeError("can't look at this")
            await observe(batch)

        monkeypatch.setattr(road.observer, "observe", fail_on_one)
        road.bus.publish(Stage.OBSERVE, signals)

        async def all_gone() -> bool:
            return [(await road.row(number)).stage for number in range(3)] == ["plan"] * 3

        async with running(road.observer.run):
            await eventually(all_gone)
        assert (await road.row(1)).observed_at is None
        assert logged.of("ERROR", f"Could not observe {key(1)}")
